package controller

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/acmsync/acmsync/internal/gitrepo"
)

// Loop says how [Controller.Run] keeps time.
type Loop struct {
	// Interval is how often the repository is looked at; a tenth of it is
	// added at random, so that many daemons do not come all at once.
	Interval time.Duration
	// After is told how each pass ended.
	After func(Result)
}

const (
	// leastPause keeps a row that is always due from becoming a busy loop.
	leastPause = time.Second
	// leastPauseFailing is the pause after a pass that failed.
	leastPauseFailing = 30 * time.Second
)

// Run makes one pass after the other until ctx ends: at every interval, and
// whenever a row is due in between. What is under way when ctx ends is let go
// of in a state that the next process resumes.
func (c *Controller) Run(ctx context.Context, loop Loop) {
	for ctx.Err() == nil {
		began := time.Now()
		result := c.Pass(ctx)
		if loop.After != nil {
			loop.After(result)
		}
		c.rest(ctx, c.pauseAfter(result, loop.Interval, time.Since(began)))
	}
}

// pauseAfter is how long to wait after a pass that took so long.
func (c *Controller) pauseAfter(r Result, interval, took time.Duration) time.Duration {
	wait := interval + time.Duration(rand.Int64N(int64(interval)/10+1)) - took
	if !r.Next.IsZero() {
		wait = min(wait, r.Next.Sub(c.Now()))
	}
	if r.Failure != nil {
		return max(wait, min(leastPauseFailing, interval))
	}
	return max(wait, leastPause)
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// busyPause is how often another process's leases are looked at.
const busyPause = 250 * time.Millisecond

// Sync makes a pass, and waits while another process is at work on something
// that is due: then it makes another, for what that process left.
func (c *Controller) Sync(ctx context.Context) Result {
	total := c.Pass(ctx)
	for total.Unfinished && total.Failure == nil && c.othersDone(ctx) {
		total = c.Pass(ctx).after(total)
	}
	return total
}

// othersDone waits until no other process is at work; false: ctx ended first.
func (c *Controller) othersDone(ctx context.Context) bool {
	for ctx.Err() == nil {
		if busy, err := c.Store.Busy(ctx, c.Now()); err == nil && busy == 0 {
			return true
		}
		pause(ctx, busyPause)
	}
	return false
}

// after is the result of two passes, r being the later one.
func (r Result) after(before Result) Result {
	r.Stepped, r.Acted = r.Stepped+before.Stepped, r.Acted+before.Acted
	if r.Committed == "" {
		r.Committed = before.Committed
	}
	return r
}

// Until makes passes until nothing is under way, sleeping until the next due
// time in between, as long as that lies before ctx's deadline. A failure is
// waited for like everything else that is tried again by itself, unless only a
// person can mend it. It returns the last pass's result with the errors of files
// and the counts of all.
func (c *Controller) Until(ctx context.Context) Result {
	total := Result{}
	for {
		total = c.Sync(ctx).after(total)
		if ctx.Err() != nil || total.Next.IsZero() || lasts(total.Failure) {
			return total
		}
		nap := total.nap(c.Now())
		if deadline, bounded := ctx.Deadline(); bounded && nap > time.Until(deadline) {
			return total
		}
		if c.rest(ctx, nap); ctx.Err() != nil {
			return total // nothing was under way
		}
	}
}

// nap is how long to sleep before the next pass.
func (r Result) nap(now time.Time) time.Duration {
	least := leastPause
	if r.Failure != nil && !r.Next.After(now) {
		least = leastPauseFailing // it is due, and could not be done
	}
	return max(r.Next.Sub(now), least)
}

// lasts reports whether a failure stays until a person does something about it.
func lasts(err error) bool {
	var clock *ClockError
	var credentials *gitrepo.AuthError
	var host *gitrepo.HostKeyError
	var declined *gitrepo.RefusedError
	var unreachable *gitrepo.UnreachableError
	return errors.As(err, &clock) || errors.As(err, &credentials) || errors.As(err, &host) || errors.As(err, &declined) ||
		errors.As(err, &unreachable) && !unreachable.Temporary || errors.Is(err, gitrepo.ErrNoBranch)
}
