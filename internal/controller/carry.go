package controller

import (
	"context"
	"time"

	"github.com/acmsync/acmsync/internal/beside"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/reconcile"
)

// carryOut does the actions in turn, but those for deploy targets side by side:
// one that hangs delays no other. A failed one ends the round: the row is decided
// on afresh. more is false when the row cannot move now.
func (p *pass) carryOut(ctx context.Context, l store.Lease, d record.Domain, actions []reconcile.Action) (_ record.Domain, more bool, err error) {
	for len(actions) > 0 {
		n := together(actions)
		var some ended
		if actions[0].Kind.Orders() { // which sees to its pauses itself
			d, some, err = p.group(ctx, l, d, actions[:n])
		} else {
			p.crew.briskly(&p.crew.hands, func() { d, some, err = p.group(ctx, l, d, actions[:n]) })
		}
		switch {
		case err != nil || some.waits:
			return d, false, err
		case some.failed:
			return d, true, nil
		}
		actions = actions[n:]
	}
	return d, true, nil
}

// together is how many of the first actions are begun at once.
func together(actions []reconcile.Action) int {
	n := 1
	for actions[0].Kind == reconcile.Deploy && n < len(actions) && actions[n].Kind == reconcile.Deploy {
		n++
	}
	return n
}

// ended says what is among the results of a group.
type ended struct{ waits, failed bool }

// group carries out actions at once and takes in each result as it comes.
func (p *pass) group(ctx context.Context, l store.Lease, d record.Domain, actions []reconcile.Action) (_ record.Domain, some ended, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for done := range p.begun(ctx, l, d, actions) {
		if err != nil {
			continue
		}
		if d, err = p.settled(ctx, l, d, done); err != nil {
			cancel() // what else was begun is waited for, and counts no more
		}
		some.waits = some.waits || done.result.Cancelled || !done.result.WaitUntil.IsZero()
		some.failed = some.failed || failed(done.result)
	}
	return d, some, err
}

// done is an action that was carried out, and what is to be kept of it.
type done struct {
	action reconcile.Action
	result reconcile.Result
	change store.Change
}

// begun carries out actions and hands over each when it is done.
func (p *pass) begun(ctx context.Context, l store.Lease, d record.Domain, actions []reconcile.Action) <-chan done {
	all := make(chan done, len(actions))
	one := func(a reconcile.Action) {
		r, c := p.guarded(ctx, l, d, a)
		all <- done{a, r, c}
	}
	for _, a := range actions {
		p.tell(d, doing(a))
		if a.Urged {
			p.Log.Warn("replaced before its time", "domain", d.Name(), "serial", d.Certificate.Serial, "why", a.Why)
		}
	}
	if len(actions) == 1 {
		one(actions[0])
		close(all)
		return all
	}
	var group beside.Group
	for _, a := range actions {
		group.Go(func() { one(a) })
	}
	go func() {
		_ = beside.Run(group.Wait)
		close(all)
	}()
	return all
}

// settled takes the result of an action into the row, durably.
func (p *pass) settled(ctx context.Context, l store.Lease, d record.Domain, done done) (record.Domain, error) {
	d = reconcile.Settle(d, done.result, p.policy, p.Now())
	change := done.change
	change.Domain, change.Order = d, journalled(d, change.Order)
	change.Forget = done.action.Kind == reconcile.Forget && reconcile.Finished(d, p.policy, p.Now())
	if change.Forget {
		p.tidyDNS(ctx, d.Key)
	}
	if err := p.save(l, change); err != nil || change.Forget {
		return d, dropped(err, change.Forget)
	}
	p.count(1, 0)
	return d, nil
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
