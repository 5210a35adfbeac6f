package operate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/spec"
)

// editTries is how often an edit is made anew because others pushed meanwhile.
const editTries = 20

// Order is a change to desired state that somebody asked for.
type Order struct {
	Change spec.Change
	// Message is the commit's, one line.
	Message string
	// To is the branch to push to; "": the one that desired state is on.
	To string
	// Now dates the commit.
	Now time.Time
}

// Done is what became of an order.
type Done struct {
	spec.Edited
	// Commit is the full id of the pushed commit; "" when nothing changed.
	Commit string
	// Branch is the one that was pushed to, Base the one of desired state.
	Branch, Base string
	// Open is where to ask for the merge of Branch into Base; "" where the
	// forge is not known or the branches are one.
	Open string
}

// ProtectedError says that the server declined a push to a branch.
type ProtectedError struct {
	Branch string
	Err    *gitrepo.RefusedError
}

func (e *ProtectedError) Error() string {
	said := e.Err.Reason
	if e.Err.Message != "" {
		said += " (" + e.Err.Message + ")"
	}
	return fmt.Sprintf("%s declined the push to branch %s: %s; if the branch is protected, push to another with --branch NAME and open a merge request", e.Err.URL, e.Branch, said)
}

func (e *ProtectedError) Unwrap() error { return e.Err }

// Edit changes desired state at the origin: it reads the tip, edits the app's
// file, commits and pushes, and starts again from the new tip when somebody
// else was faster. Errors are those of [spec.Edit], *ProtectedError, and what
// git says.
func (o *Origin) Edit(ctx context.Context, order Order, report Report) (Done, error) {
	base, err := o.branch(ctx, report.App)
	if err != nil {
		return Done{}, err
	}
	pause := 20 * time.Millisecond
	for try := 1; ; try++ {
		done, err := o.tryEdit(ctx, order, base)
		var moved *gitrepo.MovedError
		var refused *gitrepo.RefusedError
		switch {
		case errors.As(err, &refused):
			return Done{}, &ProtectedError{Branch: done.Branch, Err: refused}
		case !errors.As(err, &moved):
			return done, err
		case try == editTries:
			return Done{}, &gitrepo.MovedError{URL: o.url, Branch: done.Branch, Tries: editTries}
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
			return Done{}, ctx.Err()
		}
		pause = min(2*pause, time.Second)
	}
}

// tryEdit does it once. What it returns beside an error names the branch.
func (o *Origin) tryEdit(ctx context.Context, order Order, base string) (Done, error) {
	done := Done{Base: base, Branch: base}
	if order.To != "" {
		done.Branch = order.To
	}
	snap, err := o.tip(ctx, done.Branch)
	if errors.Is(err, gitrepo.ErrNoBranch) && done.Branch != base {
		snap, err = o.tip(ctx, base)
	}
	if err != nil {
		return done, err
	}
	dir, files, faults, err := o.desired(ctx, snap)
	if err != nil {
		return done, err
	}
	done.Edited, err = spec.Edit(files, order.Change, spec.Options{})
	var unknown *spec.UnknownError
	switch {
	case errors.As(err, &unknown) && len(faults) > 0:
		return done, errors.Join(append([]error{err}, faults...)...)
	case err != nil || !done.Changed:
		return done, err
	}
	done.Commit, err = o.commit(ctx, gitrepo.Commit{
		Branch: done.Branch, Base: snap.Commit, Root: dir,
		Files:   map[string][]byte{done.Path: done.Bytes},
		Message: order.Message, Author: o.Author, When: order.Now, Sign: o.Sign,
	})
	if done.Branch != base {
		done.Open = mergeRequest(o.url, base, done.Branch)
	}
	return done, err
}
