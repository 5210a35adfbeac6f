package controller_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
)

// TestClockIsSet back or forward, between two passes and in the middle of one:
// nothing is ordered, finalized, revoked or forgotten by the wrong clock, and
// when it is right again everything goes on as if nothing had been.
func TestClockIsSet(t *testing.T) {
	t.Parallel()
	for name, off := range map[string]time.Duration{
		"an hour back": -time.Hour, "ten years back": -10 * year, "an hour ahead": time.Hour, "ten years ahead": 10 * year,
		"1970": -time.Since(time.Unix(0, 0)),
	} {
		t.Run(name+", between passes", func(t *testing.T) {
			t.Parallel()
			w := beginClocks(t)
			w.clock.add(off)
			w.wantStill(off, 0)
			w.wantGoesOn(off)
		})
		if name == "1970" {
			continue // as ten years
		}
		t.Run(name+", in a pass", func(t *testing.T) {
			t.Parallel()
			w := beginClocks(t)
			var once sync.Once
			w.CA.After(ca.NewOrder, func() { once.Do(func() { w.clock.add(off) }) })
			w.wantStill(off, 1)
			w.wantGoesOn(off)
		})
	}
}

// clocks is a world with a healthy name, one that has left, one that is new and
// one that leads nowhere.
type clocks struct {
	*world
	before record.Certificate
}

func beginClocks(t *testing.T) *clocks {
	t.Helper()
	w := begin(t, func(o *lab.Options) { o.Validity = 90 * 24 * time.Hour }, func(b *blueprint) { b.Concurrency = 1 })
	w.shop("www.shop.example", "old.shop.example")
	w.pass()
	before := *w.domain("www.shop.example").Certificate
	w.Point("new.shop.example")
	w.push(apps(app("shop", "www.shop.example", "new.shop.example", "lost.shop.example")))
	w.CA.Forget()
	return &clocks{w, before}
}

// wantStill makes a pass with the wrong clock.
func (w *clocks) wantStill(off time.Duration, orders int) {
	w.t.Helper()
	r := w.Pass(w.t.Context())
	var wrong *controller.ClockError
	if !errors.As(r.Failure, &wrong) || (wrong.Skew-off).Abs() > 10*time.Second {
		w.t.Errorf("failure %v, want a ClockError of %s", r.Failure, off)
	}
	if n := w.CA.Count(ca.NewOrder); n != orders {
		w.t.Errorf("%d orders, want %d", n, orders)
	}
	if n := w.CA.Count(ca.Finalize, ca.Revoke); n > 0 {
		w.t.Errorf("%d requests that nobody can take back", n)
	}
	for _, name := range []string{"www.shop.example", "old.shop.example"} {
		if d := w.domain(name); d.Certificate == nil || len(d.Deployed) == 0 {
			w.t.Errorf("%s is forgotten: %v, %v", name, d.Certificate, d.Deployed)
		}
		if _, err := deployed(w.LiveDir(), name); err != nil {
			w.t.Error("its files are gone:", err)
		}
	}
	if d := w.domain("new.shop.example"); d.State == record.Failing || d.Attempt.Count > 0 {
		w.t.Errorf("the clock counts as a failure of the domain: %s, %v", d.State, d.Findings)
	}
}

// wantGoesOn sets the clock right.
func (w *clocks) wantGoesOn(off time.Duration) {
	w.t.Helper()
	w.clock.add(-off)
	w.forward(2 * time.Minute)
	w.pass()
	w.wantIssued("www.shop.example", "new.shop.example")
	if c := w.domain("www.shop.example").Certificate; c.Serial != w.before.Serial {
		w.t.Error("the healthy certificate was replaced")
	}
	w.Point("lost.shop.example")
	w.forward(2 * time.Hour)
	w.pass()
	w.wantIssued("lost.shop.example")
	if _, revoked := w.CA.Revoked(w.CA.CertificatesFor("old.shop.example")[0].Serial); revoked {
		w.t.Error("what left is revoked before its grace is over")
	}
	w.forward(24 * time.Hour)
	w.pass()
	if _, revoked := w.CA.Revoked(w.CA.CertificatesFor("old.shop.example")[0].Serial); !revoked {
		w.t.Error("what left is never revoked")
	}
	if _, err := deployed(w.LiveDir(), "old.shop.example"); err == nil {
		w.t.Error("what left is still deployed")
	}
	w.wantIssued("www.shop.example", "new.shop.example", "lost.shop.example")
}
