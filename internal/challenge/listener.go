package challenge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
)

// Listener answers challenges over HTTP and everything else with 404. It has its
// port only while there is something to answer, so that several processes on
// one host can take turns.
type Listener struct {
	address string

	// mu is held over binding and letting go too: who presents meanwhile waits
	// for the outcome.
	mu        sync.RWMutex
	responses map[string]string
	server    *server // nil: there is nothing to answer
	closed    bool
}

// NewListener checks addr, host:port (":80"). Nothing is bound before the first
// Present.
func NewListener(addr string) (*Listener, error) {
	_, port, err := net.SplitHostPort(addr)
	if err == nil && port == "" {
		err = errors.New("it has no port")
	}
	if err == nil {
		_, err = net.DefaultResolver.LookupPort(context.Background(), "tcp", port)
	}
	if err != nil {
		return nil, fmt.Errorf("%q is not an address to listen on: %w", addr, err)
	}
	return &Listener{address: addr, responses: make(map[string]string)}, nil
}

// Addr is where it listens; nil while it does not.
func (l *Listener) Addr() net.Addr {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.server == nil {
		return nil
	}
	return l.server.addr
}

// Close stops answering, whatever is still presented, and frees the port.
// Nothing can be presented any more.
func (l *Listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	clear(l.responses)
	return l.letGo()
}

// Present makes the token answer with keyAuth, whatever the host's name: the
// token cannot be guessed, and a CDN may ask under another one. The first token
// takes the port; that it cannot be had is the error.
func (l *Listener) Present(ctx context.Context, _, token, keyAuth string) error {
	if err := checkToken(token); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.bind(ctx); err != nil {
		return fmt.Errorf("challenge.http01.listen: %w", err)
	}
	l.responses[token] = keyAuth
	return nil
}

// CleanUp forgets the token. The last one frees the port.
func (l *Listener) CleanUp(_ context.Context, _, token string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.responses, token)
	if len(l.responses) > 0 {
		return nil
	}
	return l.letGo()
}

// bind takes the port unless it is taken by us already. The caller holds mu.
func (l *Listener) bind(ctx context.Context) (err error) {
	switch {
	case l.closed:
		return net.ErrClosed
	case l.server == nil:
		l.server, err = serve(ctx, l.address, l)
	}
	return err
}

// letGo frees the port. The caller holds mu.
func (l *Listener) letGo() error {
	if l.server == nil {
		return nil
	}
	err := l.server.close()
	l.server = nil
	return err
}

// ServeHTTP answers GET and HEAD below [Prefix].
func (l *Listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.URL.Path, Prefix)
	l.mu.RLock()
	keyAuth, known := l.responses[token]
	l.mu.RUnlock()
	if !ok || !known || r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream") // as in the example of section 8.3
	_, _ = io.WriteString(w, keyAuth)
}
