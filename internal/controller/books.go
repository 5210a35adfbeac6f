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
	buckets := reconcile.Needs(dec, p.policy, now)
	ledger, err := p.Store.Ledger(ctx, buckets...)
	if err != nil {
		return reconcile.Decision{}, err
	}
	for bucket, full := range p.books.promised {
		if full.After(ledger[bucket]) {
			ledger[bucket] = full
		}
	}
	dec = reconcile.Afford(dec, ledger, p.policy, now)
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
	c.Entry = p.entry(c.Domain, func(ledger record.Ledger, request budget.Request) error {
		now := p.Now()
		if _, at := budget.Allow(ledger, request, p.policy.At(request.Directory).Limits, now); at.After(now) {
			return &shortError{until: at}
		}
		return nil
	})
	return p.save(l, c)
}

// entry books the row's order, if the books allow it.
func (p *pass) entry(d record.Domain, allow func(record.Ledger, budget.Request) error) *store.Entry {
	request := reconcile.OrderRequest(d, p.policy, p.Now())
	return &store.Entry{Buckets: request.Buckets(), Book: func(ledger record.Ledger) (record.Ledger, error) {
		if allow != nil {
			if err := allow(ledger, request); err != nil {
				return nil, err
			}
		}
		return reconcile.Spend(d, ledger, p.policy, p.Now()), nil
	}}
}

// learn stores what the CA's refusal says about its limits.
func (p *pass) learn(l store.Lease, c store.Change, r reconcile.Result) error {
	buckets := reconcile.OrderRequest(c.Domain, p.policy, p.Now()).Buckets(r.Problem.Name)
	c.Entry = &store.Entry{Buckets: buckets, Book: func(ledger record.Ledger) (record.Ledger, error) {
		return reconcile.Learn(c.Domain, r, ledger, p.policy, p.Now()), nil
	}}
	return p.save(l, c)
}
