package verify

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"syscall"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/acmsync/acmsync/internal/record"
)

const (
	// maxBody is what a CA reads of a response at most; a longer one is
	// refused, so one byte more tells the two apart.
	maxBody = 128
	// maxResponseHeader keeps a hostile server from feeding us megabytes.
	maxResponseHeader = 64 << 10
	// maxRead is what is read from one connection at most, whatever it is: a
	// handshake, informational answers, or compressed bytes that never turn
	// into any content.
	maxRead = 256 << 10
)

// fetcher makes one request to one address, whatever the URL's host resolves
// to elsewhere.
type fetcher struct {
	addr   netip.Addr
	port   int
	dialer dialer
}

// answer is what is read of a response.
type answer struct {
	status           int
	location         string
	server, via, ray string
	layer            string
	contentType      string
	body             []byte // at most maxBody+1 bytes
}

// redirects holds for what HTTP clients follow; which of these a CA follows is
// ports.follow's business.
func (a answer) redirects() bool {
	switch a.status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return a.location != ""
	}
	return false
}

// The two steps before a request is sent, so that blame can tell them apart.
type (
	dialError      struct{ error }
	handshakeError struct{ error }
)

func (e dialError) Unwrap() error      { return e.error }
func (e handshakeError) Unwrap() error { return e.error }

func connectionFailed(err error) bool {
	var dial dialError
	return errors.As(err, &dial)
}

func (f fetcher) get(ctx context.Context, at *url.URL) (answer, error) {
	request, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("User-Agent", "acmsync (+https://github.com/acmsync/acmsync; checking before a CA does)")
	request.Header.Set("Accept", "*/*")
	var location string
	response, err := f.client(&location).Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	// A CA refuses a body that breaks off, but the next one may be whole. Any
	// other status than 200 is refused whatever the body is.
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if ctx.Err() != nil {
		return answer{}, ctx.Err()
	}
	if response.StatusCode == http.StatusOK && broken(err) {
		return answer{}, err
	}
	header := response.Header
	return answer{
		status:      response.StatusCode,
		location:    location,
		server:      record.Clean(header.Get("Server"), maxHeader),
		via:         record.Clean(header.Get("Via"), maxHeader),
		ray:         record.Clean(header.Get("CF-RAY"), maxHeader),
		layer:       layerOf(header),
		contentType: header.Get("Content-Type"),
		body:        body,
	}, nil
}

// client is for one request: it goes to f.addr only, through no proxy, and
// leaves no connection behind. It follows no redirect but reports the Location.
// The one repetition it allows is for a connection that broke before an answer, as
// happens when an edge restarts; a CA would have asked from elsewhere, too. As
// with CAs (Boulder, va/http.go: httpTransport) an answer may be compressed.
func (f fetcher) client(location *string) *retryablehttp.Client {
	transport := &http.Transport{
		Proxy:                  nil,
		DialContext:            func(ctx context.Context, _, _ string) (net.Conn, error) { return f.dial(ctx) },
		DialTLSContext:         f.dialTLS,
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: maxResponseHeader,
	}
	return &retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: unfollowed{transport, location}},
		RetryMax:     1,
		RetryWaitMin: pause,
		RetryWaitMax: pause,
		Backoff:      retryablehttp.DefaultBackoff,
		CheckRetry:   brokenOff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

// unfollowed takes the Location out of responses. http.Client would fail on one
// that is not a URL, and then nobody could say what the redirect was.
type unfollowed struct {
	transport http.RoundTripper
	location  *string
}

func (u unfollowed) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := u.transport.RoundTrip(request)
	if err == nil {
		*u.location = response.Header.Get("Location")
		response.Header.Del("Location")
	}
	return response, err
}

// brokenOff is the retry policy: never for an answer of any status, a failed
// dial or handshake, or a time-out.
func brokenOff(ctx context.Context, _ *http.Response, err error) (bool, error) {
	var handshake handshakeError
	if err == nil || ctx.Err() != nil || connectionFailed(err) || errors.As(err, &handshake) {
		return false, nil
	}
	return broken(err), nil
}

func broken(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func (f fetcher) dial(ctx context.Context) (net.Conn, error) {
	conn, err := f.dialer.dial(ctx, "tcp", net.JoinHostPort(f.addr.String(), strconv.Itoa(f.port)))
	if err != nil {
		return nil, dialError{err}
	}
	return &rationed{Conn: conn, left: maxRead}, nil
}

// rationed is a connection that ends after so many bytes.
type rationed struct {
	net.Conn
	left int
}

// errTooMuch is no kind of EOF, because asking again would get the same.
var errTooMuch = errors.New("the server sends more than a CA would read")

func (r *rationed) Read(b []byte) (int, error) {
	if r.left <= 0 {
		return 0, errTooMuch
	}
	n, err := r.Conn.Read(b[:min(len(b), r.left)])
	r.left -= n
	return n, err
}

// dialTLS accepts any certificate: RFC 8555, section 8.3, has the CA follow
// redirects to https, and CAs do not verify what they find there.
func (f fetcher) dialTLS(ctx context.Context, _, hostport string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, dialError{err}
	}
	raw, err := f.dial(ctx)
	if err != nil {
		return nil, err
	}
	conn := tls.Client(raw, &tls.Config{ServerName: host, InsecureSkipVerify: true})
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, handshakeError{err}
	}
	return conn, nil
}

// blame says how a request failed in words of our own: an error's text may
// quote what the server sent.
func blame(err error) (record.ProbeResult, string) {
	var forbidden *ForbiddenError
	var handshake handshakeError
	switch {
	case errors.As(err, &forbidden):
		return record.ProbeForbidden, "is not a public address"
	case errors.Is(err, errTooMuch):
		return record.ProbeRefused, "sends more than a CA would read"
	case timedOut(err):
		return record.ProbeTimeout, "does not answer in time"
	case errors.As(err, &handshake):
		return record.ProbeTLS, "fails the TLS handshake: " + handshakeWords(handshake.error)
	case errors.Is(err, syscall.ECONNREFUSED):
		return record.ProbeRefused, "refuses the connection"
	case broken(err):
		return record.ProbeRefused, "closes the connection without an answer"
	case ours(err):
		return record.ProbeNotAsked, "cannot be reached from here"
	case connectionFailed(err):
		return record.ProbeRefused, "cannot be connected to"
	}
	return record.ProbeRefused, "answers something that is not HTTP"
}

func timedOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, syscall.ETIMEDOUT)
}

// ours are failures of this machine: no route (often: no IPv6 here), no
// permission, no sockets left.
func ours(err error) bool {
	for _, errno := range []syscall.Errno{
		syscall.ENETUNREACH, syscall.EADDRNOTAVAIL, syscall.EACCES, syscall.EPERM,
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.EAFNOSUPPORT,
	} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// handshakeWords names an alert, which is a code of a fixed list; other errors
// may quote the server.
func handshakeWords(err error) string {
	var alert tls.AlertError
	var header tls.RecordHeaderError
	switch {
	case errors.As(err, &alert):
		return alert.Error()
	case errors.As(err, &header):
		return "the port does not speak TLS"
	case broken(err):
		return "the connection is closed"
	}
	return "no agreement"
}
