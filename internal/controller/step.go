package controller

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/reconcile"
)

// maxRounds bounds the rounds of look, decide, act in one step; the longest
// honest way (issue, deploy, revoke, forget) takes half of it.
const maxRounds = 12

// step takes one domain as far as it can go now, and lets go of it.
func (p *pass) step(ctx context.Context, l store.Lease) {
	ctx, cancel := p.keep(ctx, l)
	p.answers.recall(l.Domain.Order)
	defer p.withdraw(l.Key)
	d, err := p.advance(ctx, l)
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
		if err != nil {
			return d, err
		}
		if takesAway(d, dec) {
			if err := p.confirm(ctx); err != nil { // with a wrong clock nothing is over
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
	r := reconcile.Result{Action: reconcile.Action{Kind: reconcile.Issue, App: d.App, Domain: d.Key}, Err: why}
	d = reconcile.Settle(d, r, p.policy, p.Now())
	if !d.Due.After(p.Now()) {
		d.Due = p.Now().Add(time.Minute)
	}
	return d, p.save(l, store.Change{Domain: d})
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

// decide looks where the row wants to be looked at and decides, within what the
// CA's limits allow.
func (p *pass) decide(ctx context.Context, d record.Domain) (reconcile.Decision, error) {
	dec, err := p.look(ctx, reconcile.Call(d, p.turns.of(d.Key), p.Now()))
	if err != nil {
		return reconcile.Decision{}, err
	}
	return p.afford(ctx, dec, p.Now())
}

// look is decide but for the limits.
func (p *pass) look(ctx context.Context, d record.Domain) (reconcile.Decision, error) {
	d, q, ask := reconcile.Ask(d, p.policy, p.Now())
	q.Probe = q.Probe && p.mayProbe()
	var seen record.Observation
	if ask {
		p.Progress(Event{Domain: d.Name(), State: d.State, Text: "checking DNS"})
		seen = p.observe(ctx, q)
		if err := ctx.Err(); err != nil { // what was cut short says nothing about the domain
			return reconcile.Decision{}, err
		}
	}
	seen.Lacking = p.lacking(d)
	if reconcile.Suggests(d, p.policy, p.Now()) {
		seen.Renewal = p.renewal(ctx, d)
	}
	seen.Revoked = p.revoked(ctx, d)
	seen.Found = p.found(d, seen.Lacking)
	return reconcile.Decide(d, seen, p.policy, p.Now()), nil
}

// lacking are the targets that lost what they acknowledged: their folder was
// wiped, or is another one by now.
func (p *pass) lacking(d record.Domain) []string {
	if d.Certificate == nil || d.Gone() {
		return nil
	}
	var names []string
	for _, a := range d.Deployed {
		t := p.target(a.Target)
		if t == nil || a.SHA256 != d.Certificate.SHA256 {
			continue
		}
		if holds, err := t.Holds(d.Name(), a.SHA256); err == nil && !holds {
			names = append(names, a.Target)
		}
	}
	return names
}

// mayProbe reports whether the challenge can be probed. A plan puts nothing in
// place for it, so it probes only where edges answer by themselves.
func (p *pass) mayProbe() bool {
	platform := p.policy.Platform
	return !p.planning || platform.ChallengeMode == "stateless" && platform.Thumbprint != ""
}

// observe puts the question to the world. In the modes where the response must
// be put in place first, it is, and taken away again; where it cannot be, the
// challenge is left unknown.
func (p *pass) observe(ctx context.Context, q record.Question) record.Observation {
	if q.Probe {
		q.ProbeToken = rand.Text()
		q.ProbeExpect = q.ProbeToken + "." + p.policy.Platform.Thumbprint
		if err := p.Responder.Present(ctx, q.Name, q.ProbeToken, q.ProbeExpect); err != nil {
			if !p.unplaced(err) {
				p.fail(fmt.Errorf("challenge.http01: putting the response for %s in place: %w", q.Name, err))
			}
			q.Probe = false
			return p.Observer.Observe(ctx, q)
		}
		p.probing(q.Name)
		defer func() {
			if err := p.Responder.CleanUp(p.last, q.Name, q.ProbeToken); err != nil {
				p.Log.Warn("a probe's response could not be taken away", "domain", q.Name, "error", err)
			}
		}()
	}
	return p.Observer.Observe(ctx, q)
}

// carryOut does the actions in turn. A failed one ends the round: the row is
// decided on afresh. more is false when the row cannot move now.
func (p *pass) carryOut(ctx context.Context, l store.Lease, d record.Domain, actions []reconcile.Action) (_ record.Domain, more bool, err error) {
	for _, a := range actions {
		p.Progress(Event{Domain: d.Name(), State: d.State, Text: doing(a)})
		if a.Urged {
			p.Log.Warn("replaced before its time", "domain", d.Name(), "serial", d.Certificate.Serial, "why", a.Why)
		}
		result, change := p.guarded(ctx, l, d, a)
		d = reconcile.Settle(d, result, p.policy, p.Now())
		change.Domain, change.Order = d, journalled(d, change.Order)
		change.Forget = a.Kind == reconcile.Forget && reconcile.Finished(d, p.policy, p.Now())
		if change.Forget {
			p.tidyDNS(ctx, d.Key)
		}
		if err := p.save(l, change); err != nil || change.Forget {
			return d, false, dropped(err, change.Forget)
		}
		p.count(1, 0)
		if result.Cancelled || !result.WaitUntil.IsZero() {
			return d, false, nil
		}
		if failed(result) {
			return d, true, nil
		}
	}
	return d, true, nil
}

// journalled is the order as the journal is to have it: what was settled (that
// it is given up, or waits) holds for it too.
func journalled(d record.Domain, o *record.Order) *record.Order {
	if o == nil || !o.Open() {
		return o
	}
	next := *o
	if d.Order == nil {
		next.State, next.NextAt = record.OrderClosed, time.Time{}
	} else {
		next.NextAt = d.Order.NextAt
	}
	return &next
}

// failed reports whether the action did not do what it was for.
func failed(r reconcile.Result) bool {
	return r.Problem != nil || r.Unanswered != nil || r.Err != "" || r.Bad != ""
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
		p.Progress(Event{Domain: d.Name(), State: d.State, Text: dec.Outcome.Why})
	}
}
