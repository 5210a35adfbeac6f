package challenge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Listener answers challenges over HTTP and everything else with 404.
type Listener struct {
	server *http.Server
	addr   net.Addr
	ended  chan struct{}

	mu        sync.RWMutex
	responses map[string]string
}

// NewListener starts to answer on addr, host:port (":80").
func NewListener(addr string) (*Listener, error) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening for http-01 challenges: %w", err)
	}
	l := &Listener{addr: listener.Addr(), ended: make(chan struct{}), responses: make(map[string]string)}
	l.server = &http.Server{
		Handler: l,
		// Anybody on the internet may connect here; nobody may stay.
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       5 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       10 * time.Second,
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	go func() {
		defer close(l.ended)
		_ = l.server.Serve(listener)
	}()
	return l, nil
}

// Addr is where it listens.
func (l *Listener) Addr() net.Addr { return l.addr }

// Close stops answering and frees the port.
func (l *Listener) Close() error {
	err := l.server.Close()
	<-l.ended
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("closing the http-01 listener: %w", err)
	}
	return nil
}

// Present makes the token answer with keyAuth, whatever the host's name: the
// token cannot be guessed, and a CDN may ask under another one.
func (l *Listener) Present(_ context.Context, _, token, keyAuth string) error {
	if err := checkToken(token); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.responses[token] = keyAuth
	return nil
}

// CleanUp forgets the token.
func (l *Listener) CleanUp(_ context.Context, _, token string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.responses, token)
	return nil
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
