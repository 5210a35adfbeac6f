package challenge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode"
)

// program runs a program of the operator: PROGRAM present FQDN VALUE, and
// PROGRAM cleanup FQDN VALUE; in mode RAW, PROGRAM present -- DOMAIN TOKEN
// KEYAUTH. One at a time, because programs that edit a zone file or call a
// provider's tool rarely expect company.
type program struct {
	path        string
	raw         bool
	timeout     time.Duration
	environment []string
	turn        chan struct{} // holds a token while the program runs
}

// newProgram hands all variables on to the program.
func newProgram(e *env) (*program, error) {
	p := &program{
		path: e.required("EXEC_PATH"), timeout: e.seconds(30*time.Second, "EXEC_TIMEOUT"), turn: make(chan struct{}, 1),
	}
	switch mode := e.text("EXEC_MODE"); mode {
	case "":
	case "RAW":
		p.raw = true
	default:
		e.fail("EXEC_MODE", "must be RAW or absent")
	}
	p.environment = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	for _, name := range slices.Sorted(maps.Keys(e.given)) {
		p.environment = append(p.environment, name+"="+e.given[name])
	}
	return p, e.err
}

// Add runs the program with present.
func (p *program) Add(ctx context.Context, t TXT) error { return p.run(ctx, "present", t) }

// Remove runs the program with cleanup.
func (p *program) Remove(ctx context.Context, t TXT) error { return p.run(ctx, "cleanup", t) }

func (p *program) run(ctx context.Context, verb string, t TXT) error {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return fmt.Errorf("the program is still busy with another domain: %w", ctx.Err())
	}
	args := []string{verb, t.Name + ".", t.Value}
	if p.raw {
		args = []string{verb, "--", t.Domain, t.Token, t.KeyAuth}
	}
	var out tail
	cmd := exec.CommandContext(ctx, p.path, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = p.environment, &out, &out
	cmd.WaitDelay = time.Second
	// A group of its own, so that what the program started ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	err := cmd.Run()
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay) && ctx.Err() == nil:
		return nil
	case ctx.Err() != nil:
		return &programError{verb: verb, status: "it was stopped: " + ctx.Err().Error(), output: out.String(), late: true}
	}
	return &programError{verb: verb, status: err.Error(), output: out.String()}
}

// programError leaves the output, which may hold secrets, out of its text.
type programError struct {
	verb, status, output string
	late                 bool
}

// Timeout reports whether it ran for too long.
func (e *programError) Timeout() bool { return e.late }

func (e *programError) Error() string {
	text := "the program of challenge.dns01 (" + e.verb + ") failed: " + e.status
	if e.output != "" {
		text += "; its output is in acmsync's log"
	}
	return text
}

// maxOutput is how much of a program's output is kept, from its end.
const maxOutput = 4 << 10

type tail struct{ kept []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if extra := len(t.kept) - maxOutput; extra > 0 {
		t.kept = append(t.kept[:0], t.kept[extra:]...)
	}
	return len(p), nil
}

// String is the output on one line without what moves cursors or turns text
// around.
func (t *tail) String() string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(t.kept), "?"))), " ")
}
