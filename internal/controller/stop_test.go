package controller_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/lab/leak"
	"github.com/acmsync/acmsync/internal/record"
)

// TestStoppedInTheMiddleOfAnOrder: the pass returns within seconds whatever
// hangs, counts no attempt, and the next one finishes the same order.
func TestStoppedInTheMiddleOfAnOrder(t *testing.T) {
	t.Parallel()
	for _, kind := range []ca.Kind{ca.NewOrder, ca.Authz, ca.Challenge, ca.Finalize, ca.Cert} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := begin(t)
			w.shop("www.shop.example")
			ctx, cancel := context.WithCancel(t.Context())
			remove := w.CA.Before(kind, cancel)
			heal := w.CA.Fault(ca.Of(kind), ca.Fault{Delay: time.Minute})
			began := time.Now()
			r := w.Pass(ctx)
			if took := time.Since(began); took > 10*time.Second || r.Failure != nil || !r.Unfinished {
				t.Errorf("stopped after %s with %+v", took, r)
			}
			d := w.domain("www.shop.example")
			if d.Attempt.Count != 0 || d.Due.After(w.clock.now()) || d.Order == nil {
				t.Errorf("%d attempts, due %s, order %v; want it due at once", d.Attempt.Count, d.Due, d.Order)
			}
			remove()
			heal()
			w.pass()
			w.wantIssued("www.shop.example")
		})
	}
}

// TestStoppedWhileLooking: neither an edge nor a DNS server that hangs holds up
// the end.
func TestStoppedWhileLooking(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.Edge.Behave("www.shop.example", edge.Behaviour{Hang: true})
	w.shop("www.shop.example")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan controller.Result, 1)
	go func() { ended <- w.Pass(ctx) }()
	eventually(t, "the probe", func() bool { return len(w.Edge.Requests()) > 0 })
	cancel()
	if r := <-ended; r.Failure != nil || !r.Unfinished {
		t.Errorf("ended with %+v", r)
	}
	if d := w.domain("www.shop.example"); d.Attempt.Count != 0 || d.State == record.Failing {
		t.Errorf("the stop counts as a failure: %s, %v", d.State, d.Findings)
	}
	w.Edge.Behave("www.shop.example", edge.Behaviour{})
	w.pass()
	w.wantIssued("www.shop.example")
}

// TestLongOrderSpansPasses: while the CA says to come back later the order
// waits, its pass ends, passes in between ask nothing, and it is then finished.
func TestLongOrderSpansPasses(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.CA.Fault(ca.Naming("slow.shop.example", ca.Writes(ca.Challenge)), ca.Fault{Header: http.Header{"Retry-After": {"3600"}}})
	w.shop("slow.shop.example", "www.shop.example")
	w.pass()
	w.wantIssued("www.shop.example")
	d := w.domain("slow.shop.example")
	wait := d.Due.Sub(w.clock.now())
	if d.Order == nil || d.State != record.DNSVerified || (wait-time.Hour).Abs() > time.Minute || d.Attempt.Count != 0 {
		t.Fatalf("%s, order %+v, due in %s", d.State, d.Order, wait)
	}
	w.CA.Forget()
	w.pass()
	w.replace()
	w.pass()
	if n := w.CA.Count(); n > 0 {
		t.Errorf("%d requests before the time", n)
	}
	w.forward(wait + time.Second)
	w.pass()
	w.wantIssued("slow.shop.example")
	if n := w.CA.Count(ca.NewOrder); n > 0 {
		t.Errorf("%d further orders", n)
	}
}

// TestShortPausesAreWaitedOut: a CA that asks for a second is given it within
// the pass.
func TestShortPausesAreWaitedOut(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.CA.Fault(ca.Writes(ca.Challenge), ca.Fault{Header: http.Header{"Retry-After": {"1"}}})
	w.shop("www.shop.example")
	began := time.Now()
	w.pass()
	w.wantIssued("www.shop.example")
	if took := time.Since(began); took < time.Second {
		t.Errorf("a pause of a second was cut to %s", took)
	}
}

// TestUntilWaitsForWhatBecomesDue: an order that the CA puts off past one pass
// is waited for, if the time allows; what lies beyond it is not.
func TestUntilWaitsForWhatBecomesDue(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.CA.Fault(ca.Writes(ca.Challenge), ca.Fault{Header: http.Header{"Retry-After": {"33"}}, Times: 1})
	w.shop("www.shop.example")
	w.pass()
	if d := w.domain("www.shop.example"); d.Order == nil {
		t.Fatalf("%s: not put off", d.State)
	}
	// Most of the pause is over.
	w.forward(32 * time.Second)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if r := w.Until(ctx); r.Failure != nil || r.Unfinished || r.Stepped == 0 {
		t.Errorf("ended with %+v", r)
	}
	if ctx.Err() != nil {
		t.Error("it waited for what is due tomorrow")
	}
	w.wantIssued("www.shop.example")
}

// TestLoopEndsAndLeavesNothing: the daemon issues what is pushed, ends when it
// is told to, and no goroutine of ours stays behind.
func TestLoopEndsAndLeavesNothing(t *testing.T) {
	l := begin(t)
	before := goleak.IgnoreCurrent()
	loop := l.another()
	l.shop("www.shop.example")
	ctx, cancel := context.WithCancel(t.Context())
	passes := make(chan controller.Result)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		loop.Run(ctx, controller.Loop{Interval: time.Second, After: func(r controller.Result) { passes <- r }})
	}()
	if r := <-passes; r.Failure != nil || r.Acted == 0 {
		t.Errorf("the first pass: %+v", r)
	}
	l.shop("www.shop.example", "new.shop.example")
	if r := <-passes; r.Failure != nil || r.Acted == 0 {
		t.Errorf("the second pass: %+v", r)
	}
	cancel()
	<-ended
	l.wantIssued("www.shop.example", "new.shop.example")
	if err := loop.Close(); err != nil {
		t.Error(err)
	}
	if err := goleak.Find(append(leak.Meanwhile(), before)...); err != nil {
		t.Error(err)
	}
}
