package controller

import (
	"context"
	"time"

	"github.com/acmsync/acmsync/internal/beside"
)

const (
	// reportEvery is how often status is committed while work goes on.
	reportEvery = 30 * time.Second
	// shortPause is how long it is waited at least for those that are not done
	// yet, when all others are; see pauseFor.
	shortPause = 100 * time.Millisecond
)

// reportMeanwhile commits status while work goes on, until stop is called: every
// so often, so that a long pass can be watched from the repository, and when all
// is done but for domains that something slow is waited for.
func (p *pass) reportMeanwhile(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var done beside.Group
	began := time.Now()
	done.Go(func() {
		tick := time.NewTicker(reportEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				p.fail(p.safely("telling the status", p.report))
			case <-p.crew.idle:
				if p.stillWaiting(ctx, pauseFor(time.Since(began))) && p.mayTell(time.Now()) {
					p.fail(p.safely("telling the status", p.report))
				}
			}
		}
	})
	return func() { cancel(); done.Wait() }
}

// pauseFor is how long the slowest are waited for before the others are told of
// without them: in proportion to what took so long, since each commit is one more
// line of history.
func pauseFor(took time.Duration) time.Duration {
	return min(max(took/10, shortPause), 5*time.Second)
}

// stillWaiting reports whether, after a pause, there is something to tell and
// nothing else to do.
func (p *pass) stillWaiting(ctx context.Context, long time.Duration) bool {
	before := p.steps()
	if before == 0 {
		return false
	}
	pause(ctx, long)
	return ctx.Err() == nil && p.crew.waiting() && p.steps() == before
}

// earlyAtOnce is how many reports may come before their time, one for each
// reportEvery since; passes together.
const earlyAtOnce = 3

// mayTell takes the right to one such report, if there is one.
func (p *pass) mayTell(now time.Time) bool {
	if p.early.Sub(now) > (earlyAtOnce-1)*reportEvery {
		return false
	}
	if p.early.Before(now) {
		p.early = now
	}
	p.early = p.early.Add(reportEvery)
	return true
}

func (p *pass) steps() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.result.Stepped
}
