package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/acmsync/acmsync/internal/keypair"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/issue"
	"github.com/acmsync/acmsync/reconcile"
)

// patience is how long one pass stays with one order through the CA's pauses;
// after it the order is let go of and taken up again when it is due.
const patience = 30 * time.Second

// placeAfter is when it is tried again where challenges could not be answered.
const placeAfter = time.Minute

// diskAfter is when it is tried again where what was done could not be kept.
const diskAfter = time.Minute

// order takes an order as far as it goes now: its own if one is open, else a
// new one. What must be durable is, before the step that needs it, and where the
// response to a challenge goes is known before the CA is asked for one.
func (p *pass) order(ctx context.Context, l store.Lease, d record.Domain, a reconcile.Action) (reconcile.Result, store.Change) {
	release, err := p.prepare(ctx, d, a)
	if err != nil {
		return p.refused(a, nil, err)
	}
	defer release()
	o, err := p.openOrder(ctx, l, d, a)
	var short *shortError
	switch {
	case errors.As(err, &short):
		return reconcile.Result{Action: a, WaitUntil: short.until}, store.Change{}
	case err != nil:
		return p.refused(a, nil, err)
	}
	d.Order = public(o)
	var made []store.Request // not yet in the books
	until, ca := p.Now().Add(patience), p.at(o.Directory)
	for o.Open() && o.State != record.OrderIssued {
		if o.NextAt.After(until) || p.comesBack(o) {
			return reconcile.Result{Action: a, Order: public(o), WaitUntil: o.NextAt}, store.Change{Order: &o, Requests: made}
		}
		p.crew.patiently(brisk, func() { err = cmp.Or(p.sleepUntil(ctx, o.NextAt), p.ready(ctx, o.Directory)) })
		if err != nil {
			return p.letGo(a, o, made, err)
		}
		var next record.Order
		p.crew.briskly(&p.crew.requests, func() { next, err = p.advanceOrder(ctx, ca, o) })
		ca.heard(err)
		made = append(made, p.requests(o, next)...)
		keep := o.State != next.State && anchors(next)
		o = next
		if err != nil {
			return p.unfinished(l, d, a, o, made, err)
		}
		p.tell(d, "order "+string(o.State))
		if !keep {
			continue
		}
		if err := p.saveOrder(l, &d, o, made); err != nil {
			return p.refused(a, &o, err)
		}
		made = nil
	}
	if !o.Open() { // of another account: given up, and begun anew
		return reconcile.Result{Action: a, Order: public(o)}, store.Change{Order: &o, Requests: made}
	}
	p.noteAccount(ctx, o)
	if err := p.ready(ctx, o.Directory); err != nil { // by another clock it looks expired, or not yet valid
		return p.letGo(a, o, made, err)
	}
	return p.finish(a, o, made)
}

// letGo is an order that stays as it is, with what was asked for it so far.
func (p *pass) letGo(a reconcile.Action, o record.Order, made []store.Request, err error) (reconcile.Result, store.Change) {
	r, c := p.refused(a, &o, err)
	c.Requests = made
	return r, c
}

// prepare makes sure that the CA may be asked, and that challenges can be
// answered until release is called.
func (p *pass) prepare(ctx context.Context, d record.Domain, a reconcile.Action) (release func(), err error) {
	ready := p.ready
	if d.Order == nil || d.Order.State == record.OrderIntent {
		ready = p.open
	}
	p.crew.patiently(brisk, func() {
		if err = ready(ctx, directoryOf(d, a)); err == nil {
			release, err = p.hold(ctx, d)
		}
	})
	return release, err
}

// anchors are the states that are durable before the order goes on. Behind the
// order's URL lie only requests that may be made again: an order that is
// resumed there asks the CA how far it is. Before the CSR is sent comes one more
// write, because whoever lost the lease must not send it; and one before a
// record is put into DNS, where it would stay if nobody knew of it.
func anchors(o record.Order) bool {
	return o.State == record.OrderOrdered || o.State == record.OrderFinalizing || o.State == record.OrderPresented && o.Traces()
}

// directoryOf is the CA that the row's order is at, or goes to.
func directoryOf(d record.Domain, a reconcile.Action) string {
	if d.Order != nil {
		return d.Order.Directory
	}
	return a.Directory
}

// noteAccount remembers which account we are, once a pass and CA: CAA records
// may name it (RFC 8657, section 3).
func (p *pass) noteAccount(ctx context.Context, o record.Order) {
	if o.Account == "" || o.Account == p.meta.CAs[o.Directory].AccountURI {
		return
	}
	p.at(o.Directory).account.Do(func() {
		p.fail(p.remember(ctx, o.Directory, record.Issuer{AccountURI: o.Account}))
	})
}

// unfinished is an order whose step went wrong, with the books told of it.
func (p *pass) unfinished(l store.Lease, d record.Domain, a reconcile.Action, o record.Order, made []store.Request, err error) (reconcile.Result, store.Change) {
	r, c := p.refused(a, &o, err)
	c.Requests = made
	if r.Problem != nil {
		d.Order = public(o)
		p.fail(p.learn(l, store.Change{Domain: d, Order: &o}, r))
	}
	return r, c
}

// openOrder is the order under way, or a new intent, durable before it is
// returned.
func (p *pass) openOrder(ctx context.Context, l store.Lease, d record.Domain, a reconcile.Action) (record.Order, error) {
	if d.Order != nil {
		o, found, err := p.Store.Order(ctx, d.Key)
		switch {
		case err != nil:
			return o, err
		case found && o.State == record.OrderIntent: // asked for once, and perhaps counted
			d.Order = public(o)
			return o, p.spendAgain(l, store.Change{Domain: d})
		case found:
			if o.NextAt.After(p.Now().Add(longestWait)) {
				o.NextAt = time.Time{} // by a clock that was ahead
			}
			return o, nil
		}
	}
	policy := p.policy.At(a.Directory)
	o, err := issue.OpenOrder(policy.Directory, d.Want, p.Form, p.Now())
	if err != nil {
		return o, err
	}
	o.Replaces, o.Exempt = reconcile.Replaces(d, policy, p.Now())
	d.Order = public(o)
	return o, p.spend(l, store.Change{Domain: d, Order: &o})
}

// saveOrder makes the order's new state durable. If it turned out that the CA's
// limits count the order after all, so do the books, whatever is left.
func (p *pass) saveOrder(l store.Lease, d *record.Domain, o record.Order, made []store.Request) error {
	counted := d.Order != nil && d.Order.Exempt && !o.Exempt
	d.Order = public(o)
	c := store.Change{Domain: *d, Order: &o, Requests: made}
	if counted {
		c.Entry = p.entry(p.request(*d), false)
	}
	return p.save(l, c)
}

// public is the order as the row remembers it: without its private key.
func public(o record.Order) *record.Order {
	o.PrivateKey = nil
	return &o
}

// finish checks what the CA returned. Only a pair that is right in every way
// is handed on to be kept; the order is closed either way.
func (p *pass) finish(a reconcile.Action, o record.Order, made []store.Request) (reconcile.Result, store.Change) {
	pair, err := keypair.Check(o.Chain, o.PrivateKey, o.Names, p.Now())
	if err != nil {
		o.State = record.OrderClosed
		return reconcile.Result{Action: a, Order: public(o), Bad: err.Error()}, store.Change{Order: &o, Requests: made}
	}
	pair.Origin, pair.Directory, pair.Account = record.OriginACME, o.Directory, o.Account
	pair.Rekey, pair.IssuedAt = o.Rekey, p.Now()
	o.State = record.OrderDone
	return reconcile.Result{Action: a, Order: public(o), Certificate: &pair.Certificate}, store.Change{Order: &o, Pair: &pair, Requests: made}
}

// refused turns an error into a result: the CA's words, a wrong clock, the end
// of the pass, or our own trouble.
func (p *pass) refused(a reconcile.Action, o *record.Order, err error) (reconcile.Result, store.Change) {
	r := reconcile.Result{Action: a}
	if o != nil {
		r.Order = public(*o)
	}
	var problem *record.Problem
	var unanswered *record.Unanswered
	var clock *ClockError
	var stuck *stuckError
	switch {
	case errors.As(err, &problem):
		r.Problem = problem
	case errors.As(err, &unanswered):
		r.Unanswered = unanswered
	case errors.As(err, &clock), errors.Is(err, store.ErrLeaseLost), p.interrupted(err):
		r.Cancelled = true
	case errors.As(err, &stuck):
		r.Err = p.leftBehind(a.Domain, stuck)
	case p.unplaced(err):
		r.WaitUntil = p.Now().Add(placeAfter)
	case unkept(err) && a.Kind.Orders(): // what the journal has of the order stands
		p.fail(fmt.Errorf("following the order of %s: %w", a.Domain, err))
		r.WaitUntil = p.Now().Add(diskAfter)
	default:
		p.fail(fmt.Errorf("following the order of %s: %w", a.Domain, err))
		r.Err = err.Error()
	}
	return r, store.Change{Order: o}
}

// requests are the irreversible requests that a step made, for the books.
func (p *pass) requests(before, after record.Order) []store.Request {
	kind := map[record.OrderState]string{
		record.OrderIntent:     "newOrder",
		record.OrderPresented:  "challenge",
		record.OrderFinalizing: "finalize",
	}[before.State]
	if kind == "" || after.State == before.State && after.Polls != before.Polls {
		return nil
	}
	return []store.Request{{At: p.bookedAt(before.Directory), Directory: before.Directory, Kind: kind, Key: before.Key}}
}

// sleepUntil sleeps until then, and no longer than a pass has patience, which is
// too short only when the clock was set back.
func (p *pass) sleepUntil(ctx context.Context, at time.Time) error {
	wait := min(at.Sub(p.Now()), patience)
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
