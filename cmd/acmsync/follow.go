package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/internal/status"
)

// lookEvery is how often --wait looks: at the store, or at the origin.
const lookEvery = 2 * time.Second

// follower is status --wait under way.
type follower struct {
	statusFlags
	c    console
	o    *options
	args []string
	// push is what the status has to be about; nil: not known.
	push *operate.Push
	// taken: the status is about it. said: that it is not was said.
	taken, said bool
}

// follow prints every change as it comes, and in the end what it came to.
func (f statusFlags) follow(ctx context.Context, c console, o *options, args []string) error {
	w := &follower{statusFlags: f, c: c, o: o, args: args}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	forget, err := w.pushed(ctx)
	if err != nil {
		fmt.Fprintln(c.err, "warning: what was pushed last cannot be seen: "+printable(err.Error()))
	}
	defer forget()
	apps, over, err := operate.Await(ctx, w.read, w.settled, ticker.C, w.tell)
	if err != nil {
		return err
	}
	return w.conclude(apps, over)
}

// pushed finds what the status has to be about. Without a branch of status there
// may be no desired state yet, either.
func (w *follower) pushed(ctx context.Context) (forget func(), err error) {
	at, err := w.o.reach(ctx)
	if err != nil {
		return func() {}, err
	}
	apps, _, _ := w.o.statuses(ctx, w.c, w.branch) // whoever reads next tells the error
	var known *status.AppStatus
	if mine, err := only(apps, w.args); err == nil && len(mine) > 0 {
		known = &mine[0]
	}
	w.push, err = at.origin.Push(ctx, known)
	if err != nil {
		w.push = nil
	}
	return at.close, err
}

func (w *follower) read(ctx context.Context) (apps []status.AppStatus, err error) {
	var hash string
	if w.o.given() {
		apps, hash, err = w.o.statuses(ctx, w.c, w.branch)
	} else {
		apps, hash, err = operate.FreshStatus(ctx, ".", w.branch)
	}
	if errors.Is(err, gitrepo.ErrNoBranch) {
		return nil, nil // nor was there a sync
	}
	if err != nil {
		return nil, err
	}
	if w.taken = hash != "" || !w.o.given(); w.push != nil {
		w.taken, err = w.push.TakenUp(ctx, hash)
	}
	if !w.taken && !w.said && w.push != nil {
		w.said = true
		fmt.Fprintf(w.c.err, "waiting for %.10s of %s to be taken up\n", w.push.Commit, printable(w.push.Branch))
	}
	return apps, err
}

func (w *follower) settled(apps []status.AppStatus) bool {
	mine, err := only(apps, w.args)
	return w.taken && (err != nil || status.Settled(mine))
}

// tell prints a change of what was asked for.
func (w *follower) tell(app string, e status.Event) {
	if len(w.args) > 0 && app != w.args[0] {
		return
	}
	e.At = time.Now()
	_ = status.WriteTimeline(w.c.err, []status.Event{e}, terminalOf(w.c.err).color)
}

// conclude prints what it came to; over: nothing moves any more.
func (w *follower) conclude(apps []status.AppStatus, over bool) error {
	late := func(format string, args ...any) error {
		return &exitError{code: exitTimeout, err: fmt.Errorf("the time ran out before "+format, args...)}
	}
	has := func(a status.AppStatus) bool { return len(w.args) == 0 || a.App == w.args[0] }
	switch {
	case !over && !w.taken && w.push != nil:
		return late("%.10s of %s was taken up; acmsync sync or acmsync run does it, where the settings are", w.push.Commit, printable(w.push.Branch))
	case !over && !slices.ContainsFunc(apps, has):
		return late("there was a status to show")
	}
	apps, err := only(apps, w.args)
	if err != nil {
		return err
	}
	if err := printStatuses(w.c, apps, w.output); err != nil {
		return err
	}
	code := needed(apps)
	if code == exitOK && !over {
		code = exitTimeout
	}
	return exitWith(code)
}
