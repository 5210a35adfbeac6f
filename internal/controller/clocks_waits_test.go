package controller_test

import (
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/controller"
)

// TestALongWaitIsNoWrongClock: a row whose turn at a limit comes in weeks was not
// put off by a clock that was ahead. It costs no pass anything, nor the CA.
func TestALongWaitIsNoWrongClock(t *testing.T) {
	t.Parallel()
	w := begin(t, func(c *controller.Config) {
		c.Policy.Limits.CertificatesPerDomain = budget.Limit{Count: 1, Per: 30 * 24 * time.Hour}
	})
	w.shop("www.shop.example", "api.shop.example")
	w.pass()
	w.pass()
	w.CA.Forget()
	if r := w.pass(); r.Stepped > 0 || w.CA.Count() > 0 {
		t.Errorf("%+v, and %d requests to the CA", r, w.CA.Count())
	}
}

// TestAheadAndNobodyAsked: a failing name was looked at while the clock was days
// ahead, and no CA had to be asked. Once it is right the name waits no longer than
// ever.
func TestAheadAndNobodyAsked(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.push(apps(app("shop", "lost.shop.example")))
	w.pass()
	w.clock.add(5 * 24 * time.Hour)
	w.Pass(t.Context())
	w.clock.add(-5 * 24 * time.Hour)
	w.Point("lost.shop.example")
	w.forward(10 * time.Minute)
	w.pass()
	w.wantIssued("lost.shop.example")
}
