package issue

import (
	"sync"
	"time"
)

// pace spreads requests as a token bucket does: burst at once, then one each
// interval. It may be used by many goroutines.
type pace struct {
	interval time.Duration
	burst    int

	mu   sync.Mutex
	full time.Time // when the bucket will be full again
}

// noncePace is half of what Let's Encrypt allows for newNonce (20 a second,
// bursts of 10; "Rate Limits" in its documentation), which counts by address:
// others behind ours may ask, too.
func noncePace() *pace { return &pace{interval: 100 * time.Millisecond, burst: 5} }

// take takes a token, or says how long there will be none.
func (p *pace) take(now time.Time) (wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.full.Before(now) {
		p.full = now
	}
	next := p.full.Add(p.interval)
	if wait := next.Sub(now) - time.Duration(p.burst)*p.interval; wait > 0 {
		return wait
	}
	p.full = next
	return 0
}
