package git

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path"
	"strings"

	"golang.org/x/crypto/ssh"
)

func (s *SSH) session(conn net.Conn, offered ssh.NewChannel) {
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
			s.run(conn, channel, payload.Command)
		}
		return
	}
}

// run starts the one git service that was asked for and reports how it ended.
func (s *SSH) run(conn net.Conn, channel ssh.Channel, line string) {
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
	if fault := s.next(Request{Service: "git-" + service}); fault != nil {
		answers := &bent{w: sent, fault: fault, cut: func() { _ = conn.Close() }, gone: s.ctx.Done()}
		if instead(answers) {
			return
		}
		cmd.Stdout = answers
	}
	code = exitCode(s.feed(cmd, channel))
}

// instead does what a fault has in place of an answer; false: it has none.
func instead(b *bent) bool {
	switch {
	case b.fault.Cut:
		b.cut()
	case b.fault.Hang:
		b.fault.wait(b.gone)
	case b.fault.Flood != "":
		b.fault.flood(b.w, b.gone)
	default:
		return false
	}
	return true
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

// bentConn is a connection whose server's side runs into a fault.
type bentConn struct {
	net.Conn
	bent *bent
}

// Write sends p, or what the fault makes of it.
func (c *bentConn) Write(p []byte) (int, error) { return c.bent.Write(p) }

type countedWriter struct {
	w io.Writer
	n int64
}

func (c *countedWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
