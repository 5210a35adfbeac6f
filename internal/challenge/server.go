package challenge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/acmsync/acmsync/internal/beside"
)

// server is an HTTP server that has its port.
type server struct {
	http  *http.Server
	addr  net.Addr
	ended chan struct{}
}

// serve binds address and answers there until close.
func serve(ctx context.Context, address string, handler http.Handler) (*server, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	s := &server{addr: listener.Addr(), ended: make(chan struct{})}
	s.http = &http.Server{
		Handler: handler,
		// Anybody on the internet may connect here; nobody may stay.
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       5 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       10 * time.Second,
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	go func() {
		defer close(s.ended)
		_ = beside.Run(func() { _ = s.http.Serve(listener) })
	}()
	return s, nil
}

// close returns when the port is free. It does not wait for answers under way:
// a handler may be waiting for what the caller holds.
func (s *server) close() error {
	err := s.http.Close()
	<-s.ended
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("closing the http-01 listener: %w", err)
	}
	return nil
}
