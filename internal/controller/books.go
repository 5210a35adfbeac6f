package controller

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/reconcile"
)

// books are what this pass has promised of the CA's limits. Whoever decides or
// books takes turns, so that nobody spends what another just did; against other
// processes the store compares what was seen.
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
	ledger, err := p.Store.Ledger(ctx)
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
		maps.Copy(p.books.promised, reconcile.Spend(dec.Next, ledger, p.policy, now))
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
func (p *pass) spend(ctx context.Context, l store.Lease, c store.Change) error {
	request := reconcile.OrderRequest(c.Domain, p.policy)
	return p.book(ctx, l, c, func(ledger record.Ledger) (record.Ledger, error) {
		now := p.Now()
		if _, at := budget.Allow(ledger, request, p.policy.Limits, now); at.After(now) {
			return nil, &shortError{until: at}
		}
		return reconcile.Spend(c.Domain, ledger, p.policy, now), nil
	})
}

// learn stores what the CA's refusal says about its limits.
func (p *pass) learn(ctx context.Context, l store.Lease, c store.Change, r reconcile.Result) error {
	return p.book(ctx, l, c, func(ledger record.Ledger) (record.Ledger, error) {
		return reconcile.Learn(c.Domain, r, ledger, p.policy, p.Now()), nil
	})
}

// book stores a change together with its entry in the books.
func (p *pass) book(ctx context.Context, l store.Lease, c store.Change, entry func(record.Ledger) (record.Ledger, error)) error {
	p.books.mu.Lock()
	defer p.books.mu.Unlock()
	for {
		ledger, err := p.Store.Ledger(ctx)
		if err != nil {
			return err
		}
		if c.Spent, err = entry(ledger); err != nil {
			return err
		}
		c.Seen = ledger
		if err := p.save(l, c); !errors.Is(err, store.ErrLedgerMoved) {
			return err
		}
	}
}
