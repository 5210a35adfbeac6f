package gitrepo

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// killDelay is how long a git process may take to go once nobody listens.
const killDelay = 2 * time.Second

// openLocal starts git's own server program on a folder: a bare repository or a
// checkout. It needs the git binary; in return hooks run and locks hold as they
// do for everybody else.
func (r *Repo) openLocal(ctx context.Context, service string) (*stream, error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, "git", strings.TrimPrefix(service, "git-"), r.remote.path)
	cmd.Env = cleanEnvironment()
	cmd.WaitDelay = killDelay
	s := &stream{}
	cmd.Stderr = &s.said
	var err error
	if s.in, err = cmd.StdinPipe(); err != nil {
		cancel()
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	s.out = out
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("a local path needs the git program: %w", err)
	}
	s.await = sync.OnceFunc(func() { _ = cmd.Wait() })
	s.hangUp = cancel
	return s, nil
}

// cleanEnvironment leaves out git's variables: inside a hook they would point
// at another repository.
func cleanEnvironment() []string {
	env := []string{"LC_ALL=C"}
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "GIT_") && !strings.HasPrefix(entry, "LC_ALL=") {
			env = append(env, entry)
		}
	}
	return env
}
