package issue

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// The kinds of requests that a CA's limits tell apart, named as in its directory
// (RFC 8555, section 7.1.1).
const (
	atDirectory   = "directory"
	atNewNonce    = "newNonce"
	atNewAccount  = "newAccount"
	atNewOrder    = "newOrder"
	atRevokeCert  = "revokeCert"
	atRenewalInfo = "renewalInfo"
	atOther       = "other"
)

const (
	// brief is how long a pause may be that is waited for. Who meets a longer one
	// is told, and may do something else.
	brief = 3 * time.Second
	// longestPause bounds what the CA's word can do to all requests of a kind. What
	// it refuses to one order may take longer.
	longestPause = 24 * time.Hour
	// maxSkew is what a clock may differ from the CA's and count as right.
	maxSkew = 5 * time.Minute
)

// gate is what all requests of one kind pass on their way to the CA: no faster
// than its limits allow, and not at all while it wants none.
type gate struct {
	now func() time.Time // that pauses are kept by

	mu    sync.Mutex
	pace  pace
	until time.Time     // no request before
	said  exchange      // the answer that said so
	ahead time.Duration // by how much our clock was too late then, as far as it mattered
	// resumed: none was let through since. The CA's bucket is empty then, so not
	// all who waited go at once.
	resumed bool
}

// gates are those of all kinds.
func gates(r Rates, now func() time.Time) map[string]*gate {
	all := map[string]*gate{}
	for kind, rate := range map[string]Rate{
		atDirectory: r.Directory, atNewNonce: r.NewNonce, atNewAccount: r.NewAccount, atNewOrder: r.NewOrder,
		atRevokeCert: r.RevokeCert, atRenewalInfo: r.RenewalInfo, atOther: r.Other,
	} {
		all[kind] = &gate{now: now, pace: paced(rate)}
	}
	return all
}

// pausedError: the CA wants no request of the kind for longer than is waited for.
type pausedError struct{ answer exchange }

func (e *pausedError) Error() string {
	return fmt.Sprintf("the CA asked for a pause of %s more seconds", e.answer.header.Get("Retry-After"))
}

// enter waits until a request may be sent. An error is the context's or a
// *pausedError, and then nothing may.
func (g *gate) enter(ctx context.Context) error {
	for {
		wait, taken, err := g.take(true)
		if err != nil {
			return err
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		if taken && g.open() { // still: what is said to others holds for who waits, too
			return nil
		}
	}
}

// try takes a turn if it has come, or says how long to wait.
func (g *gate) try() (time.Duration, error) {
	wait, _, err := g.take(false)
	return wait, err
}

// take takes the next turn, ahead of its time if asked to, and says how long it
// is until then.
func (g *gate) take(ahead bool) (wait time.Duration, taken bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.paused(); err != nil {
		return 0, false, err
	}
	if left := g.until.Sub(g.now()); left > 0 {
		return left, false, nil
	}
	now := time.Now()
	if g.resumed {
		g.pace.drain(now)
		g.resumed = false
	}
	wait = g.pace.next(now).Sub(now)
	if taken = ahead || wait == 0; taken {
		g.pace.reserve(now)
	}
	return wait, taken, nil
}

func (g *gate) open() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.until.After(g.now())
}

// paused is the pause, if it is not worth waiting for.
func (g *gate) paused() error {
	left := g.until.Sub(g.now())
	if left <= brief {
		return nil
	}
	again := g.said
	again.header = http.Header{"Retry-After": {strconv.Itoa(int(math.Ceil(left.Seconds())))}}
	return &pausedError{again}
}

// pause holds back all requests of the kind for so long.
func (g *gate) pause(wait time.Duration, said exchange) {
	wait = min(wait, longestPause)
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := g.now().Add(wait); until.After(g.until) {
		g.until, g.said, g.resumed, g.ahead = until, said, true, aheadOf(said, g.now())
	}
}

// aheadOf is by how much the time is past the answer's Date, if that is more than
// the way takes.
func aheadOf(said exchange, now time.Time) time.Duration {
	date, err := http.ParseTime(said.header.Get("Date"))
	if by := now.Sub(date); err == nil && by.Abs() > maxSkew {
		return by
	}
	return 0
}

// heed takes from an answer how long the CA wants no request of the kind. What it
// refuses by 429 to an order is that order's; its limits are kept elsewhere.
func (g *gate) heed(kind string, x exchange) {
	wait, ok := parseRetryAfter(x.header.Get("Retry-After"), x.header.Get("Date"), g.now())
	if !ok || wait <= 0 {
		return
	}
	switch x.status {
	case http.StatusTooManyRequests:
		of := kind == atNewOrder || kind == atOther
		if of && problemOf(x.body).Type == record.ErrorURN+rateLimited {
			return
		}
	case http.StatusServiceUnavailable:
	default:
		return
	}
	g.pause(wait, x)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Pauses are the kinds of requests that the CA wants none of, and until when, as
// far as it is worth remembering. Where its clock and ours disagreed it is by its:
// read again by one that is right, a pause has not become longer.
func (c *CA) Pauses() map[string]time.Time {
	var all map[string]time.Time
	for kind, g := range c.gates {
		g.mu.Lock()
		if left := g.until.Sub(g.now()); left > brief {
			if all == nil {
				all = map[string]time.Time{}
			}
			all[kind] = g.until.Add(-g.ahead)
		}
		g.mu.Unlock()
	}
	return all
}

// Pause holds to what [CA.Pauses] said, in another process perhaps.
func (c *CA) Pause(until map[string]time.Time) {
	for kind, at := range until {
		if g := c.gates[kind]; g != nil {
			if left := at.Sub(g.now()); left > 0 {
				g.pause(left, exchange{status: http.StatusServiceUnavailable, body: []byte(`{"detail":"the CA asked for a pause"}`)})
			}
		}
	}
}

// Paused is why the CA wants no new orders now, or nothing that one needs before
// it brings anything; nil: it takes them.
func (c *CA) Paused() error {
	kinds := []string{atNewOrder, atOther}
	if c.nonces.empty(time.Now()) {
		kinds = append(kinds, atNewNonce)
	}
	for _, kind := range kinds {
		if answer, paused := c.gates[kind].pausedBy(); paused {
			s := &session{ca: c, now: c.gates[kind].now(), last: answer}
			return s.refusal("order")
		}
	}
	return nil
}

// pausedBy is the answer by which the CA wants no request of the kind for longer
// than is waited for.
func (g *gate) pausedBy() (answer exchange, paused bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var why *pausedError
	if !errors.As(g.paused(), &why) {
		return exchange{}, false
	}
	return why.answer, true
}
