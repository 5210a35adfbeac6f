package git

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// SSH is a repository behind an SSH server that knows two commands.
type SSH struct {
	*Repository
	*journal

	listener  net.Listener
	config    *ssh.ServerConfig
	host      ssh.Signer
	clientKey []byte
	ctx       context.Context
	stop      context.CancelFunc
	running   sync.WaitGroup

	mu      sync.Mutex
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
	s := &SSH{Repository: repository, journal: &journal{}, listener: listener, host: host, clientKey: clientPEM}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.config = &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if !bytes.Equal(key.Marshal(), client.PublicKey().Marshal()) {
			return nil, errors.New("unknown key")
		}
		return &ssh.Permissions{}, nil
	}}
	s.config.AddHostKey(host)
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

// Addr is host:port of the server.
func (s *SSH) Addr() string { return s.listener.Addr().String() }

// URL is the repository's address in the form ssh://git@127.0.0.1:port/repo.git.
func (s *SSH) URL() string { return "ssh://git@" + s.Addr() + "/repo.git" }

// KnownHosts is a known_hosts file that names the server's key.
func (s *SSH) KnownHosts() []byte {
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
	mute := s.mute
	s.mu.Unlock()
	if mute {
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	server, channels, requests, err := ssh.NewServerConn(conn, s.config)
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
		s.running.Go(func() { s.session(channel) })
	}
}

func (s *SSH) session(offered ssh.NewChannel) {
	channel, requests, err := offered.Accept()
	if err != nil {
		return
	}
	defer channel.Close()
	for request := range requests {
		if request.Type != "exec" {
			_ = request.Reply(false, nil)
			continue
		}
		var payload struct{ Command string }
		err := ssh.Unmarshal(request.Payload, &payload)
		_ = request.Reply(err == nil, nil)
		if err == nil {
			s.run(channel, payload.Command)
		}
		return
	}
}

// run starts the one git service that was asked for and reports how it ended.
func (s *SSH) run(channel ssh.Channel, line string) {
	sent := &countedWriter{w: channel}
	code := uint32(128)
	defer func() {
		name, _, _ := strings.Cut(line, " ")
		s.add(Request{Path: line, Service: name, Authorized: true, Sent: sent.n})
		_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{code}))
	}()
	s.mu.Lock()
	refusal := s.refusal
	s.mu.Unlock()
	if refusal != "" {
		fmt.Fprintln(channel.Stderr(), refusal)
		return
	}
	service, err := s.service(line)
	if err != nil {
		fmt.Fprintln(channel.Stderr(), err)
		return
	}
	cmd := commandContext(s.ctx, s.Dir(), service, s.Dir())
	cmd.Stdout, cmd.Stderr = sent, channel.Stderr()
	code = exitCode(s.feed(cmd, channel))
}

// feed runs a command on what the client sends. Its end is not awaited: the
// client may keep its side open after the command is done.
func (s *SSH) feed(cmd *exec.Cmd, channel ssh.Channel) error {
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.running.Go(func() {
		_, _ = io.Copy(stdin, channel)
		_ = stdin.Close()
	})
	return cmd.Wait()
}

// service checks that a command is one of git's two services on this very
// repository: nothing else on the machine can be reached.
func (s *SSH) service(line string) (string, error) {
	name, argument, _ := strings.Cut(line, " ")
	if name != "git-upload-pack" && name != "git-receive-pack" {
		return "", fmt.Errorf("fatal: unknown command %q", name)
	}
	if path.Clean("/"+strings.Trim(argument, "'")) != "/repo.git" {
		return "", fmt.Errorf("fatal: %s does not appear to be a git repository", argument)
	}
	return strings.TrimPrefix(name, "git-"), nil
}

func exitCode(err error) uint32 {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return uint32(exit.ExitCode())
	default:
		return 128
	}
}

type countedWriter struct {
	w io.Writer
	n int64
}

func (c *countedWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
