package controller

import (
	"context"
	"time"

	"github.com/acmsync/acmsync/reconcile"
)

// instant is a time by our clock, which may be set, and by the one that only
// ever goes forward.
type instant struct{ clock, steady time.Time }

func (c *Controller) instant() instant {
	return instant{c.Now().Round(0), time.Now()} // Round takes the steady reading out
}

// leapt reports whether our clock was set since then, or the machine slept: it
// moved by another time than has passed.
func (c *Controller) leapt(since instant) bool {
	now := c.instant()
	return (now.clock.Sub(since.clock) - now.steady.Sub(since.steady)).Abs() > maxSkew
}

// clockLook is how often somebody who sleeps looks at the clock.
const clockLook = time.Minute

// rest sleeps for so long, or until the clock was set: what is due when is
// another question then.
func (c *Controller) rest(ctx context.Context, d time.Duration) {
	since := c.instant()
	for left := d; left > 0 && ctx.Err() == nil && !c.leapt(since); left = d - time.Since(since.steady) {
		pause(ctx, min(left, clockLook))
	}
}

// bookedAt is the time by the clock that the CA confirmed, and what has passed
// since. The newest record says what time it was at the least, so a clock that
// was set forward while a request was under way must not date one.
func (p *pass) bookedAt(directory string) time.Time {
	a := p.at(directory)
	if a == nil {
		return p.Now()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.asked || !p.leapt(a.at) {
		return p.Now()
	}
	return a.at.clock.Add(time.Since(a.at.steady))
}

// longestWait is more than a CA may ask an order to wait: a week (see [issue]).
const longestWait = 10 * 24 * time.Hour

// daily is more than most rows wait. Those that wait for longer, as for a limit,
// are looked at one by one in each pass, as they are to be lined up.
const daily = 25 * time.Hour

// backToNow looks at rows that wait since a time that is yet to come, by a clock
// that was ahead, once some CA says that it no longer is. How long they wait says
// nothing: a turn at a limit may come in months.
func (p *pass) backToNow(ctx context.Context) error {
	rows, err := p.Store.DueAfter(ctx, p.Now().Add(daily))
	if err != nil {
		return err
	}
	var keys []string
	for _, d := range rows {
		if reconcile.Ahead(d, p.Now()) {
			keys = append(keys, d.Key)
		}
	}
	if len(keys) == 0 || !p.clockConfirmed(ctx) {
		return nil
	}
	return p.Store.Call(ctx, keys, p.Now())
}

// whenRight is when a row that was looked at by the wrong clock is due: then, or
// now by the right one, as far as that is known.
func (p *pass) whenRight(then time.Time) time.Time {
	now := p.Now()
	if clock := p.wrong(); clock != nil {
		now = now.Add(-clock.Skew)
	}
	if now.Before(then) {
		return now
	}
	return then
}
