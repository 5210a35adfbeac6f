package deploy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

const (
	maxOutput = 4 << 10
	// maxChanged is where ACMSYNC_CHANGED gives way to the count: Linux takes
	// no single variable over 128 KiB (execve(2), MAX_ARG_STRLEN).
	maxChanged = 64 << 10
	// lingering is how long a hook's children may keep its output open after
	// it has ended.
	lingering = time.Second
)

// HookError is a hook that did not end well. Installs that shared the run
// share the error.
type HookError struct {
	// Status is how it ended: "exit status 7", "signal: killed", "timed out
	// after 30s", or why it did not start. The command's arguments, which may
	// hold a secret, are not in it.
	Status string
	// Output is the end of what it wrote, at most 4 KiB, as one line without
	// control characters. It may hold secrets.
	Output string
}

// Error leaves the output out: errors are published with the status.
func (e *HookError) Error() string {
	text := "the hook failed: " + e.Status
	if e.Output != "" {
		text += "; its output is in acmsync's log"
	}
	return text
}

// command is a hook as the operator wrote it.
type command struct {
	argv    []string
	timeout time.Duration
}

// run executes the command for the names. It gets PATH, HOME and what changed,
// and nothing else of our environment, where credentials may be.
func (c command) run(ctx context.Context, names []string) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var out tail
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	cmd.Env = environment(names)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = lingering
	// A group of its own, so that what the hook started ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	err := cmd.Run()
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay) && ctx.Err() == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &HookError{Status: fmt.Sprintf("timed out after %s", c.timeout), Output: record.Clean(out.String(), maxOutput)}
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return &HookError{Status: strings.TrimPrefix(err.Error(), "exec: "), Output: record.Clean(out.String(), maxOutput)}
}

func environment(names []string) []string {
	path := os.Getenv("PATH")
	if path == "" {
		path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	}
	env := []string{"PATH=" + path, "LC_ALL=C", "ACMSYNC_CHANGED_COUNT=" + strconv.Itoa(len(names))}
	if home := os.Getenv("HOME"); home != "" {
		env = append(env, "HOME="+home)
	}
	if changed := strings.Join(names, ","); len(changed) <= maxChanged {
		env = append(env, "ACMSYNC_CHANGED="+changed)
	}
	return env
}

// tail keeps the last of what is written to it: a command says at its end why
// it failed.
type tail struct{ kept []byte }

func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	if n > maxOutput {
		p = p[n-maxOutput:]
	}
	t.kept = append(t.kept, p...)
	if extra := len(t.kept) - maxOutput; extra > 0 {
		t.kept = append(t.kept[:0], t.kept[extra:]...)
	}
	return n, nil
}

func (t *tail) String() string { return string(t.kept) }
