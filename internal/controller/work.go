package controller

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/acmsync/acmsync/internal/store"
)

const (
	// reportEvery is how often status is committed while work goes on.
	reportEvery = 30 * time.Second
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
	var group sync.WaitGroup
	for range p.Concurrency {
		group.Go(func() { p.fail(p.worker(ctx, seen)) })
	}
	group.Wait()
}

func (p *pass) worker(ctx context.Context, seen *claims) error {
	for ctx.Err() == nil {
		leases, err := p.Store.Claim(ctx, owner, p.Now(), 1, p.Lease)
		if errors.Is(err, store.ErrBusy) {
			continue // another process writes for long; the store has waited for it
		}
		if err == nil && len(leases) == 0 && p.awaitReturn(ctx) {
			continue
		}
		if err != nil || len(leases) == 0 {
			return err
		}
		if !seen.fresh(leases[0].Key) {
			return p.Store.Release(ctx, leases[0], later(leases[0].Domain, p.Now().Add(time.Minute)))
		}
		p.step(ctx, leases[0])
	}
	return nil
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
	go func() {
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
	}()
	return ctx, cancel
}

// reportMeanwhile commits status every so often until stop is called, so that
// a long pass can be watched from the repository.
func (p *pass) reportMeanwhile(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(reportEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				p.fail(p.report())
			}
		}
	})
	return func() { cancel(); done.Wait() }
}
