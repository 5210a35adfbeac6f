package controller

import (
	"context"
	"sync"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// turns are when each row may order that contends for what the CA's limits
// leave, by key. Rows that are not in it contend with nobody.
type turns struct {
	mu sync.Mutex
	at map[string]budget.Turn
}

func (t *turns) of(key string) budget.Turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at[key]
}

func (t *turns) set(at map[string]budget.Turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at = at
}

// tight reports whether somebody has to wait for a turn.
func (t *turns) tight(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, turn := range t.at {
		if turn.At.After(now) {
			return true
		}
	}
	return false
}

// lineUp makes the order in which those that are due now, and those that wait
// for a limit, may go on, and calls those whose turn has come before its time.
// called: there are some.
func (p *pass) lineUp(ctx context.Context) (called bool, err error) {
	now := p.Now()
	rows, err := p.Store.Contenders(ctx, now)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	at, err := p.turnsOf(ctx, rows, now)
	if err != nil {
		return false, err
	}
	p.turns.set(at)
	keys := early(rows, at, now)
	if len(keys) == 0 {
		return false, nil
	}
	return true, p.Store.Call(ctx, keys, now)
}

func (p *pass) turnsOf(ctx context.Context, rows []record.Domain, now time.Time) (map[string]budget.Turn, error) {
	ledger, err := p.Store.Books(ctx)
	if err != nil {
		return nil, err
	}
	return reconcile.Turns(rows, ledger, p.policy, now), nil
}

// leftOver reports whether the limits leave something to those that wait, since
// some whose turn it was could not use it, and calls them.
func (p *pass) leftOver(ctx context.Context) bool {
	if ctx.Err() != nil || !p.turns.tight(p.Now()) {
		return false
	}
	called, err := p.lineUp(ctx)
	p.fail(err)
	return called && err == nil
}

// early are the rows that wait longer than they have to.
func early(rows []record.Domain, at map[string]budget.Turn, now time.Time) []string {
	var keys []string
	for _, d := range rows {
		if turn, in := at[d.Key]; in && !turn.At.After(now) && d.Due.After(now) {
			keys = append(keys, d.Key)
		}
	}
	return keys
}

// share hands out what the CA's limits leave to those that would order.
func (p *pass) share(ctx context.Context, decisions []reconcile.Decision, now time.Time) error {
	var rows []record.Domain
	for _, dec := range decisions {
		if opens(dec) {
			rows = append(rows, dec.Next)
		}
	}
	at, err := p.turnsOf(ctx, rows, now)
	if err != nil {
		return err
	}
	p.turns.set(at)
	for i, dec := range decisions {
		if decisions[i], err = p.afford(ctx, dec, now); err != nil {
			return err
		}
	}
	return nil
}
