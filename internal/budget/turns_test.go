package budget_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/record"
)

// TestTurns: whoever waits for a registered domain lets others go first, and
// nobody waits for those behind.
func TestTurns(t *testing.T) {
	t.Parallel()
	limits := budget.Limits{NewOrders: budget.Limit{Count: 2, Per: 2 * time.Hour}, CertificatesPerDomain: budget.Limit{Count: 1, Per: 7 * day}}
	of := func(name, domain string) budget.Request {
		return budget.Request{Directory: "le", Account: "1", Names: []string{name}, Domains: []string{domain}}
	}
	turns := budget.Turns(nil, []budget.Request{
		of("a.x.example", "x.example"), of("b.x.example", "x.example"), of("c.y.example", "y.example"),
		of("d.z.example", "z.example"), of("e.w.example", "w.example"),
	}, limits, start)
	for i, want := range []struct {
		after time.Duration
		limit string
	}{{0, ""}, {7 * day, "certificates-per-domain"}, {0, ""}, {time.Hour, "new-orders"}, {2 * time.Hour, "new-orders"}} {
		if got := turns[i]; got.At.Sub(start) != want.after || got.For.Limit != want.limit {
			t.Errorf("request %d: after %v for %q, want %v for %q", i, got.At.Sub(start), got.For.Limit, want.after, want.limit)
		}
	}
}

// TestTurnsAreWhatTheBooksAllow: all whose turn is now may order now, and nobody
// else could.
func TestTurnsAreWhatTheBooksAllow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limits := drawLimits(t)
		ledger := record.Ledger{}
		var line, waiting []budget.Request
		for i := range rapid.IntRange(1, 30).Draw(t, "requests") {
			domain := rapid.SampledFrom([]string{"x.example", "y.example"}).Draw(t, "domain")
			r := budget.Request{Directory: "ca", Account: "1", Names: []string{fmt.Sprintf("n%d.%s", i, domain)}, Domains: []string{domain}}
			if rapid.Bool().Draw(t, "was before") {
				maps.Copy(ledger, budget.Spend(ledger, r, limits, start.Add(-time.Minute)))
			}
			line = append(line, r)
		}
		for i, turn := range budget.Turns(ledger, line, limits, start) {
			if turn.At.After(start) {
				waiting = append(waiting, line[i])
				continue
			}
			if ok, at := budget.Allow(ledger, line[i], limits, start); !ok {
				t.Fatalf("it is the turn of request %d, and the books say %v", i, at)
			}
			maps.Copy(ledger, budget.Spend(ledger, line[i], limits, start))
		}
		for _, r := range waiting {
			if ok, _ := budget.Allow(ledger, r, limits, start); ok {
				t.Fatalf("%v waits, and the books allow it", r.Names)
			}
		}
	})
}

// TestReserve: who must leave something to others stops short of the end, and
// they find it.
func TestReserve(t *testing.T) {
	t.Parallel()
	b := open(t, budget.Limits{NewOrders: budget.Limit{Count: 20, Per: 20 * time.Hour}})
	newcomer := func(i int) budget.Request {
		r := numbered(i)
		r.Leaves = 0.1
		return r
	}
	for i := range 18 {
		if !b.order(newcomer(i)) {
			t.Fatalf("order %d is refused", i+1)
		}
	}
	b.waits("the 19th newcomer", newcomer(18), time.Hour)
	for i := range 2 {
		if !b.order(numbered(100 + i)) {
			t.Errorf("urgent order %d finds nothing", i+1)
		}
	}
	b.waits("a newcomer after that", newcomer(18), 3*time.Hour)
}

// TestLateIssue: a CA counts what it issues when it issues, which may be hours
// after the order was opened. What came back to us meanwhile did not come back
// to it.
func TestLateIssue(t *testing.T) {
	t.Parallel()
	limits := budget.Limits{CertificatesPerDomain: budget.Limit{Count: 5, Per: 5 * time.Hour}}
	b := open(t, limits)
	ca := newMeter(limits.CertificatesPerDomain)
	for i := range 5 {
		b.order(numbered(i))
	}
	b.now = b.now.Add(3 * time.Hour)
	for i := range 5 {
		ca.refill(b.now)
		if ca.units -= int64(ca.limit.Per); ca.units < 0 {
			t.Fatalf("certificate %d is beyond the limit", i+1)
		}
		b.save(budget.Issued(b.ledger, numbered(i), limits, start, b.now))
	}
	b.waits("the sixth", numbered(5), time.Hour)
}

// TestLateFailure gives nothing back that came back by itself.
func TestLateFailure(t *testing.T) {
	t.Parallel()
	limits := budget.Limits{CertificatesPerDomain: budget.Limit{Count: 1, Per: time.Hour}}
	b := open(t, limits)
	b.order(numbered(0))
	b.now = b.now.Add(2 * time.Hour)
	b.order(numbered(1))
	b.save(budget.Refund(b.ledger, numbered(0), limits, start, b.now))
	b.waits("the third", numbered(2), time.Hour)
}

// TestConsecutiveFailures: they come back one a day, or all with a success.
func TestConsecutiveFailures(t *testing.T) {
	t.Parallel()
	b := open(t, budget.Limits{ConsecutiveFailures: budget.LetsEncrypt().ConsecutiveFailures})
	r := request("www.shop.example")
	for i := range 1152 {
		if ok, _ := budget.Allow(b.ledger, r, b.limits, b.now); !ok {
			t.Fatalf("refused after %d failures", i)
		}
		b.save(budget.Fail(b.ledger, r, r.Names[0], b.limits, b.now))
	}
	b.waits("after 1152 failures", r, day)
	b.save(budget.Issued(b.ledger, r, b.limits, b.now, b.now))
	b.waits("after a success", r, 0)
}

// TestSentTwice: an order that was not answered costs the account another.
func TestSentTwice(t *testing.T) {
	t.Parallel()
	b := open(t, budget.LetsEncrypt())
	r := request("www.shop.example")
	b.order(r)
	again := budget.Spend(b.ledger, budget.Again(r, b.limits), b.limits, b.now)
	if len(again) != 1 {
		t.Fatalf("it costs %v", again)
	}
	for bucket := range again {
		if bucket.Limit != "new-orders" {
			t.Errorf("it costs %+v", bucket)
		}
	}
	r.Renewal = true
	if again := budget.Spend(b.ledger, budget.Again(r, b.limits), b.limits, b.now); len(again) > 0 {
		t.Errorf("a renewal costs %v", again)
	}
}

// TestRenewalsThatCount, at CAs that exempt none.
func TestRenewalsThatCount(t *testing.T) {
	t.Parallel()
	limits := budget.LetsEncrypt()
	limits.RenewalsCount = true
	r := request("www.shop.example")
	r.Renewal, r.Replaces = true, true
	if got := len(budget.Spend(nil, r, limits, start)); got != 3 {
		t.Errorf("a renewal draws on %d limits, want 3", got)
	}
}
