package git

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// SSH is a repository behind an SSH server that knows two commands.
type SSH struct {
	*Repository
	*journal
	*faults

	listener  net.Listener
	client    ssh.PublicKey
	clientKey []byte
	ctx       context.Context
	stop      context.CancelFunc
	running   sync.WaitGroup

	mu      sync.Mutex
	host    ssh.Signer
	config  *ssh.ServerConfig
	mute    bool
	refusal string
}

// NewSSH makes an empty repository and serves it to the one who has ClientKey.
func NewSSH(o Options) (*SSH, error) {
	host, _, err := newKey()
	if err != nil {
		return nil, err
	}
	client, clientPEM, err := newKey()
	if err != nil {
		return nil, err
	}
	repository, err := NewRepository()
	if err != nil {
		return nil, err
	}
	if err := repository.PartialClone(!o.NoPartialClone); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &SSH{Repository: repository, journal: &journal{}, faults: &faults{}, listener: listener, clientKey: clientPEM}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.client = client.PublicKey()
	s.show(host)
	s.running.Go(s.accept)
	return s, nil
}

// newKey makes an Ed25519 key, as a signer and as an OpenSSH private key file.
func newKey() (ssh.Signer, []byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	block, err := ssh.MarshalPrivateKey(key, "acmsync lab")
	if err != nil {
		return nil, nil, err
	}
	signer, err := ssh.NewSignerFromKey(key)
	return signer, pem.EncodeToMemory(block), err
}

// NewClientKey makes a private key that no server knows.
func NewClientKey() ([]byte, error) {
	_, file, err := newKey()
	return file, err
}

// show makes the server known by a key from now on.
func (s *SSH) show(host ssh.Signer) {
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if !bytes.Equal(key.Marshal(), s.client.Marshal()) {
			return nil, errors.New("unknown key")
		}
		return &ssh.Permissions{}, nil
	}}
	config.AddHostKey(host)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.host, s.config = host, config
}

// NewHostKey replaces the server's key, as a reinstallation does. Back undoes
// it.
func (s *SSH) NewHostKey() (back func(), err error) {
	s.mu.Lock()
	old := s.host
	s.mu.Unlock()
	host, _, err := newKey()
	if err != nil {
		return nil, err
	}
	s.show(host)
	return func() { s.show(old) }, nil
}

// Addr is host:port of the server.
func (s *SSH) Addr() string { return s.listener.Addr().String() }

// URL is the repository's address in the form ssh://git@127.0.0.1:port/repo.git.
func (s *SSH) URL() string { return "ssh://git@" + s.Addr() + "/repo.git" }

// KnownHosts is a known_hosts file that names the server's key.
func (s *SSH) KnownHosts() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return []byte(knownhosts.Line([]string{knownhosts.Normalize(s.Addr())}, s.host.PublicKey()) + "\n")
}

// ClientKey is the private key file that may log in.
func (s *SSH) ClientKey() []byte { return bytes.Clone(s.clientKey) }

// Mute makes the server accept connections and never say a word.
func (s *SSH) Mute(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mute = on
}

// Refuse makes every command fail with this text on standard error; "" ends it.
func (s *SSH) Refuse(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusal = text
}

// Close stops the server, cutting what is under way, and removes the repository.
func (s *SSH) Close() error {
	s.stop()
	s.Heal()
	err := s.listener.Close()
	s.running.Wait()
	return errors.Join(err, s.Repository.Close())
}

func (s *SSH) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.running.Go(func() { s.serve(conn) })
	}
}

func (s *SSH) serve(conn net.Conn) {
	defer conn.Close()
	defer context.AfterFunc(s.ctx, func() { _ = conn.Close() })()
	s.mu.Lock()
	mute, config := s.mute, s.config
	s.mu.Unlock()
	if mute {
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	wire := conn
	if fault := s.next(Request{Service: Connect}); fault != nil {
		wire = &bentConn{conn, &bent{w: conn, fault: fault, cut: func() { _ = conn.Close() }, gone: s.ctx.Done()}}
		if fault.Cut {
			return
		}
	}
	server, channels, requests, err := ssh.NewServerConn(wire, config)
	if err != nil {
		return
	}
	defer server.Close()
	s.running.Go(func() { ssh.DiscardRequests(requests) })
	for channel := range channels {
		if channel.ChannelType() != "session" {
			_ = channel.Reject(ssh.UnknownChannelType, "only sessions")
			continue
		}
		s.running.Go(func() { s.session(conn, channel) })
	}
}
