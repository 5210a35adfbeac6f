package edge

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"strings"
)

// errNoCertificate fails a handshake with an alert.
var errNoCertificate = errors.New("no certificate for this name")

// greet runs at the start of a handshake, where a client can still be left
// hanging or cut off.
func (e *Edge) greet(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	b, _ := e.behaviour(hello.ServerName)
	switch {
	case b.Agent != "":
	case b.Hang:
		select {
		case <-e.closed:
		case <-hello.Context().Done():
		}
		return nil, net.ErrClosed
	case b.Reset:
		_ = hello.Conn.Close()
		return nil, net.ErrClosed
	case b.NoTLS:
		return nil, errNoCertificate
	}
	return nil, nil
}

// certificate finds what to present. It reads the files at every handshake, as
// nginx does with $ssl_server_name in their path.
func (e *Edge) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	b, o := e.behaviour(hello.ServerName)
	if b.Certificate != nil && b.Agent == "" {
		return b.Certificate, nil
	}
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	if o.Dir == "" || name == "" || !filepath.IsLocal(name) {
		return nil, errNoCertificate
	}
	pair, err := load(filepath.Join(o.Dir, name))
	if _, parent, ok := strings.Cut(name, "."); ok && errors.Is(err, fs.ErrNotExist) {
		pair, err = load(filepath.Join(o.Dir, "_wildcard."+parent))
	}
	if err != nil {
		return nil, fmt.Errorf("load the pair of %s: %w", name, err)
	}
	return pair, nil
}

func load(folder string) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(folder, "fullchain.pem"), filepath.Join(folder, "privkey.pem"))
	if err != nil {
		return nil, err
	}
	return &pair, nil
}
