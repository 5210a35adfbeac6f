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

	"github.com/acmsync/acmsync/internal/record"
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
	holds     int     // who keeps the port without a response yet
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

// Hold takes the port before there is anything to answer, so that nothing is
// asked of a CA that could not be answered afterwards. The error is a
// [*PlaceError]. release may be called once; responses keep the port beyond it.
func (l *Listener) Hold(ctx context.Context) (release func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.bind(ctx); err != nil {
		return nil, err
	}
	l.holds++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.holds--
		_ = l.rest() // the port is free, whatever closing it says
	}, nil
}

// Present makes the token answer with keyAuth, whatever the host's name: the
// token cannot be guessed, and a CDN may ask under another one. The first token
// takes the port, unless it is held already; that it cannot be had is a
// [*PlaceError].
func (l *Listener) Present(ctx context.Context, _, token, keyAuth string) error {
	if err := checkToken(token); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.bind(ctx); err != nil {
		return err
	}
	l.responses[token] = keyAuth
	return nil
}

// CleanUp forgets the token. The last one frees the port.
func (l *Listener) CleanUp(_ context.Context, _, token string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.responses, token)
	return l.rest()
}

// rest frees the port if nobody needs it. The caller holds mu.
func (l *Listener) rest() error {
	if l.holds > 0 || len(l.responses) > 0 {
		return nil
	}
	return l.letGo()
}

// bind takes the port unless it is taken by us already. The caller holds mu.
func (l *Listener) bind(ctx context.Context) error {
	if l.closed {
		return fmt.Errorf("challenge.http01.listen: %w", net.ErrClosed)
	}
	if l.server != nil {
		return nil
	}
	server, err := serve(ctx, l.address, l)
	if err != nil && ctx.Err() == nil {
		return noPort(l.address, err)
	}
	l.server = server
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

// ServeHTTP answers GET and HEAD below [record.ChallengePath].
func (l *Listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.URL.Path, record.ChallengePath)
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
