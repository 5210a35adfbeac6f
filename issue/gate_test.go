package issue

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// crowd enters the gate with so many at once, and says when each got through.
func crowd(ctx context.Context, g *gate, n int) (through []time.Time, failed []error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			err := g.enter(ctx)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = append(failed, err)
				return
			}
			through = append(through, time.Now())
		})
	}
	all.Wait()
	return through, failed
}

func testGate(r Rate) *gate { return &gate{now: time.Now, pace: paced(r)} }

func TestACrowdIsSpread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		through, _ := crowd(t.Context(), testGate(Rate{Count: 10, Per: time.Second}), 64)
		// 3 at once, then 5 a second.
		if last := through[63].Sub(start); len(through) != 64 || last != 61*200*time.Millisecond {
			t.Errorf("%d went through, the last after %s", len(through), last)
		}
	})
}

func TestACancelledWaitEndsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		through, failed := crowd(ctx, testGate(Rate{Count: 2, Per: time.Minute}), 8)
		if took := time.Since(start); len(through) != 1 || len(failed) != 7 || took != time.Second {
			t.Errorf("%d went through, %v after %s", len(through), failed, took)
		}
		for _, err := range failed {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		}
	})
}

func busy(after string) exchange {
	return exchange{status: http.StatusServiceUnavailable, header: http.Header{"Retry-After": {after}}, body: []byte(`{"detail":"busy"}`)}
}

// TestAShortPauseIsWaitedFor: also by those who were in the queue when the CA
// said so, and afterwards they do not all go at once.
func TestAShortPauseIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, start := testGate(Rate{Count: 10, Per: time.Second}), time.Now()
		time.AfterFunc(500*time.Millisecond, func() { g.heed(atOther, busy("2")) })
		through, failed := crowd(t.Context(), g, 20)
		if len(failed) > 0 {
			t.Fatal(failed)
		}
		over, before := start.Add(2500*time.Millisecond), 0
		for i, at := range through {
			switch {
			case !at.After(start.Add(500 * time.Millisecond)):
				before++
			case at.Before(over):
				t.Errorf("one went through %s after the beginning", at.Sub(start))
			case i > before && at.Sub(through[i-1]) < 200*time.Millisecond:
				t.Errorf("two went through at once after the pause, at %s", at.Sub(start))
			}
		}
		if before != 5 {
			t.Errorf("%d went through before the pause, want 5", before)
		}
	})
}

// TestAPauseEmptiesTheBucket: those who come during a pause do not all go at once
// when it is over.
func TestAPauseEmptiesTheBucket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, start := testGate(Rate{Count: 10, Per: time.Second}), time.Now()
		g.heed(atOther, busy("2"))
		through, _ := crowd(t.Context(), g, 4)
		for i, at := range through {
			if want := 2*time.Second + time.Duration(i)*200*time.Millisecond; at.Sub(start) != want {
				t.Errorf("number %d went through after %s, want %s", i, at.Sub(start), want)
			}
		}
	})
}

// TestALongPauseIsTold to all at once, in the CA's words, and ends.
func TestALongPauseIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, start := testGate(Rate{}), time.Now()
		g.heed(atNewOrder, busy("60"))
		time.Sleep(10 * time.Second)
		_, failed := crowd(t.Context(), g, 8)
		if len(failed) != 8 || time.Since(start) != 10*time.Second {
			t.Fatalf("%v after %s", failed, time.Since(start))
		}
		var paused *pausedError
		if !errors.As(failed[0], &paused) || paused.answer.header.Get("Retry-After") != "50" || string(paused.answer.body) != `{"detail":"busy"}` {
			t.Errorf("got %#v", failed[0])
		}
		time.Sleep(50 * time.Second)
		if err := g.enter(t.Context()); err != nil {
			t.Error(err)
		}
		g.heed(atNewOrder, busy("99999999999"))
		time.Sleep(longestPause)
		if err := g.enter(t.Context()); err != nil {
			t.Errorf("a day later: %v", err)
		}
	})
}

// TestWhatIsNoPause: an order's own refusal, and what names no time.
func TestWhatIsNoPause(t *testing.T) {
	t.Parallel()
	limited := []byte(`{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many certificates"}`)
	after := http.Header{"Retry-After": {"3600"}}
	for name, c := range map[string]struct {
		kind  string
		said  exchange
		pause bool
	}{
		"429 to an order":               {atNewOrder, exchange{status: 429, header: after, body: limited}, false},
		"429 to a challenge":            {atOther, exchange{status: 429, header: after, body: limited}, false},
		"429 from a proxy":              {atNewOrder, exchange{status: 429, header: after, body: []byte("<html>")}, true},
		"429 to a nonce":                {atNewNonce, exchange{status: 429, header: after, body: limited}, true},
		"429 to an account":             {atNewAccount, exchange{status: 429, header: after, body: limited}, true},
		"503":                           {atNewOrder, exchange{status: 503, header: after, body: limited}, true},
		"503 that names no time":        {atNewOrder, exchange{status: 503, header: http.Header{}}, false},
		"500":                           {atOther, exchange{status: 500, header: after}, false},
		"an order that is not done yet": {atOther, exchange{status: 200, header: after}, false},
	} {
		g := testGate(Rate{})
		g.heed(c.kind, c.said)
		if err := g.enter(t.Context()); (err != nil) != c.pause {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAPauseOfAWrongClock: what is remembered of it is right once the clock is.
func TestAPauseOfAWrongClock(t *testing.T) {
	t.Parallel()
	right := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	for _, off := range []time.Duration{0, 10 * time.Hour, -10 * time.Hour} {
		wrong := New(Config{Now: func() time.Time { return right.Add(off) }})
		said := busy("600")
		said.header.Set("Date", right.Format(http.TimeFormat))
		wrong.gates[atDirectory].heed(atDirectory, said)
		again := New(Config{Now: func() time.Time { return right }})
		again.Pause(wrong.Pauses())
		if until := again.Pauses()[atDirectory]; !until.Equal(right.Add(600 * time.Second)) {
			t.Errorf("%s off: it lasts until %s", off, until)
		}
	}
}
