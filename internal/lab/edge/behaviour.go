package edge

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// Behaviour is how an edge treats one host. Fields are looked at in this order;
// the first that is set decides.
type Behaviour struct {
	// Agent is a part of the User-Agent of those requests that alone are
	// treated so, as bot protection does; empty: all. Handshakes have none, so
	// they are never among them.
	Agent string
	// Hang: neither a request nor a handshake is ever answered.
	Hang bool
	// Drip: a request is answered a byte at a time, without end. A handshake is as
	// always.
	Drip bool
	// Reset: a request's connection is reset, a handshake is cut off. (What is
	// refused at once has no listener: point the name at an unused address.)
	Reset bool
	// Redirect is the Location to send clients to. {host}, {path}, {httpPort}
	// and {tlsPort} are filled in; one without {path} drops the path. Over TLS
	// it does not apply, so that a redirect to https ends.
	Redirect string
	// Status is answered to HTTP requests, with Body; for a Redirect it is the
	// redirect's status (0: 301).
	Status int
	Body   string
	// Thumbprint answers challenges for another account.
	Thumbprint string

	// Header is added to whatever is answered.
	Header http.Header
	// NoTLS: handshakes fail with an alert, as if there were no certificate.
	NoTLS bool
	// Certificate is presented instead of what lies in the deploy folder.
	Certificate *tls.Certificate
}

func (e *Edge) answer(w http.ResponseWriter, r *http.Request) {
	host := hostOf(r.Host)
	e.keep(Request{Host: host, Path: r.URL.Path, TLS: r.TLS != nil, At: time.Now()})
	b, o := e.behaviour(host)
	if !strings.Contains(r.UserAgent(), b.Agent) {
		b = Behaviour{}
	}
	for key, values := range b.Header {
		w.Header()[http.CanonicalHeaderKey(key)] = values
	}
	switch {
	case b.Hang:
		e.hang(r)
	case b.Drip:
		e.drip(w, r)
	case b.Reset:
		reset(w)
	case b.Redirect != "" && r.TLS == nil:
		w.Header().Set("Location", e.location(b.Redirect, host, r.URL.Path))
		w.WriteHeader(redirectStatus(b))
	case b.Status != 0:
		w.WriteHeader(b.Status)
		_, _ = w.Write([]byte(b.Body))
	case strings.HasPrefix(r.URL.Path, record.ChallengePath):
		if b.Thumbprint != "" {
			o = Options{Thumbprint: b.Thumbprint}
		}
		answerChallenge(w, r, o)
	default:
		page(w, host)
	}
}

func (e *Edge) keep(r Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.requests = append(e.requests, r)
}

func answerChallenge(w http.ResponseWriter, r *http.Request, o Options) {
	name := strings.TrimPrefix(r.URL.Path, record.ChallengePath)
	switch {
	case !record.ValidToken(name):
		http.NotFound(w, r)
	case o.Backend != "":
		httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: o.Backend}).ServeHTTP(w, r)
	case o.Webroot != "":
		http.ServeFile(w, r, filepath.Join(o.Webroot, filepath.FromSlash(record.ChallengePath), name))
	case o.Thumbprint != "":
		w.Header().Set("Content-Type", "text/plain")
		_, _ = fmt.Fprintf(w, "%s.%s", name, o.Thumbprint)
	default:
		http.NotFound(w, r)
	}
}

// page is what the app behind the edge answers.
func page(w http.ResponseWriter, host string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprintf(w, "<!doctype html>\n<title>%s</title>\n<p>Welcome.\n", escaped(host))
}

// escaped keeps a hostile Host header from breaking out of the page.
func escaped(host string) string {
	return strings.NewReplacer("<", "&lt;", "&", "&amp;").Replace(host)
}

func (e *Edge) location(pattern, host, path string) string {
	return strings.NewReplacer(
		"{host}", host, "{path}", path,
		"{httpPort}", strconv.Itoa(e.httpPort), "{tlsPort}", strconv.Itoa(e.tlsPort),
	).Replace(pattern)
}

func redirectStatus(b Behaviour) int {
	if b.Status != 0 {
		return b.Status
	}
	return http.StatusMovedPermanently
}

// hang holds a request until its client gives up or the edge closes.
func (e *Edge) hang(r *http.Request) {
	select {
	case <-e.closed:
	case <-r.Context().Done():
	}
	panic(http.ErrAbortHandler)
}

// dripping is the pause between two bytes.
const dripping = 100 * time.Millisecond

// drip keeps a client busy until it gives up.
func (e *Edge) drip(w http.ResponseWriter, r *http.Request) {
	flush := http.NewResponseController(w).Flush
	for {
		if _, err := w.Write([]byte("a")); err != nil || flush() != nil {
			return
		}
		select {
		case <-e.closed:
			return
		case <-r.Context().Done():
			return
		case <-time.After(dripping):
		}
	}
}

// reset closes the connection with RST instead of FIN.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2: the stream is reset instead
	}
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func hostOf(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return strings.ToLower(host)
	}
	return strings.ToLower(hostport)
}
