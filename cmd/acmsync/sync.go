package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/status"
	"github.com/acmsync/acmsync/internal/store"
)

func newSync(c console, o *options) *cobra.Command {
	var flags syncFlags
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Make certificates what the repository says, once",
		Long: `Pull desired state, issue, renew, deploy and revoke what is due, commit the
status, and end when nothing can move now.

With --wait it also sleeps until the next thing is due, as long as that is
within --timeout: a CA that is down for a minute does not fail it. What only a
person can mend (credentials, the branch, the clock) ends it at once. What
another acmsync holds is waited for either way.

Exit codes: 0 all is well, or waits without anybody having to act; 1 acmsync
itself could not work; 3 somebody has to act on a domain (see --fail-on); 4 a
file of desired state is invalid, the others were followed; 5 time ran out with
work under way. Nothing that was begun is lost by any of them.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return flags.run(cmd.Context(), c, o) },
	}
	cmd.Flags().BoolVar(&flags.wait, "wait", false, "wait for what becomes due within --timeout")
	cmd.Flags().DurationVar(&flags.timeout, "timeout", 10*time.Minute, "end after this long")
	cmd.Flags().StringVar(&flags.failOn, "fail-on", "failing", "exit 3 when a domain that needs somebody is: failing (or worse), failed, held; none: never")
	cmd.Flags().BoolVar(&flags.newAccount, "new-account", false, "register a new ACME account although certificates of a lost one are in the store")
	return cmd
}

type syncFlags struct {
	wait, newAccount bool
	timeout          time.Duration
	failOn           string
}

func (f syncFlags) run(ctx context.Context, c console, o *options) error {
	if !slices.Contains([]string{"failing", "failed", "held", "none"}, f.failOn) {
		return fmt.Errorf("--fail-on %s: must be failing, failed, held or none", f.failOn)
	}
	if f.timeout <= 0 {
		return fmt.Errorf("--timeout %s: must be more than 0", f.timeout)
	}
	all, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	live := newProgress(c, terminalOf(c.err))
	p, err := o.open(all, c, access{write: true, newAccount: f.newAccount}, live.event)
	if err != nil {
		return f.unopened(ctx, all, err)
	}
	defer p.close()
	result := f.pass(all, p.controller)
	live.done()
	return f.conclude(ctx, c, p, result)
}

func (f syncFlags) pass(ctx context.Context, k *controller.Controller) controller.Result {
	if f.wait {
		return k.Until(ctx)
	}
	return k.Sync(ctx)
}

// unopened is why there was nothing to work with. A store that was locked for as
// long as there was time is no failure of its own.
func (f syncFlags) unopened(ctx, all context.Context, err error) error {
	if all.Err() == nil || !cutShort(err) {
		return err
	}
	return &exitError{code: exitTimeout, err: fmt.Errorf("%s before the store was open (%w); nothing was begun, run it again", f.ended(ctx), err)}
}

// cutShort reports whether what was being done was only not done by the time it
// had to end.
func cutShort(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, store.ErrBusy)
}

// ended is what ended the command, if it did not come to its end by itself.
func (f syncFlags) ended(ctx context.Context) string {
	if ctx.Err() != nil {
		return "stopped"
	}
	return fmt.Sprintf("time ran out (--timeout %s)", f.timeout)
}

// conclude tells how it ended, on the terminal and by the exit code. ctx has
// ended if somebody stopped the command.
func (f syncFlags) conclude(ctx context.Context, c console, p *parts, r controller.Result) error {
	why := f.ended(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	printInvalid(c, r.Invalid)
	attention, err := p.controller.Attention(ctx)
	if err == nil {
		err = printView(ctx, c, p.controller)
	}
	if r.Committed != "" {
		fmt.Fprintf(c.out, "status committed to %s: %.12s\n", p.settings.Status.Branch, r.Committed)
	}
	if failure := errors.Join(r.Failure, err); failure != nil {
		return &exitError{code: exitFailure, err: failure}
	}
	code := verdict(r, attention, f.failOn)
	if r.Unfinished {
		return &exitError{code: code, err: errors.New(why + " with work under way; the next sync goes on from there")}
	}
	return exitWith(code)
}

// printInvalid tells the errors of desired state, as editors and CI read them.
func printInvalid(c console, faults []record.FileError) {
	for _, e := range faults {
		fmt.Fprintf(c.err, "%s:%d:%d: %s\n", printable(e.File), e.Line, e.Column, printable(e.Message))
	}
}

func printView(ctx context.Context, c console, k *controller.Controller) error {
	view, err := k.View(ctx)
	if err != nil || view.Revision == "" { // nothing was ever pulled, and the failure says why
		return err
	}
	return printTable(c, status.Apps(view))
}

// verdict is the exit code of a pass that did not fail: desired state before
// attention before time.
func verdict(r controller.Result, a controller.Attention, failOn string) int {
	needs := map[string]int{
		"failing": a.Owner + a.Operator,
		"failed":  a.Failed + a.Held,
		"held":    a.Held,
	}[failOn]
	switch {
	case len(r.Invalid) > 0:
		return exitInvalid
	case needs > 0:
		return exitAttention
	case r.Unfinished:
		return exitTimeout
	default:
		return exitOK
	}
}
