package edge

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options configure an edge. The zero value listens on 127.0.0.1 with ports of
// the system's choice, answers no challenge and serves no certificate.
type Options struct {
	// Addresses are the IP addresses to listen at; none: 127.0.0.1.
	Addresses []string
	// HTTPPort and TLSPort are used at every address; 0: free ones are taken.
	HTTPPort, TLSPort int
	// Thumbprint is the account key's, for stateless answers.
	Thumbprint string
	// Webroot is a folder that holds .well-known/acme-challenge/TOKEN. It goes
	// before Thumbprint.
	Webroot string
	// Backend is the host:port that challenges are passed on to. It goes before
	// Webroot.
	Backend string
	// Dir is the deploy folder, <dir>/<name>/{fullchain,privkey}.pem.
	Dir string
}

// Edge is a running edge. Its methods may be called at any time and from
// anywhere.
type Edge struct {
	httpPort, tlsPort int
	closed            chan struct{}
	servers           []*http.Server
	serving           sync.WaitGroup

	mu         sync.Mutex
	options    Options
	behaviours map[string]Behaviour
	requests   []Request
}

// Request is one HTTP request as the edge got it.
type Request struct {
	Host, Path string
	TLS        bool
	At         time.Time
}

// New starts an edge. It accepts connections when New returns.
func New(o Options) (*Edge, error) {
	if len(o.Addresses) == 0 {
		o.Addresses = []string{"127.0.0.1"}
	}
	plain, httpPort, err := listen(o.Addresses, o.HTTPPort)
	if err != nil {
		return nil, fmt.Errorf("start the edge's HTTP side: %w", err)
	}
	secure, tlsPort, err := listen(o.Addresses, o.TLSPort)
	if err != nil {
		closeAll(plain)
		return nil, fmt.Errorf("start the edge's TLS side: %w", err)
	}
	e := &Edge{
		httpPort: httpPort, tlsPort: tlsPort, options: o,
		closed: make(chan struct{}), behaviours: map[string]Behaviour{},
	}
	config := &tls.Config{GetConfigForClient: e.greet, GetCertificate: e.certificate, MinVersion: tls.VersionTLS12}
	for i := range plain {
		e.serve(plain[i])
		e.serve(tls.NewListener(secure[i], config))
	}
	return e, nil
}

func (e *Edge) serve(l net.Listener) {
	server := &http.Server{
		Handler:           http.HandlerFunc(e.answer),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // failed handshakes are what clients are here for
	}
	e.servers = append(e.servers, server)
	e.serving.Go(func() { _ = server.Serve(l) })
}

// attempts bounds the search for a port that is free at every address.
const attempts = 20

// listen opens the same port at every address.
func listen(addresses []string, port int) ([]net.Listener, int, error) {
	for attempt := 1; ; attempt++ {
		listeners, got, err := listenOnce(addresses, port)
		if err == nil || port != 0 || attempt == attempts {
			return listeners, got, err
		}
	}
}

func listenOnce(addresses []string, port int) ([]net.Listener, int, error) {
	var listeners []net.Listener
	for _, address := range addresses {
		l, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
		if err != nil {
			closeAll(listeners)
			return nil, 0, err
		}
		listeners = append(listeners, l)
		port = l.Addr().(*net.TCPAddr).Port
	}
	return listeners, port, nil
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close()
	}
}

// HTTPPort is the port of the HTTP side, at every address.
func (e *Edge) HTTPPort() int { return e.httpPort }

// TLSPort is the port of the TLS side, at every address.
func (e *Edge) TLSPort() int { return e.tlsPort }

// SetThumbprint changes the account that stateless answers speak for.
func (e *Edge) SetThumbprint(thumbprint string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.options.Thumbprint = thumbprint
}

// Behave sets how requests and handshakes for the host are treated from now on;
// the zero Behaviour is the usual one. An empty host means every host that has
// no behaviour of its own.
func (e *Edge) Behave(host string, b Behaviour) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.behaviours[strings.ToLower(host)] = b
}

// Requests are all requests so far, the first first.
func (e *Edge) Requests() []Request {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.requests)
}

// Close ends all connections, hung ones too, and frees the ports.
func (e *Edge) Close() error {
	close(e.closed)
	var errs []error
	for _, s := range e.servers {
		errs = append(errs, s.Close())
	}
	e.serving.Wait()
	return errors.Join(errs...)
}

// behaviour returns how to treat a host, and the options as they are now.
func (e *Edge) behaviour(host string) (Behaviour, Options) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if b, ok := e.behaviours[strings.ToLower(host)]; ok {
		return b, e.options
	}
	return e.behaviours[""], e.options
}
