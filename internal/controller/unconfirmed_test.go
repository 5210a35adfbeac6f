package controller_test

import (
	"errors"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/ca"
)

// TestNothingIsForgottenByAnUnconfirmedClock: while the CA is out of reach,
// nobody says that the time of a thing has really come.
func TestNothingIsForgottenByAnUnconfirmedClock(t *testing.T) {
	t.Parallel()
	const name = "old.shop.example"
	for what, ahead := range map[string]time.Duration{"its grace is over": 25 * time.Hour, "it has expired": 0} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := begin(t, func(c *controller.Config) { c.Policy.NeverRevoke = ahead > 0 })
			w.shop("www.shop.example", name)
			w.pass()
			w.push(apps(app("shop", "www.shop.example")))
			w.pass()
			c := w.domain(name).Certificate
			if ahead == 0 {
				ahead = time.Until(c.NotAfter) + time.Hour
			}
			lift := w.CA.Fault(nil, ca.Fault{Drop: true})
			w.forward(ahead)
			w.Pass(t.Context())
			if d := w.domain(name); d.Certificate == nil || len(d.Deployed) == 0 {
				t.Errorf("forgotten: certificate %v, deployed %v", d.Certificate, d.Deployed)
			}
			if _, err := deployed(w.LiveDir(), name); err != nil {
				t.Error("its files are gone:", err)
			}
			lift()
			w.forward(2 * time.Minute)
			w.pass()
			if _, err := deployed(w.LiveDir(), name); err == nil {
				t.Error("its files stay although the CA agrees")
			}
		})
	}
}

// TestNoRowIsDroppedByAnUnconfirmedClock: with the row the guard would forget
// the loss.
func TestNoRowIsDroppedByAnUnconfirmedClock(t *testing.T) {
	t.Parallel()
	const name = "old.shop.example"
	w := begin(t, atOnce)
	w.shop("www.shop.example", name)
	w.pass()
	w.push(apps(app("shop", "www.shop.example")))
	w.pass()
	if d := w.domain(name); d.Certificate != nil {
		t.Fatal("its certificate was not taken down")
	}
	lift := w.CA.Fault(nil, ca.Fault{Drop: true})
	w.forward(25 * time.Hour)
	w.Pass(t.Context())
	if !w.knows(name) {
		t.Error("the row is gone")
	}
	lift()
	w.forward(2 * time.Minute)
	w.pass()
	if w.knows(name) {
		t.Error("the row stays although the CA agrees")
	}
}

// TestClockBehindItsOwnRecords: a CA whose clock is as wrong as ours does not
// confirm it when the store has seen later.
func TestClockBehindItsOwnRecords(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example")
	w.pass()
	w.forward(-48 * time.Hour)
	w.shop("www.shop.example", "new.shop.example")
	w.replace() // one that looks at everything
	w.CA.Forget()
	r := w.Pass(t.Context())
	var wrong *controller.ClockError
	if !errors.As(r.Failure, &wrong) || (wrong.Skew+48*time.Hour).Abs() > time.Minute {
		t.Errorf("failure %v, want a ClockError of -48 h", r.Failure)
	}
	if n := w.CA.Count(ca.NewAccount, ca.NewOrder, ca.Revoke); n > 0 {
		t.Errorf("%d requests that depend on the time", n)
	}
	w.forward(48 * time.Hour)
	w.pass()
	w.wantIssued("www.shop.example", "new.shop.example")
}
