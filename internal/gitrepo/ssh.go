package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	gitssh "github.com/go-git/go-git/v5/plumbing/transport/ssh"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// openSSH runs one of git's services on an SSH server. The git library's own
// transport cannot be told when to give up during the handshake.
func (r *Repo) openSSH(ctx context.Context, service string) (*stream, error) {
	client, err := r.dialSSH(ctx)
	if err != nil {
		return nil, err
	}
	release := context.AfterFunc(ctx, func() { _ = client.Close() })
	s := &stream{hangUp: func() {
		release()
		_ = client.Close()
	}, await: func() {}}
	session, err := client.NewSession()
	if err != nil {
		s.hangUp()
		return nil, err
	}
	session.Stderr = &s.said
	s.await = sync.OnceFunc(func() { _ = session.Wait() })
	if s.in, err = session.StdinPipe(); err == nil {
		s.out, err = session.StdoutPipe()
	}
	if err == nil {
		err = session.Start(service + " " + quote(r.remote.path))
	}
	if err != nil {
		s.hangUp()
		return nil, err
	}
	return s, nil
}

func (r *Repo) dialSSH(ctx context.Context) (*ssh.Client, error) {
	address := r.remote.address(22)
	config, check, err := r.sshConfig(address)
	if err != nil {
		return nil, err
	}
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	_ = conn.SetDeadline(time.Now().Add(handshakeTimeout))
	c, channels, requests, err := ssh.NewClientConn(conn, address, config)
	if err != nil {
		_ = conn.Close()
		return nil, r.handshakeError(err, check)
	}
	_ = conn.SetDeadline(time.Time{})
	return ssh.NewClient(c, channels, requests), nil
}

// hostCheck remembers what became of the server's key.
type hostCheck struct {
	passed bool
	err    *HostKeyError
}

func (r *Repo) sshConfig(address string) (*ssh.ClientConfig, *hostCheck, error) {
	signer, err := r.sshSigner()
	if err != nil {
		return nil, nil, err
	}
	var files []string
	if r.config.Auth.KnownHostsFile != "" {
		files = []string{r.config.Auth.KnownHostsFile}
	}
	known, err := gitssh.NewKnownHostsDb(files...)
	if err != nil {
		return nil, nil, r.unreachable("cannot be recognised: the file of host keys cannot be read ("+clean(strings.ReplaceAll(err.Error(), "knownhosts: ", ""))+")", "repository.auth.knownHostsFile", err)
	}
	check := &hostCheck{}
	verify := known.HostKeyCallback()
	user := r.remote.user
	if user == "" {
		user = "git"
	}
	return &ssh.ClientConfig{
		User: user,
		Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)},
		// Without the algorithms the server may show a key of another type than
		// the one on file, which looks like an impostor.
		HostKeyAlgorithms: known.HostKeyAlgorithms(address),
		HostKeyCallback: func(host string, addr net.Addr, key ssh.PublicKey) error {
			err := verify(host, addr, key)
			check.passed = err == nil
			if err != nil {
				var mismatch *knownhosts.KeyError
				changed := errors.As(err, &mismatch) && len(mismatch.Want) > 0
				check.err = &HostKeyError{URL: r.String(), Fingerprint: ssh.FingerprintSHA256(key), Changed: changed, Err: err}
			}
			return err
		},
		Timeout: dialTimeout,
	}, check, nil
}

func (r *Repo) sshSigner() (ssh.Signer, error) {
	const setting = "repository.auth.sshKeyFile"
	if r.config.Auth.SSHKeyFile == "" {
		return nil, r.authError("cannot be asked over SSH without a key", setting, nil)
	}
	raw, err := os.ReadFile(r.config.Auth.SSHKeyFile)
	if err != nil {
		return nil, r.authError("cannot be asked without its key: "+err.Error(), setting, err)
	}
	signer, err := ssh.ParsePrivateKey(raw)
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		return nil, r.authError("cannot be asked: the SSH key is protected by a passphrase, and nobody is there to type it", setting, nil)
	case err != nil:
		return nil, r.authError("cannot be asked: the file holds no SSH private key", setting, nil)
	}
	return signer, nil
}

// handshakeError tells the three ways apart in which a handshake fails. Once the
// server's key has passed, only the user's own is left to be refused.
func (r *Repo) handshakeError(err error, check *hostCheck) error {
	var network net.Error
	switch {
	case check.err != nil:
		return check.err
	case check.passed && strings.Contains(err.Error(), "unable to authenticate"):
		return r.authError("refused the SSH key", "repository.auth.sshKeyFile", err)
	case errors.As(err, &network) && network.Timeout():
		return fmt.Errorf("the SSH handshake took longer than %s: %w", handshakeTimeout, err)
	}
	return err
}

// quote makes one word of a path for the shell at the other end, as git does.
func quote(path string) string {
	path = strings.ReplaceAll(path, "'", `'\''`)
	return "'" + strings.ReplaceAll(path, "!", `'\!'`) + "'"
}
