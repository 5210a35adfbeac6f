package controller_test

import (
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
)

func limited(l budget.Limits) func(*controller.Config) {
	return func(c *controller.Config) { c.Policy.Limits = l }
}

// TestWorkersShareTheBudget: sixteen workers that decide at the same time open
// no more orders than the limit has left; the others wait and say for what.
func TestWorkersShareTheBudget(t *testing.T) {
	t.Parallel()
	w := begin(t, limited(budget.Limits{NewOrders: budget.Limit{Count: 3, Per: 3 * time.Hour}}))
	var names []string
	for c := 'a'; c <= 'l'; c++ {
		names = append(names, string(c)+".shop.example")
	}
	w.shop(names...)
	w.pass()
	if n := w.CA.Count(ca.NewOrder); n != 3 {
		t.Errorf("%d new orders within a limit of 3", n)
	}
	waiting := 0
	for _, name := range names {
		if d := w.domain(name); d.State == record.Waiting && reason(d) == string(failure.RateLimited) && !d.Attempt.RateLimitedUntil.IsZero() {
			waiting++
		}
	}
	if waiting != len(names)-3 {
		t.Errorf("%d names say that they wait for the limit, want %d", waiting, len(names)-3)
	}
}

// TestFailedAuthorizationsAreBooked: a name that fails its validations is not
// ordered for more often than the CA lets it fail.
func TestFailedAuthorizationsAreBooked(t *testing.T) {
	t.Parallel()
	const name = "www.shop.example"
	w := begin(t, limited(budget.Limits{FailedAuthorizations: budget.Limit{Count: 2, Per: time.Hour}}))
	w.CA.Judge(name, ca.Verdict{Problem: &ca.Problem{Type: "connection", Detail: "no route to host"}})
	w.shop(name)
	w.pass()
	for range 2 {
		w.forward(w.domain(name).Attempt.Next.Sub(w.clock.now()) + time.Second)
		w.pass()
	}
	if n := w.CA.Count(ca.NewOrder); n != 2 {
		t.Errorf("%d orders for a name that may fail twice", n)
	}
	if d := w.domain(name); reason(d) != string(failure.RateLimited) {
		t.Errorf("the third try says %v", d.Findings)
	}
}
