package controller_test

import (
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab/ca"
)

// TestCAAPicksTheCA: the first that the set allows is asked; where it allows
// none, the remedy has a record for each.
func TestCAAPicksTheCA(t *testing.T) {
	t.Parallel()
	w := beginPair(t, ca.Options{})
	w.DNS.Set("a.example", `CAA 0 issue "`+secondIssuer+`"`)
	w.DNS.Set("b.example", `CAA 0 issue "`+secondIssuer+`"`, `CAA 0 issue "ca.test"`)
	w.DNS.Set("c.example", `CAA 0 issue "elsewhere.test"`)
	w.shop("www.a.example", "www.b.example", "www.c.example", "www.d.example")
	w.pass()
	w.wantFrom(w.second, "www.a.example")
	w.wantFrom(w.CA, "www.b.example")
	w.wantFrom(w.CA, "www.d.example")
	d := w.domain("www.c.example")
	if reason(d) != string(failure.CAAForbids) || len(d.Findings[0].Expected) != 2 {
		t.Fatalf("%+v", d.Findings)
	}
	for _, want := range []string{`c.example 0 issue "ca.test"`, `c.example 0 issue "second.test"`} {
		if !strings.Contains(d.Findings[0].Remedy, want) {
			t.Errorf("the remedy %q lacks %q", d.Findings[0].Remedy, want)
		}
	}
	if n := w.CA.Count(ca.NewOrder) + w.second.Count(ca.NewOrder); n != 3 {
		t.Errorf("%d orders, want 3", n)
	}
}

// TestCAAAllowsOnlyTheOneThatIsDown: then it is waited for.
func TestCAAAllowsOnlyTheOneThatIsDown(t *testing.T) {
	t.Parallel()
	w := beginPair(t, ca.Options{})
	w.shop("other.example")
	w.pass() // so that both are known
	w.DNS.Set("shop.example", `CAA 0 issue "ca.test"`)
	heal := w.CA.Fault(nil, ca.Fault{Drop: true})
	w.shop("other.example", www)
	w.Pass(t.Context())
	d := w.domain(www)
	if n := w.second.Count(ca.NewOrder); n > 0 || !d.Attempt.Next.After(w.clock.now()) {
		t.Errorf("the CA that may not issue was asked %d times; next attempt %s, %v", n, d.Attempt.Next, d.Findings)
	}
	heal()
	w.forward(d.Attempt.Next.Sub(w.clock.now()) + 1e9)
	w.pass()
	w.wantFrom(w.CA, www)
}
