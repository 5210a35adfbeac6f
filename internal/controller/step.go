package controller

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/reconcile"
)

// maxRounds bounds the rounds of look, decide, act in one step; the longest
// honest way (issue, deploy, revoke, forget) takes half of it.
const maxRounds = 12

// step takes one domain as far as it can go now, and lets go of it. cancel ends
// the keeping of its lease.
func (p *pass) step(ctx context.Context, cancel context.CancelFunc, l store.Lease) {
	p.answers.recall(l.Domain.Order)
	defer p.withdraw(l.Key)
	d, err := p.inTime(ctx, l)
	p.count(0, 1)
	if err == nil && (d.Due.IsZero() || reconcile.LeftLying(d)) {
		p.abandon(l.Key) // an order that nobody follows, as while a removal is held
		if d.Order != nil && d.Order.Traces() {
			p.tidyDNS(ctx, l.Key)
		}
	}
	switch {
	case errors.Is(err, store.ErrLeaseLost):
		cancel()
		p.abandon(l.Key)
	case errors.Is(err, errDropped):
		cancel()
	case errors.Is(err, store.ErrOvertaken): // it is wanted again, or otherwise
		p.release(cancel, l, d)
	case err != nil && p.interrupted(err):
		p.release(cancel, l, later(d, p.Now()))
	case err != nil:
		p.fail(err)
		p.release(cancel, l, later(d, p.Now().Add(time.Minute)))
	case p.misdated(): // looked at again as soon as the clock is right
		p.park(parked{cancel: cancel, lease: l, domain: later(d, p.whenRight(l.Domain.Due))})
	case d.ForeignThumbprint && p.wasProbed(d):
		p.park(parked{cancel: cancel, lease: l, domain: d})
	default:
		p.noteProbe(d)
		p.release(cancel, l, d)
	}
}

func (p *pass) release(cancel context.CancelFunc, l store.Lease, d record.Domain) {
	defer cancel()
	if err := p.Store.Release(p.last, l, d); !errors.Is(err, store.ErrLeaseLost) {
		p.fail(err)
	}
}

// errDropped: nothing is left of the row.
var errDropped = errors.New("the domain was forgotten")

// advance is the life of one row in a pass: look, decide, act, remember, until
// there is nothing to do now.
func (p *pass) advance(ctx context.Context, l store.Lease) (d record.Domain, err error) {
	d = l.Domain
	if p.confirmed() {
		d = reconcile.BackToNow(d, p.Now())
	}
	defer func() {
		if cause := recover(); cause != nil {
			d, err = p.broken(l, d, p.panicked(d, cause))
		}
	}()
	for range maxRounds {
		dec, err := p.decide(ctx, d)
		if stuck := new(stuckError); errors.As(err, &stuck) {
			return p.broken(l, d, p.leftBehind(d.Name(), stuck))
		}
		if err != nil {
			return d, err
		}
		if takesAway(d, dec) {
			p.crew.patiently(brisk, func() { err = p.confirm(ctx) })
			if err != nil { // with a wrong clock nothing is over
				return later(d, p.Now().Add(time.Minute)), nil
			}
		}
		before := d
		d = dec.Next
		if dec.Drop {
			p.tidyDNS(ctx, d.Key)
		}
		if writesFirst(before, dec) {
			// What cannot be taken back is decided anew if desired state moved.
			err := p.save(l, store.Change{Domain: d, Forget: dec.Drop, Current: true})
			if errors.Is(err, store.ErrOvertaken) {
				return before, err
			}
			if err != nil || dec.Drop {
				return d, dropped(err, dec.Drop)
			}
		}
		p.progress(d, dec)
		if len(dec.Actions) == 0 || ctx.Err() != nil {
			return d, nil
		}
		var more bool
		if d, more, err = p.carryOut(ctx, l, d, dec.Actions); err != nil || !more {
			return d, err
		}
	}
	return later(d, p.Now().Add(time.Minute)), nil
}

// broken is a row that could not even be looked at or decided about.
func (p *pass) broken(l store.Lease, d record.Domain, why string) (record.Domain, error) {
	d = p.failed(d, why)
	if !d.Due.After(p.Now()) {
		d.Due = p.Now().Add(time.Minute)
	}
	return d, p.save(l, store.Change{Domain: d})
}

// failed is a row for which something of ours failed.
func (p *pass) failed(d record.Domain, why string) record.Domain {
	r := reconcile.Result{Action: reconcile.Action{Kind: reconcile.Issue, App: d.App, Domain: d.Key}, Err: why}
	return reconcile.Settle(d, r, p.policy, p.Now())
}

// takesAway reports whether the decision is to forget something because its
// time has come: that needs a clock that somebody else confirmed.
func takesAway(d record.Domain, dec reconcile.Decision) bool {
	return dec.Drop || len(dec.Next.Superseded) < len(d.Superseded) ||
		slices.ContainsFunc(dec.Actions, func(a reconcile.Action) bool {
			return a.Kind == reconcile.Revoke || a.Kind == reconcile.Forget
		})
}

func dropped(err error, drop bool) error {
	if err == nil && drop {
		return errDropped
	}
	return err
}

// save makes a change durable even when the pass has been told to end: what
// was done must be remembered. A database that another process keeps locked is
// waited for.
func (p *pass) save(l store.Lease, c store.Change) error {
	for {
		err := p.Store.Save(p.last, l, c)
		switch {
		case errors.Is(err, store.ErrBusy) && p.last.Err() == nil:
		case err != nil:
			return err
		default:
			return p.Store.Checkpoint(p.last)
		}
	}
}

func (p *pass) count(acted, stepped int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.result.Acted += acted
	p.result.Stepped += stepped
}

func (p *pass) progress(d record.Domain, dec reconcile.Decision) {
	if len(dec.Actions) == 0 {
		p.tell(d, dec.Outcome.Why)
	}
}
