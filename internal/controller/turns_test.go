package controller_test

import (
	"slices"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/reconcile"
)

// TestAppsTakeTurns: with two orders left, an app with many new names and one
// with a single one get one each, as the plan said, which also says what the
// others wait for; and each hour one more goes.
func TestAppsTakeTurns(t *testing.T) {
	t.Parallel()
	two := limited(budget.Limits{NewOrders: budget.Limit{Count: 2, Per: 2 * time.Hour}})
	w := begin(t, two)
	big := []string{"a.shop.example", "b.shop.example", "c.shop.example"}
	w.Point(append(big, "z.blog.example")...)
	w.push(apps(app("shop", big...), app("blog", "z.blog.example")))
	plan, err := w.Plan(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var planned []string
	for _, a := range plan.Actions {
		planned = append(planned, a.Domain)
	}
	slices.Sort(planned)
	if !slices.Equal(planned, []string{"a.shop.example", "z.blog.example"}) {
		t.Errorf("the plan is to order for %v", planned)
	}
	for _, o := range plan.Outcomes {
		if o.Kind != reconcile.Wait || !o.Until.After(w.clock.now()) {
			t.Errorf("the plan says of %s: %s until %v (%s)", o.Domain, o.Kind, o.Until, o.Why)
		}
	}
	w.pass()
	w.wantIssued("a.shop.example", "z.blog.example")
	w.forward(time.Hour + time.Minute)
	w.pass()
	w.wantIssued("b.shop.example")
	w.replace(two)
	w.forward(time.Hour + time.Minute)
	w.pass()
	w.wantIssued("c.shop.example")
	if n := w.CA.Count(ca.NewOrder); n != 4 {
		t.Errorf("%d orders for 4 names", n)
	}
}

// TestATurnThatIsNotUsedGoesToTheNext within the same pass: the name whose turn
// it was is in nobody's DNS.
func TestATurnThatIsNotUsedGoesToTheNext(t *testing.T) {
	t.Parallel()
	w := begin(t, limited(budget.Limits{NewOrders: budget.Limit{Count: 1, Per: time.Hour}}))
	w.Point("b.shop.example")
	w.push(apps(app("shop", "a.shop.example", "b.shop.example")))
	w.pass()
	w.wantIssued("b.shop.example")
}

// TestAnUnansweredOrderIsBookedAgain when it is sent again: the CA may have
// counted both.
func TestAnUnansweredOrderIsBookedAgain(t *testing.T) {
	t.Parallel()
	w := begin(t, limited(budget.Limits{NewOrders: budget.Limit{Count: 3, Per: 30 * time.Hour}}))
	w.CA.Fault(ca.Writes(ca.NewOrder), ca.Fault{DropAnswer: true, Times: 1})
	w.shop("www.shop.example")
	w.Pass(t.Context())
	w.forward(w.domain("www.shop.example").Due.Sub(w.clock.now()) + time.Second)
	w.pass()
	w.wantIssued("www.shop.example")
	w.shop("www.shop.example", "a.shop.example", "b.shop.example")
	w.pass()
	if n := len(w.CA.Certificates()); n != 2 {
		t.Errorf("%d certificates, want 2: the third order of three was sent twice", n)
	}
}
