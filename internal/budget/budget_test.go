package budget_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/record"
)

var start = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// books is a story's ledger, clock and limits.
type books struct {
	t      *testing.T
	ledger record.Ledger
	limits budget.Limits
	now    time.Time
}

func open(t *testing.T, l budget.Limits) *books {
	return &books{t: t, ledger: record.Ledger{}, limits: l, now: start}
}

func (b *books) save(changed record.Ledger) { maps.Copy(b.ledger, changed) }

// order makes the request if it is allowed.
func (b *books) order(r budget.Request) bool {
	ok, _ := budget.Allow(b.ledger, r, b.limits, b.now)
	if ok {
		b.save(budget.Spend(b.ledger, r, b.limits, b.now))
	}
	return ok
}

// waits asserts how long the request has to wait.
func (b *books) waits(what string, r budget.Request, want time.Duration) {
	b.t.Helper()
	ok, at := budget.Allow(b.ledger, r, b.limits, b.now)
	if got := at.Sub(b.now); got != want || ok != (want == 0) {
		b.t.Errorf("%s: allowed %v after %v, want %v", what, ok, got, want)
	}
}

func request(names ...string) budget.Request {
	return budget.Request{Directory: "le", Account: "a/1", Names: names, Domains: []string{"shop.example"}}
}

// numbered is an order for a name of its own below shop.example.
func numbered(i int) budget.Request { return request(fmt.Sprintf("n%d.shop.example", i)) }

const day = 24 * time.Hour

func TestStoryOfARegisteredDomain(t *testing.T) {
	t.Parallel()
	b := open(t, budget.LetsEncrypt())
	for i := range 50 {
		if !b.order(numbered(i)) {
			t.Fatalf("certificate %d of 50 is refused", i+1)
		}
	}
	token := 7 * day / 50
	b.waits("the 51st", numbered(50), token)
	elsewhere := numbered(50)
	elsewhere.Domains = []string{"other.example"}
	b.waits("another domain", elsewhere, 0)
	staging := numbered(50)
	staging.Directory = "le-staging"
	b.waits("another CA", staging, 0)
	colleague := numbered(50)
	colleague.Account = "a/2"
	b.waits("another account, same domain", colleague, token)
	renewal := numbered(3)
	renewal.Renewal = true
	b.waits("a renewal", renewal, 0)

	b.now = b.now.Add(token - time.Second)
	b.waits("a second early", numbered(50), time.Second)
	b.now = b.now.Add(time.Second)
	if !b.order(numbered(50)) {
		t.Error("the token that came back is refused")
	}
	b.waits("the 52nd", numbered(51), token)
	b.now = b.now.Add(7 * day)
	for i := range 50 {
		if !b.order(numbered(100 + i)) {
			t.Fatalf("after a week, certificate %d of 50 is refused", i+1)
		}
	}
}

func TestStoryOfOneSetOfNames(t *testing.T) {
	t.Parallel()
	b := open(t, budget.LetsEncrypt())
	r := request("www.shop.example", "shop.example")
	for i := range 5 {
		if !b.order(r) {
			t.Fatalf("order %d of 5 is refused", i+1)
		}
	}
	token := 7 * day / 5
	b.waits("the sixth", r, token)
	b.waits("the same set in another order", request("shop.example", "www.shop.example", "shop.example"), token)
	b.waits("a part of the set", request("shop.example"), 0)
	renewal := r
	renewal.Renewal = true
	b.waits("a renewal of the set", renewal, token)
	renewal.Replaces = true
	b.waits("a renewal when the CA suggests it", renewal, 0)

	b.save(budget.Refund(b.ledger, r, b.limits, b.now, b.now))
	b.waits("after one came to nothing", r, 0)
	if waitsFor, _ := budget.Next(b.ledger, r, b.limits, b.now); waitsFor != (record.Bucket{}) {
		t.Errorf("waits for %+v", waitsFor)
	}
}

func TestStoryOfAnAccount(t *testing.T) {
	t.Parallel()
	b := open(t, budget.LetsEncrypt())
	order := func(i int) budget.Request {
		r := numbered(i)
		r.Domains = []string{fmt.Sprintf("d%d.example", i)}
		return r
	}
	for i := range 300 {
		if !b.order(order(i)) {
			t.Fatalf("order %d of 300 is refused", i+1)
		}
	}
	b.waits("the 301st", order(300), 36*time.Second)
	b.save(budget.Refund(b.ledger, order(299), b.limits, b.now, b.now))
	b.waits("an order that failed was made all the same", order(300), 36*time.Second)
	waitsFor, _ := budget.Next(b.ledger, order(300), b.limits, b.now)
	if diff := cmp.Diff(record.Bucket{Directory: "le", Account: "a/1", Limit: "new-orders"}, waitsFor); diff != "" {
		t.Errorf("what it waits for (-want +got):\n%s", diff)
	}
}

func TestStoryOfFailures(t *testing.T) {
	t.Parallel()
	b := open(t, budget.LetsEncrypt())
	r := request("www.shop.example", "blog.shop.example")
	for i := range 5 {
		b.waits(fmt.Sprintf("after %d failures", i), r, 0)
		b.save(budget.Fail(b.ledger, r, "blog.shop.example", b.limits, b.now))
	}
	b.waits("after 5 failures", r, 12*time.Minute)
	b.waits("a name that did not fail", request("www.shop.example"), 0)
	b.now = b.now.Add(12 * time.Minute)
	b.waits("later", r, 0)
}

// The CA's word is kept, whether we know the limit or not.
func TestRefused(t *testing.T) {
	t.Parallel()
	const inAnHour = time.Hour
	r := request("www.shop.example")
	sibling, otherDomain := request("blog.shop.example"), request("www.other.example")
	otherDomain.Domains = []string{"other.example"}
	cases := map[string]struct {
		detail                     string
		r, sibling, otherDomain    time.Duration
		limitsOfTheCAThatTellsNone bool
	}{
		"registered domain": {`too many certificates (50) already issued for "shop.example" in the last 168h0m0s, retry after …`, inAnHour, inAnHour, 0, false},
		"same set":          {`too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s`, inAnHour, 0, 0, false},
		"new orders":        {`too many new orders (300) from this account in the last 3h0m0s`, inAnHour, inAnHour, inAnHour, false},
		"failures":          {`too many failed authorizations (5) for "www.shop.example" in the last 1h0m0s`, inAnHour, 0, 0, false},
		"failures, unnamed": {`too many failed authorizations recently`, inAnHour, 0, 0, false},
		"a name of no ours": {`too many certificates already issued for "example"`, inAnHour, 0, 0, false},
		"no words":          {``, inAnHour, 0, 0, false},
		"unknown limits":    {`too many certificates for "shop.example"`, inAnHour, inAnHour, 0, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limits := budget.LetsEncrypt()
			if c.limitsOfTheCAThatTellsNone {
				limits = budget.Limits{}
			}
			b := open(t, limits)
			b.save(budget.Refused(b.ledger, r, limits, c.detail, b.now.Add(inAnHour)))
			b.waits("the request", r, c.r)
			b.waits("its sibling", sibling, c.sibling)
			b.waits("another domain", otherDomain, c.otherDomain)
			b.save(budget.Refused(b.ledger, r, limits, c.detail, b.now.Add(time.Minute)))
			b.waits("after a shorter one", r, c.r)
			b.now = b.now.Add(inAnHour)
			b.waits("when it ends", r, 0)
		})
	}
}

func TestNoLimitsAllowEverything(t *testing.T) {
	t.Parallel()
	b := open(t, budget.Limits{})
	for range 1000 {
		if !b.order(request("www.shop.example")) {
			t.Fatal("refused without a limit")
		}
	}
	if len(b.ledger) != 0 {
		t.Errorf("books are kept of no limits: %v", b.ledger)
	}
}

// meter is a CA that enforces one limit exactly: a bucket of Count tokens that
// refills evenly. A token is Per units, and Count units flow in a nanosecond,
// so that nothing is ever rounded.
type meter struct {
	limit budget.Limit
	units int64
	at    time.Time
}

func newMeter(l budget.Limit) *meter {
	return &meter{limit: l, units: int64(l.Count) * int64(l.Per), at: start}
}

func (m *meter) refill(now time.Time) {
	full := int64(m.limit.Count) * int64(m.limit.Per)
	passed := now.Sub(m.at)
	if passed >= m.limit.Per {
		m.units = full
	} else {
		m.units = min(full, m.units+int64(passed)*int64(m.limit.Count))
	}
	m.at = now
}

// TestAnExactCASeesNoExcess: a CA that enforces exactly what we keep never
// refuses, and we never wait noticeably longer than it would make us.
func TestAnExactCASeesNoExcess(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limits := drawLimits(t)
		ca := map[string]*meter{}
		at := func(key string, l budget.Limit, now time.Time) *meter {
			if ca[key] == nil {
				ca[key] = newMeter(l)
			}
			ca[key].refill(now)
			return ca[key]
		}
		ledger, now := record.Ledger{}, start
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(8*time.Minute)).Draw(t, "passes")))
			name := rapid.SampledFrom([]string{"a.x.example", "b.x.example", "c.y.example"}).Draw(t, "name")
			r := budget.Request{Directory: "ca", Account: "1", Names: []string{name}, Domains: []string{name[2:]}}
			meters := []*meter{at("account", limits.NewOrders, now), at(name[2:], limits.CertificatesPerDomain, now), at(name, limits.SameNames, now)}
			ok, when := budget.Allow(ledger, r, limits, now)
			if !ok {
				checkWait(t, meters, now, when)
				later, _ := budget.Allow(ledger, r, limits, when)
				if !later || !when.After(now) {
					t.Fatalf("told to come at %v, which is %v off, and allowed then: %v", when, when.Sub(now), later)
				}
				continue
			}
			for _, m := range meters {
				if m.units -= int64(m.limit.Per); m.units < 0 {
					t.Fatalf("the CA of %v sees excess at %v", m.limit, now)
				}
			}
			maps.Copy(ledger, budget.Spend(ledger, r, limits, now))
		}
	})
}

func drawLimits(t *rapid.T) budget.Limits {
	limit := func(label string) budget.Limit {
		return budget.Limit{
			Count: rapid.IntRange(1, 7).Draw(t, label+" count"),
			Per:   time.Duration(rapid.Int64Range(int64(time.Minute), int64(time.Hour)).Draw(t, label+" per")),
		}
	}
	return budget.Limits{NewOrders: limit("orders"), CertificatesPerDomain: limit("domain"), SameNames: limit("set")}
}

// checkWait holds the announced time against what the CA would demand. Whole
// nanoseconds a token are what rounding may cost.
func checkWait(t *rapid.T, meters []*meter, now, when time.Time) {
	var needed time.Duration
	for _, m := range meters {
		if missing := int64(m.limit.Per) - m.units; missing > 0 {
			needed = max(needed, time.Duration((missing+int64(m.limit.Count)-1)/int64(m.limit.Count)))
		}
	}
	if extra := when.Sub(now) - needed; extra < 0 || extra > time.Microsecond {
		t.Fatalf("we wait %v, the CA wants %v", when.Sub(now), needed)
	}
}
