package gitrepo

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
)

// dialTimeout bounds reaching a server, handshakeTimeout agreeing on keys, and
// headerTimeout thinking about an answer.
const (
	dialTimeout      = 15 * time.Second
	handshakeTimeout = 15 * time.Second
	headerTimeout    = time.Minute
	idleTimeout      = 90 * time.Second
)

// httpSession is a client that trusts the configured authorities, and the
// credentials as they are on disk now.
func (r *Repo) httpSession() (transport.Transport, transport.AuthMethod, error) {
	auth, err := r.basicAuth()
	if err != nil {
		return nil, nil, err
	}
	roundTripper, err := r.http.trusting(r.config.Auth.CAFile, r.config.MaxBytes)
	if err != nil {
		return nil, nil, r.unreachable("cannot be reached: "+err.Error(), "repository.auth.caFile", err)
	}
	return githttp.NewClient(&http.Client{Transport: roundTripper}), auth, nil
}

// basicAuth is nil when no token is configured. Forges take any user name with
// a token, but not an empty one.
func (r *Repo) basicAuth() (transport.AuthMethod, error) {
	if r.config.Auth.TokenFile == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(r.config.Auth.TokenFile)
	if err != nil {
		return nil, r.authError("cannot be asked without its token: "+err.Error(), "repository.auth.tokenFile", err)
	}
	token := strings.TrimRight(string(raw), "\r\n")
	if token == "" || strings.ContainsFunc(token, unicode.IsControl) {
		return nil, r.authError("cannot be asked: the token file is empty or holds more than one line", "repository.auth.tokenFile", nil)
	}
	user := "git"
	for _, name := range []string{r.config.Auth.Username, r.remote.user} {
		if name != "" {
			user = name
			break
		}
	}
	return &githttp.BasicAuth{Username: user, Password: token}, nil
}

// httpTransport keeps connections open between requests, as long as the file of
// authorities stays the same.
type httpTransport struct {
	mu   sync.Mutex
	base *http.Transport
	pem  []byte
	// left is what the server answered when it asked to be left alone until then.
	left  statusError
	until time.Time
}

func (t *httpTransport) trusting(caFile string, limit int64) (http.RoundTripper, error) {
	var pem []byte
	if caFile != "" {
		var err error
		if pem, err = os.ReadFile(caFile); err != nil {
			return nil, err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.base == nil || !bytes.Equal(pem, t.pem) {
		base, err := newTransport(pem)
		if err != nil {
			return nil, err
		}
		if t.base != nil {
			t.base.CloseIdleConnections()
		}
		t.base, t.pem = base, pem
	}
	return &statusTripper{transport: t, next: t.base, limit: limit}, nil
}

func (t *httpTransport) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.base != nil {
		t.base.CloseIdleConnections()
	}
}

func newTransport(pem []byte) (*http.Transport, error) {
	base := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSHandshakeTimeout:   handshakeTimeout,
		ResponseHeaderTimeout: headerTimeout,
		IdleConnTimeout:       idleTimeout,
		ForceAttemptHTTP2:     true,
	}
	if pem == nil {
		return base, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("the file holds no certificate")
	}
	base.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return base, nil
}

// statusTripper turns refusals into errors that keep what the server said of
// when to come back, asks nothing before that, and bounds every body.
type statusTripper struct {
	transport *httpTransport
	next      http.RoundTripper
	limit     int64
}

// RoundTrip sends one request.
func (t *statusTripper) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := t.transport.leftAlone(time.Now()); err != nil {
		return nil, err
	}
	response, err := t.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 400 {
		_, _ = io.CopyN(io.Discard, response.Body, 64<<10)
		_ = response.Body.Close()
		refusal := &statusError{code: response.StatusCode, retryAfter: retryAfter(response.Header)}
		t.transport.leave(*refusal, time.Now())
		return nil, refusal
	}
	limit := t.limit
	if request.Method == http.MethodGet {
		limit = min(limit, maxRefs)
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{&atMost{r: response.Body, left: limit}, response.Body}
	return response, nil
}
