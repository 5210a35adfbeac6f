package controller

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/acmsync/acmsync/internal/beside"
	"github.com/acmsync/acmsync/internal/store"
)

const (
	// maxClaims bounds how often one pass takes up the same row: a row that is
	// always due is a fault of ours, and must not keep the pass from ending.
	maxClaims = 8
)

// work steps every row that is due, side by side, until none can move now.
func (p *pass) work(ctx context.Context) error {
	if err := p.introduce(ctx); err != nil {
		return err
	}
	stop := p.reportMeanwhile(ctx)
	defer stop()
	seen := &claims{count: map[string]int{}}
	if err := p.backToNow(ctx); err != nil {
		return err
	}
	if _, err := p.lineUp(ctx); err != nil {
		return err
	}
	p.workers(ctx, seen)
	for round := 1; round < maxClaims && p.leftOver(ctx); round++ {
		p.workers(ctx, seen)
	}
	p.settleParked()
	p.tidyDNS(ctx, "")
	return p.awaitOthers(ctx)
}

func (p *pass) workers(ctx context.Context, seen *claims) {
	p.crew.muster(func() (spare bool) {
		for ctx.Err() == nil {
			if p.crew.quit(true) {
				return true
			}
			more, err := p.turn(ctx, seen)
			p.fail(err)
			if err != nil || !more && !p.awaitReturn(ctx) {
				return false
			}
		}
		return false
	})
}

// turn steps the next row that is due; more is false when there is none.
func (p *pass) turn(ctx context.Context, seen *claims) (more bool, err error) {
	defer func() {
		if !more {
			p.crew.look()
		}
	}()
	p.crew.seat()
	defer p.crew.rise()
	leases, err := p.Store.Claim(ctx, owner, p.Now(), 1, p.Lease)
	switch {
	case errors.Is(err, store.ErrBusy):
		return true, nil // another process writes for long; the store has waited for it
	case err != nil || len(leases) == 0:
		return false, err
	case !seen.fresh(leases[0].Key):
		return true, p.Store.Release(ctx, leases[0], later(leases[0].Domain, p.Now().Add(time.Minute)))
	}
	p.stepSafely(ctx, leases[0])
	return true, nil
}

// stepSafely is step, but for a panic outside of what is done for the row itself:
// the lease is then kept no longer, and ends by itself.
func (p *pass) stepSafely(ctx context.Context, l store.Lease) {
	ctx, cancel := p.keep(ctx, l)
	if broke := beside.Run(func() { p.step(ctx, cancel, l) }); broke != nil {
		cancel()
		p.fail(fmt.Errorf("working on %s: %s", l.Domain.Name(), p.panicked(l.Domain, broke)))
	}
}

// owner names this program in the lease column; the store adds the process.
const owner = "acmsync"

// claims counts how often each row was taken up in a pass.
type claims struct {
	mu    sync.Mutex
	count map[string]int
}

func (c *claims) fresh(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count[key]++
	return c.count[key] <= maxClaims
}

// awaitOthers says whether another process still works on something that is
// due; whoever waits for a pass waits for that too.
func (p *pass) awaitOthers(ctx context.Context) error {
	if ctx.Err() != nil {
		return nil
	}
	busy, err := p.Store.Busy(ctx, p.Now())
	if busy > 0 {
		p.result.Unfinished = true
	}
	return err
}

// keep extends the lease until cancel is called. When the lease is lost, or
// could not be extended for so long that it soon will be, the context it returns
// ends, and with it every request under way: somebody else may have the row.
func (p *pass) keep(ctx context.Context, l store.Lease) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	extend := func() {
		every := p.Lease / 6
		tick := time.NewTicker(every)
		defer tick.Stop()
		for extended := time.Now(); ; {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			err := p.Store.Extend(ctx, l, p.Lease)
			if err == nil {
				extended = time.Now()
			} else if errors.Is(err, store.ErrLeaseLost) || time.Since(extended) > p.Lease-2*every {
				cancel()
			}
		}
	}
	go func() {
		if broke := beside.Run(extend); broke != nil {
			p.panicked(l.Domain, broke)
			cancel()
		}
	}()
	return ctx, cancel
}
