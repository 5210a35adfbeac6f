package reconcile_test

import (
	"maps"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// order is controller.order: an intent that is paid for when it is opened, sent
// again and paid for again if nobody answered, and followed to its end.
func (y *year) order(d record.Domain, a reconcile.Action) reconcile.Result {
	r := reconcile.Result{Action: a, Order: d.Order}
	if d.Order == nil {
		r.Order = y.open(d)
	} else if d.Order.State == record.OrderIntent {
		again := budget.Again(reconcile.OrderRequest(d, y.policy, y.now), y.policy.Limits)
		if _, at := budget.Allow(y.books, again, y.policy.Limits, y.now); at.After(y.now) {
			r.WaitUntil = at
			return r
		}
		maps.Copy(y.books, budget.Spend(y.books, again, y.policy.Limits, y.now))
	}
	if r.Order.State == record.OrderIntent {
		if r.Problem = y.send(d, r.Order); r.Problem != nil {
			if r.Problem.Status != 0 {
				r.Order = inState(r.Order, record.OrderClosed)
			}
			return r
		}
		r.Order = inState(r.Order, record.OrderOrdered)
		r.Order.URL = "https://ca.test/o/" + r.Order.ID
		if y.random.Float64() < y.slow {
			r.WaitUntil = y.now.Add(time.Duration(y.random.Int64N(int64(time.Hour))))
			r.Order.NextAt = r.WaitUntil
			return r
		}
	}
	return y.finish(d, r)
}

// open makes the intent and pays for it.
func (y *year) open(d record.Domain) *record.Order {
	o := &record.Order{ID: d.Key, Key: d.Key, Directory: y.policy.Directory, Names: d.Names, State: record.OrderIntent, OpenedAt: y.now}
	o.Replaces, o.Exempt = reconcile.Replaces(d, y.policy, y.now)
	d.Order = o
	maps.Copy(y.books, reconcile.Spend(d, y.books, y.policy, y.now))
	return o
}

// send is newOrder. In an outage half of what is sent is counted and not
// answered.
func (y *year) send(d record.Domain, o *record.Order) *record.Problem {
	down := y.ca.down(y.now)
	if down && y.random.IntN(2) == 0 {
		return &record.Problem{During: "order", Detail: "connection refused"}
	}
	refused := y.ca.newOrder(d.Key, registered(d.Key), o.Exempt, y.now)
	if down {
		return &record.Problem{During: "order", Detail: "no answer"}
	}
	return refused
}

// finish validates and issues.
func (y *year) finish(d record.Domain, r reconcile.Result) reconcile.Result {
	if y.ca.down(y.now) {
		r.Problem = &record.Problem{During: "finalize", Status: 503, Detail: "unavailable"}
		return r
	}
	if y.bad[d.Key] {
		y.ca.fail(d.Key, y.now)
		r.Order = inState(r.Order, record.OrderClosed)
		r.Problem = &record.Problem{
			Type: record.ErrorURN + "unauthorized", Status: 403, During: "challenge", Name: d.Key, Detail: "wrong answer",
		}
		return r
	}
	c := y.ca.issue(d.Key, registered(d.Key), r.Order.Exempt, y.now)
	c.Directory, c.Account = y.policy.Directory, y.policy.Platform.AccountURI
	c.Names = d.Names
	r.Certificate = &c
	r.Order = inState(r.Order, record.OrderDone)
	return r
}
