package reconcile_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

const (
	firstCA  = "https://ca.test/dir"
	secondCA = "https://second.test/dir"
	thirdCA  = "https://third.test/dir"
)

// three is the policy with two CAs to fall back to.
func three() reconcile.Policy {
	p := policy()
	p.Fallback = []reconcile.CA{{Directory: secondCA}, {Directory: thirdCA}}
	return p.Know(secondCA, record.Issuer{CAAIdentities: []string{"second.test"}, AccountURI: "https://second.test/acct/7"})
}

// TestAt: what concerns a CA is its own, and the others stay where they were.
func TestAt(t *testing.T) {
	t.Parallel()
	p := three()
	p.Limits, p.Fallback[0].Limits = budget.LetsEncrypt(), budget.Limits{SameNames: budget.Limit{Count: 1, Per: day}}
	for _, way := range [][]string{{secondCA}, {thirdCA, secondCA}, {secondCA, firstCA, secondCA}, {secondCA, "https://unknown.test"}} {
		at := p
		for _, directory := range way {
			at = at.At(directory)
		}
		if at.Directory != secondCA || at.Limits.SameNames.Count != 1 || at.Platform.AccountURI != "https://second.test/acct/7" || at.Platform.CAAIdentities[0] != "second.test" {
			t.Errorf("by %v: %+v", way, at)
		}
		if len(at.Platform.Others) != 2 || at.Platform.Others[0].CAAIdentities[0] != "ca.test" || len(at.CAs()) != 3 {
			t.Errorf("by %v the others are %+v", way, at.Platform.Others)
		}
	}
	if p.Directory != firstCA || len(p.Platform.Others) != 2 {
		t.Errorf("the policy itself changed: %+v", p)
	}
}

// refuse is the row after its order met that at the CA that was chosen.
func refuse(t *testing.T, d record.Domain, problem record.Problem, p reconcile.Policy, now time.Time) record.Domain {
	t.Helper()
	dec := look(d, well, p, now)
	return reconcile.Settle(dec.Next, reconcile.Result{Action: only(t, dec), Problem: &problem}, p, now)
}

// TestInTurn: each CA is asked once, in the operator's order, and then the one
// whose wait ends first.
func TestInTurn(t *testing.T) {
	t.Parallel()
	p := three()
	d, now := wanted(t, p), start
	limit := record.Problem{During: "order", Type: record.ErrorURN + "rateLimited", Status: 429, Detail: "too many new orders", RetryAfter: start.Add(9 * time.Hour)}
	for i, problem := range []record.Problem{limit, {During: "account", Type: record.ErrorURN + "externalAccountRequired", Status: 403}, {During: "order"}} {
		if a := only(t, look(d, well, p, now)); a.Directory != []string{firstCA, secondCA, thirdCA}[i] {
			t.Fatalf("order %d goes to %s (%s)", i+1, a.Directory, a.Why)
		} else if i > 0 && !strings.Contains(a.Why, "ca.test is passed over until 2026-11-23T19:00:00Z (rate-limited)") {
			t.Errorf("order %d says %q", i+1, a.Why)
		}
		d = refuse(t, d, problem, p, now)
	}
	if wait := d.Attempt.Next.Sub(now); wait < time.Minute || wait > 2*time.Minute || !d.Attempt.RateLimitedUntil.IsZero() {
		t.Errorf("all three cannot, and the next attempt is in %v, limited until %v", wait, d.Attempt.RateLimitedUntil)
	}
	state(t, d, record.Waiting)
	if d.Attempt.Count != 0 {
		t.Errorf("%d attempts are counted against the domain", d.Attempt.Count)
	}
	if a := only(t, look(d, well, p, d.Attempt.Next)); a.Directory != thirdCA {
		t.Errorf("then %s is asked", a.Directory)
	}
	now = start.Add(9*time.Hour + time.Second)
	if a := only(t, look(d, well, p, now)); a.Directory != firstCA {
		t.Errorf("when the first can again, %s is asked", a.Directory)
	}
}

// TestOrderBelongsToItsCA: it is followed where it is, and nothing that was
// finalized is left for another CA.
func TestOrderBelongsToItsCA(t *testing.T) {
	t.Parallel()
	p := three()
	for _, s := range []record.OrderState{record.OrderIntent, record.OrderOrdered, record.OrderPresented, record.OrderValidating, record.OrderFinalizing, record.OrderIssued} {
		d := wanted(t, p)
		d.Order = &record.Order{ID: "o", Key: d.Key, Directory: secondCA, Names: d.Names, State: s, URL: "https://second.test/o/1"}
		a := only(t, look(d, well, p, start))
		if a.Directory != secondCA {
			t.Errorf("an order that is %s is followed at %s", s, a.Directory)
		}
		after := reconcile.Settle(d, reconcile.Result{Action: a, Order: d.Order, Problem: &record.Problem{During: "order"}}, p, start)
		left := after.Order == nil
		if final := s == record.OrderFinalizing || s == record.OrderIssued; left == final {
			t.Errorf("an order that is %s: left %v", s, left)
		}
	}
}

// TestOwnFailuresStay: what the domain did is met by every CA.
func TestOwnFailuresStay(t *testing.T) {
	t.Parallel()
	p := three()
	for _, problem := range []record.Problem{
		{During: "authorization", Type: record.ErrorURN + "unauthorized", Status: 403, Name: www},
		{During: "order", Type: record.ErrorURN + "rejectedIdentifier", Status: 400},
		{During: "order", Type: record.ErrorURN + "rateLimited", Status: 429, Detail: "too many failed authorizations (5) for \"" + www + "\""},
		{During: "finalize", Type: record.ErrorURN + "caa", Status: 403},
	} {
		d := refuse(t, wanted(t, p), problem, p, start)
		if len(d.Passed) > 0 || !d.Attempt.Next.After(start) {
			t.Errorf("%s: passed on: %+v, next %v", problem.Kind(), d.Passed, d.Attempt.Next)
		}
	}
}

// TestAffordInTurn: what is spent at one CA is not at the next, but a name that
// failed too often is not tried elsewhere.
func TestAffordInTurn(t *testing.T) {
	t.Parallel()
	p := three()
	one := budget.Limits{NewOrders: budget.Limit{Count: 1, Per: 3 * time.Hour}, FailedAuthorizations: budget.Limit{Count: 1, Per: time.Hour}}
	p.Limits, p.Fallback[0].Limits = one, one
	d := wanted(t, p)
	books := record.Ledger{}
	take := func(directory string) {
		for bucket, full := range reconcile.Spend(d, books, p.At(directory), start) {
			books[bucket] = full
		}
	}
	for _, want := range []string{firstCA, secondCA, thirdCA} {
		dec := look(d, well, p, start)
		if needs := reconcile.Needs(dec, p, start); len(needs) < 9 {
			t.Errorf("only %d buckets are looked at", len(needs))
		}
		if a := only(t, reconcile.Afford(dec, budget.Turn{}, books, p, start)); a.Directory != want {
			t.Fatalf("%s is asked, want %s", a.Directory, want)
		}
		take(want)
	}
	failed := budget.Fail(record.Ledger{}, reconcile.OrderRequest(d, p, start), www, one, start)
	o := rests(t, reconcile.Afford(look(d, well, p, start), budget.Turn{}, failed, p, start), reconcile.Wait)
	if !strings.Contains(o.Why, "failed-authorizations") {
		t.Errorf("%s", o.Why)
	}
}

// TestStandbyLeavesRoomForRenewals: at a CA that stands in for the first, the
// renewals of the first one's certificates are as new as new names are, so these
// leave some of a registered domain's budget to what is about to expire.
func TestStandbyLeavesRoomForRenewals(t *testing.T) {
	t.Parallel()
	p := three()
	p.Fallback[0].Limits = budget.Limits{CertificatesPerDomain: budget.Limit{Count: 20, Per: 7 * day}}
	second, books := p.At(secondCA), record.Ledger{}
	may := func(d record.Domain, now time.Time) bool {
		ok, _ := budget.Allow(books, reconcile.OrderRequest(d, second, now), second.Limits, now)
		return ok
	}
	d := issued(t, p)
	expiring, now := d, d.Certificate.NotAfter.Add(-day)
	d.Certificate = nil
	n := 0
	for ; may(d, now) && n < 30; n++ {
		maps.Copy(books, reconcile.Spend(d, books, second, now))
	}
	if n == 0 || n == 20 {
		t.Errorf("%d new names were let through, want some to be left", n)
	}
	if !may(expiring, now) {
		t.Error("nothing is left for a certificate that expires tomorrow")
	}
}

// TestConfiguredCAKeepsItsCertificates: one from the fallback is renewed when
// its time has come, from the first again; one of no configured CA at once.
func TestConfiguredCAKeepsItsCertificates(t *testing.T) {
	t.Parallel()
	p := three()
	d := issued(t, p)
	d.Certificate.Directory = secondCA
	rests(t, look(d, well, p, start.Add(day)), reconcile.Keep)
	if a := only(t, look(d, well, p, reconcile.RenewalTime(d, p))); a.Kind != reconcile.Renew || a.Directory != firstCA {
		t.Errorf("%+v", a)
	}
	d.Certificate.Directory = "https://unknown.test"
	if a := only(t, look(d, well, p, start.Add(day))); a.Kind != reconcile.Replace {
		t.Errorf("%+v", a)
	}
}

// TestRefreshDoesNotSpinOnACAThatIsDown: it is one more try, and then a wait.
func TestRefreshDoesNotSpinOnACAThatIsDown(t *testing.T) {
	t.Parallel()
	p := three()
	d := wanted(t, p)
	for range 3 {
		d = refuse(t, d, record.Problem{During: "order"}, p, start)
	}
	d.Refresh = "again/"
	only(t, look(d, well, p, start))
	d = refuse(t, d, record.Problem{During: "order"}, p, start)
	if o := rests(t, look(d, well, p, start), reconcile.Wait); o.Until.Equal(start) {
		t.Errorf("%+v", o)
	}
	code(t, d, failure.CAUnavailable)
}

// TestSoonestIsWaitedFor: a CA that is limited for hours does not make the row
// wait when another may be back in a minute.
func TestSoonestIsWaitedFor(t *testing.T) {
	t.Parallel()
	p := policy()
	p.Fallback = []reconcile.CA{{Directory: secondCA}}
	d := refuse(t, wanted(t, p), record.Problem{During: "order"}, p, start)
	limit := record.Problem{During: "order", Type: record.ErrorURN + "rateLimited", Status: 429, Detail: "too many new orders", RetryAfter: start.Add(9 * time.Hour)}
	d = refuse(t, d, limit, p, start)
	if wait := d.Attempt.Next.Sub(start); wait < time.Minute || wait > 2*time.Minute || d.Attempt.RateLimitedUntil.After(d.Attempt.Next) {
		t.Errorf("the next attempt is in %v, limited until %v", wait, d.Attempt.RateLimitedUntil)
	}
	if a := only(t, look(d, well, p, d.Attempt.Next)); a.Directory != firstCA {
		t.Errorf("then %s is asked", a.Directory)
	}
}
