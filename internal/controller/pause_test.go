package controller_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
)

// TestAPauseHoldsForAllNames: a CA that says once that it wants no orders for a
// while is not asked again before, whoever wants one, whatever is restarted; and
// nothing is booked for what was not sent.
func TestAPauseHoldsForAllNames(t *testing.T) {
	t.Parallel()
	const n = 8
	const interval = 10 * time.Hour
	one := func(b *blueprint) { b.Concurrency = 1 }
	limits := func(c *controller.Config) {
		c.Policy.Limits.NewOrders = budget.Limit{Count: 100, Per: 100 * interval}
	}
	w := begin(t, one, limits)
	lift := w.CA.Fault(ca.Of(ca.NewOrder), ca.Fault{Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"600"}}})
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("n%d.shop.example", i)
	}
	w.shop(names...)
	w.Pass(t.Context())
	if asked := w.CA.Count(ca.NewOrder); asked != 1 {
		t.Errorf("%d requests for orders, want 1", asked)
	}
	for name, d := range w.domains() {
		if d.State != record.Waiting || reason(d) != string(failure.CAUnavailable) || d.Attempt.Next.Sub(w.clock.now()) < 9*time.Minute {
			t.Errorf("%s is %s, %v, next at %s", name, d.State, d.Findings, d.Attempt.Next)
		}
	}
	lift()
	w.CA.Forget()
	late := "late.shop.example" // was not there when the CA said so
	w.Point(late)
	w.push(apps(app("shop", append(names, late)...)))
	w.replace(one, limits)
	w.Pass(t.Context())
	if asked := w.CA.Count(ca.NewOrder); asked != 0 {
		t.Errorf("%d requests for orders during the pause", asked)
	}
	w.forward(16 * time.Minute)
	w.pass()
	w.wantIssued(append(names, late)...)
	if asked := w.CA.Count(ca.NewOrder); asked != n+1 {
		t.Errorf("%d requests for orders, want %d", asked, n+1)
	}
	account := record.Bucket{Directory: w.CA.URL(), Account: w.config.Policy.Platform.Thumbprint, Limit: "new-orders"}
	books, err := w.config.Store.Ledger(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	// The one that was turned away is booked twice: the CA may have counted it.
	booked := (books[account].Sub(w.clock.now()) + interval/2) / interval
	if booked != n+2 {
		t.Errorf("%d orders are booked, want %d", booked, n+2)
	}
}
