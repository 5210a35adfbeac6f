package reconcile_test

import (
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// TestOthersSpendTheSameLimits: other accounts use up a registered domain for
// two weeks. What the CA says then wins over our books: nobody comes back before
// the time it named, names elsewhere are not held up, and all get there in the
// end.
func TestOthersSpendTheSameLimits(t *testing.T) {
	t.Parallel()
	ca := newStrictCA(rate{300, 3 * time.Hour})
	y := newYear(t, ca, budget.LetsEncrypt())
	y.add("shop", "shop.example", 0, 30)
	y.add("blog", "blog.example", 0, 30)
	y.other = func(now time.Time) {
		if now.Sub(start) > 14*day {
			return
		}
		for b := ca.bucket(ca.domain, now, "domain ", "shop.example"); !b.empty(); {
			b.left--
		}
	}
	y.run(start.Add(time.Hour), 10*time.Minute)
	if y.pending() != 30 {
		t.Errorf("%d names wait, want the 30 whose registered domain is used up", y.pending())
	}
	y.run(start.Add(21*day), 10*time.Minute)
	if y.pending() > 0 || ca.early > 0 || ca.excess > 0 {
		t.Errorf("%d names wait; %d requests came before the time that the CA named", y.pending(), ca.early)
	}
	if n := ca.refused["certificat"]; n == 0 || n > 14*24 {
		t.Errorf("the CA refused %d times", n)
	}
}

// TestAnUrgentRowFindsATokenAtOnce, although more newcomers wait than the limits
// allow for days, at a CA that exempts nobody.
func TestAnUrgentRowFindsATokenAtOnce(t *testing.T) {
	t.Parallel()
	ca := newStrictCA(rate{30, 3 * time.Hour})
	ca.renewalsCount = true
	l := budget.LetsEncrypt()
	l.NewOrders, l.RenewalsCount = budget.Limit{Count: 30, Per: 3 * time.Hour}, true
	y := newYear(t, ca, l)
	y.slow = 0
	y.add("old", "old.example", 0, 2)
	y.run(start, time.Minute)
	for i := range 20 {
		y.add("crowd", "crowd"+string(rune('a'+i))+".example", 0, 10)
	}
	y.run(start.Add(12*time.Hour), 30*time.Minute)
	y.now = y.now.Add(-30 * time.Minute) // the newcomers have just taken all they may
	waiting := y.pending()
	for _, key := range []string{"n0.old.example", "n1.old.example"} { // about to expire
		d := y.rows[key]
		c := *d.Certificate
		c.NotBefore, c.NotAfter = y.now.Add(-88*day), y.now.Add(2*day)
		d.Certificate, d.Suggestion, d.Due = &c, record.Suggestion{}, y.now
		y.rows[key], y.wake[key] = d, y.now
	}
	renewed := y.renewed
	y.pass()
	if waiting == 0 || y.renewed != renewed+2 || len(ca.refused) > 0 {
		t.Errorf("with %d newcomers waiting, %d of 2 expiring certificates were renewed at once; refused: %v", waiting, y.renewed-renewed, ca.refused)
	}
}

// TestAClockThatJumps ahead and back: what was booked while it was wrong holds
// nobody back for longer than an empty bucket would.
func TestAClockThatJumps(t *testing.T) {
	t.Parallel()
	p := policy()
	p.Limits = budget.Limits{NewOrders: budget.Limit{Count: 2, Per: 2 * time.Hour}}
	d := wanted(t, p)
	books := reconcile.Spend(d, nil, p, start.Add(365*day)) // the clock was a year ahead
	turn := reconcile.Turns([]record.Domain{d}, books, p, start)[d.Key]
	if wait := turn.At.Sub(start); wait > 2*time.Hour {
		t.Errorf("after the clock was set right, the books hold an order back for %v", wait)
	}
}
