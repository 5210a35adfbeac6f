package controller

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/reconcile"
)

// books are what this pass has promised of the CA's limits. Whoever decides
// takes turns, so that nobody is promised what another just was. The entry
// itself is made in the transaction of the intent, which holds against other
// processes too; nobody waits for the disk with the turn held.
type books struct {
	mu sync.Mutex
	// promised is spent by orders that were decided on and are not yet opened.
	promised record.Ledger
}

// shortError: between the decision and the intent another process spent what
// was left.
type shortError struct{ until time.Time }

func (e *shortError) Error() string {
	return fmt.Sprintf("the CA's limits leave nothing before %s", e.until.UTC().Format(time.RFC3339))
}

// afford holds back a new order that the CA's limits do not allow, and sets
// aside what the others need.
func (p *pass) afford(ctx context.Context, dec reconcile.Decision, now time.Time) (reconcile.Decision, error) {
	if !opens(dec) {
		return dec, nil
	}
	p.books.mu.Lock()
	defer p.books.mu.Unlock()
	ledger, err := p.Store.Ledger(ctx, reconcile.Needs(dec, p.policy, now)...)
	if err != nil {
		return reconcile.Decision{}, err
	}
	for bucket, full := range p.books.promised {
		if full.After(ledger[bucket]) {
			ledger[bucket] = full
		}
	}
	dec = reconcile.Afford(dec, p.turns.of(dec.Next.Key), ledger, p.policy, now)
	if opens(dec) {
		if p.books.promised == nil {
			p.books.promised = record.Ledger{}
		}
		maps.Copy(p.books.promised, reconcile.Spend(dec.Next, ledger, p.policy.At(dec.Actions[0].Directory), now))
	}
	return dec, nil
}

// opens reports whether the decision begins an order, and so draws on a limit.
func opens(dec reconcile.Decision) bool {
	for _, a := range dec.Actions {
		if a.Kind.Orders() {
			return dec.Next.Order == nil
		}
	}
	return false
}

// spend stores a new intent together with what it costs of the CA's limits. The
// error is a shortError when they leave nothing.
func (p *pass) spend(l store.Lease, c store.Change) error {
	c.Entry = p.entry(p.request(c.Domain), true)
	return p.save(l, c)
}

// spendAgain is spend for an intent that is sent a second time.
func (p *pass) spendAgain(l store.Lease, c store.Change) error {
	request := p.request(c.Domain)
	c.Entry = p.entry(budget.Again(request, p.policy.At(request.Directory).Limits), true)
	return p.save(l, c)
}

// entry books a request; held: only if the books allow it.
func (p *pass) entry(request budget.Request, held bool) *store.Entry {
	return &store.Entry{Buckets: request.Buckets(), Book: func(ledger record.Ledger) (record.Ledger, error) {
		now, limits := p.Now(), p.policy.At(request.Directory).Limits
		if _, at := budget.Allow(ledger, request, limits, now); held && at.After(now) {
			return nil, &shortError{until: at}
		}
		return budget.Spend(ledger, request, limits, now), nil
	}}
}

// booked adds to the change what the books learn from a new certificate. d is
// the row as it was ordered for.
func (p *pass) booked(d record.Domain, c store.Change, r reconcile.Result) store.Change {
	if r.Certificate != nil && c.Order != nil && c.Entry == nil {
		d.Order = public(*c.Order)
		d.Order.State = record.OrderFinalizing // as it was when the CA counted it
		c.Entry = &store.Entry{Buckets: p.request(d).Buckets(), Book: p.learns(d, r)}
	}
	return c
}

func (p *pass) request(d record.Domain) budget.Request {
	return reconcile.OrderRequest(d, p.policy, p.Now())
}

func (p *pass) learns(d record.Domain, r reconcile.Result) func(record.Ledger) (record.Ledger, error) {
	return func(ledger record.Ledger) (record.Ledger, error) {
		return reconcile.Learn(d, r, ledger, p.policy, p.Now()), nil
	}
}

// learn stores what the CA's refusal says about its limits.
func (p *pass) learn(l store.Lease, c store.Change, r reconcile.Result) error {
	c.Entry = &store.Entry{Buckets: p.request(c.Domain).Buckets(r.Problem.Name), Book: p.learns(c.Domain, r)}
	return p.save(l, c)
}
