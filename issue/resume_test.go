package issue_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
)

// pursueThrough is pursue for a CA that loses things: outages are no reason to
// give up. Every step is taken by a program that was just started.
func (l *lab) pursueThrough(o record.Order) record.Order {
	l.t.Helper()
	for steps := 0; o.Open() && o.State != record.OrderIssued; steps++ {
		if steps > 100 {
			l.t.Fatalf("no end in sight: the order is still %s", o.State)
		}
		if err := pause(l.t.Context(), time.Until(o.NextAt)); err != nil {
			l.t.Fatal(err)
		}
		next, err := l.client().Advance(l.t.Context(), o, l.listener, time.Now())
		if err != nil && !problem(l.t, err).Outage() {
			l.t.Fatal(err)
		}
		o = next
	}
	return o
}

func TestLostMessagesCostNoSecondCertificate(t *testing.T) {
	t.Parallel()
	kinds := map[string]func(*ca.Request) bool{
		"newAccount":   ca.Writes(ca.NewAccount),
		"newOrder":     ca.Writes(ca.NewOrder),
		"authz":        ca.Reads(ca.Authz),
		"challenge":    ca.Writes(ca.Challenge),
		"order":        ca.Reads(ca.Order),
		"finalize":     ca.Writes(ca.Finalize),
		"cert":         ca.Reads(ca.Cert),
		"any question": ca.Of(),
	}
	for kind, match := range kinds {
		for what, fault := range map[string]ca.Fault{
			"question": {Drop: true, Times: 2},
			"answer":   {DropAnswer: true, Times: 2},
		} {
			t.Run(kind+" "+what, func(t *testing.T) {
				t.Parallel()
				l := newLab(t, ca.Options{})
				l.authority.Fault(match, fault)
				o := l.pursueThrough(l.intent("www.shop.example"))
				l.exactlyOne(check(t, o), "www.shop.example")
			})
		}
	}
}

// A kill after the answer and before it was made durable: the program starts
// again from the state before.
func TestEveryStepMayBeTakenAgain(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{})
	names := []string{"a.shop.example", "b.shop.example"}
	o := l.intent(names...)
	seen := map[record.OrderState]bool{}
	for o.Open() && o.State != record.OrderIssued {
		seen[o.State] = true
		if err := pause(t.Context(), time.Until(o.NextAt)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := l.client().Advance(t.Context(), o, l.listener, time.Now()); err != nil {
				t.Fatalf("in state %s: %v", o.State, err)
			}
		}
		next, err := l.client().Advance(t.Context(), o, l.listener, time.Now())
		if err != nil {
			t.Fatalf("in state %s: %v", o.State, err)
		}
		o = next
	}
	l.exactlyOne(check(t, o), names...)
	for _, state := range []record.OrderState{
		record.OrderIntent, record.OrderOrdered, record.OrderPresented, record.OrderValidating, record.OrderFinalizing,
	} {
		if !seen[state] {
			t.Errorf("the order never was %s", state)
		}
	}
}

func TestStepsSendOneRequestThatCannotBeTakenBack(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{})
	client := l.client()
	if _, err := client.Account(t.Context()); err != nil {
		t.Fatal(err)
	}
	o := l.intent("a.shop.example", "b.shop.example", "c.shop.example")
	for o.Open() && o.State != record.OrderIssued {
		if err := pause(t.Context(), time.Until(o.NextAt)); err != nil {
			t.Fatal(err)
		}
		l.authority.Forget()
		next, err := client.Advance(t.Context(), o, l.listener, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		writes := 0
		for _, r := range l.authority.Requests() {
			if !r.Read {
				writes++
			}
		}
		if writes > 1 {
			t.Errorf("the step from %s wrote %d times", o.State, writes)
		}
		o = next
	}
	check(t, o)
}

func TestAdvanceLeavesTheCallersOrderAlone(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{AlwaysValid: true})
	client := l.client()
	o, err := client.Advance(t.Context(), l.intent("www.shop.example"), l.listener, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	before := o.Authorizations[0]
	if _, err := client.Advance(t.Context(), o, l.listener, time.Now()); err != nil {
		t.Fatal(err)
	}
	if o.Authorizations[0] != before {
		t.Errorf("the order that was passed in changed to %+v", o.Authorizations[0])
	}
}

func TestCancellingReturnsAtOnce(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{})
	for _, kind := range []ca.Kind{ca.Directory, ca.NewNonce, ca.NewAccount, ca.NewOrder} {
		t.Run(string(kind), func(t *testing.T) {
			l.authority.Fault(ca.Of(kind), ca.Fault{Delay: time.Minute, Times: 1})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			remove := l.authority.Before(kind, cancel)
			defer remove()
			intent := l.intent("www.shop.example")
			start := time.Now()
			o, err := l.client().Advance(ctx, intent, l.listener, start)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled", err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %s to return", took)
			}
			if o.State != record.OrderIntent {
				t.Errorf("the order is %s, want it as it was", o.State)
			}
		})
	}
}

// Whoever waits for another's newAccount leaves when its own context ends.
func TestWaitersLeaveOnTheirOwn(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{})
	client := l.client()
	asked, release := make(chan struct{}), make(chan struct{})
	l.authority.Before(ca.NewAccount, func() {
		close(asked)
		<-release
	})
	done := make(chan error, 1)
	go func() {
		_, err := client.Account(t.Context())
		done <- err
	}()
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Account(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("the waiter got %v, want context.Canceled", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Errorf("who asked first got %v", err)
	}
}

type failingResponder struct{ presents atomic.Int32 }

var errDiskFull = errors.New("no space left on device")

func (f *failingResponder) Present(context.Context, string, string, string) error {
	f.presents.Add(1)
	return errDiskFull
}
func (*failingResponder) CleanUp(context.Context, string, string) error { return nil }

func TestAResponderThatFailsCostsNoAttempt(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{})
	client := l.client()
	responder := new(failingResponder)
	o, err := client.Advance(t.Context(), l.intent("www.shop.example"), responder, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	o, err = client.Advance(t.Context(), o, responder, time.Now())
	if !errors.Is(err, errDiskFull) || o.State != record.OrderOrdered {
		t.Errorf("got %v in state %s, want the responder's error and the order as it was", err, o.State)
	}
	if n := l.authority.Count(ca.Challenge); n != 0 {
		t.Errorf("the CA was told %d times to look", n)
	}
	if o, err = l.pursue(t.Context(), client, o); err != nil {
		t.Fatal(err)
	}
	l.exactlyOne(check(t, o), "www.shop.example")
}
