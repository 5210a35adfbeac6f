package controller_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
)

// troubles are those of a CA, or of our account there, and none of the domain's.
func troubles() map[string]struct {
	match func(*ca.Request) bool
	fault ca.Fault
} {
	limit := ca.Refusal(ca.Problem{Type: "rateLimited", Status: 429, Detail: "too many new orders from this account"})
	limit.Header.Set("Retry-After", "7200")
	return map[string]struct {
		match func(*ca.Request) bool
		fault ca.Fault
	}{
		"cut":                {nil, ca.Fault{Drop: true}},
		"down":               {nil, ca.Fault{Status: 503, Body: "<html>"}},
		"its directory gone": {ca.Of(ca.Directory), ca.Fault{Status: 404}},
		"new orders fail":    {ca.Writes(ca.NewOrder), ca.Fault{Status: 500, Body: "oops"}},
		"an order lost":      {ca.Of(ca.NewOrder), ca.Fault{DropAnswer: true}},
		"validation fails":   {ca.Of(ca.Authz), ca.Fault{Status: 502}},
		"no account":         {ca.Of(ca.NewAccount), ca.Refusal(ca.Problem{Type: "externalAccountRequired", Status: 403, Detail: "who are you"})},
		"terms":              {ca.Writes(ca.NewOrder), ca.Refusal(ca.Problem{Type: "userActionRequired", Status: 403, Detail: "agree to the new terms"})},
		"limited":            {ca.Writes(ca.NewOrder), limit},
	}
}

// TestFallback: what keeps the first CA from serving anybody is not waited for,
// nobody is told of a failure, and the first is asked again only when the time
// has come; until then nothing is renewed early.
func TestFallback(t *testing.T) {
	t.Parallel()
	for name, c := range troubles() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := beginPair(t, ca.Options{ValidityPeriod: 24 * time.Hour}, func(o *lab.Options) { o.Validity = 30 * 24 * time.Hour })
			heal := w.CA.Fault(c.match, c.fault)
			w.shop(www)
			r := w.Pass(t.Context())
			if r.Failure != nil {
				t.Errorf("one CA does not answer, the other does, and yet: %v", r.Failure)
			}
			old := w.wantFrom(w.second, www)
			if d := w.domain(www); d.Attempt.Count != 0 || d.Problem != nil {
				t.Errorf("it counts as a failure of the domain: %+v", d.Attempt)
			}
			heal()
			w.CA.Forget()
			w.rig = w.another(w.fallback()) // a refusal of the account is remembered for a minute of the real clock
			w.forward(w.renewal(www).Sub(w.clock.now()) - time.Minute)
			w.pass()
			w.wantFrom(w.second, www)
			w.forward(2 * time.Minute)
			w.pass()
			if d := w.domain(www); d.Certificate.Serial == old.Serial || d.Certificate.Directory != w.CA.URL() {
				t.Errorf("healed, and the renewal is of %s: %v", d.Certificate.Directory, d.Findings)
			}
			if n := len(w.replacedAt(w.CA)); n != 1 || w.replacedAt(w.CA)[0] != "" {
				t.Errorf("the first CA is told to replace another's certificate: %q", w.replacedAt(w.CA))
			}
		})
	}
}

func (w *pair) replacedAt(at *ca.CA) []string {
	var ids []string
	for _, r := range at.Requests() {
		if r.Kind == ca.NewOrder {
			ids = append(ids, r.Replaces)
		}
	}
	return ids
}

// TestNoFallbackForTheDomainsOwnFailures: another CA would meet the same.
func TestNoFallbackForTheDomainsOwnFailures(t *testing.T) {
	t.Parallel()
	for kind, verdict := range map[string]ca.Problem{
		"connection":   {Type: "connection", Detail: "no route to host"},
		"unauthorized": {Type: "unauthorized", Detail: "another response"},
		"dns":          {Type: "dns", Detail: "SERVFAIL"},
		"caa":          {Type: "caa", Detail: "CAA record prevents issuance"},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := beginPair(t, ca.Options{})
			w.CA.Judge(www, ca.Verdict{Problem: &verdict})
			w.shop(www)
			w.pass()
			if d := w.domain(www); d.State != record.Failing || d.Attempt.Count != 1 {
				t.Errorf("%s after %d attempts", d.State, d.Attempt.Count)
			}
			if n := w.second.Count(ca.NewOrder); n > 0 {
				t.Errorf("the other CA was asked %d times", n)
			}
		})
	}
	for name, detail := range map[string]string{
		"refused": "policy forbids this name", "failures used up": "too many failed authorizations (5) for \"" + www + "\" in the last 1h0m0s",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := beginPair(t, ca.Options{})
			kind := map[string]string{"refused": "rejectedIdentifier", "failures used up": "rateLimited"}[name]
			w.CA.Fault(ca.Writes(ca.NewOrder), ca.Refusal(ca.Problem{Type: kind, Status: http.StatusTooManyRequests, Detail: detail}))
			w.shop(www)
			w.pass()
			if n := w.second.Count(ca.NewOrder); n > 0 {
				t.Errorf("the other CA was asked %d times", n)
			}
		})
	}
}

// TestFinalizedIsNeverLeft: an order whose CSR was sent may be a certificate
// already, so it is waited for, whatever happens to its CA.
func TestFinalizedIsNeverLeft(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]ca.Fault{"the answer lost": {DropAnswer: true}, "down": {Status: 503}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := beginPair(t, ca.Options{})
			lift := w.CA.Fault(ca.Of(ca.Finalize), fault)
			w.CA.After(ca.Finalize, func() { w.CA.Fault(nil, ca.Fault{Drop: true, Times: 20}) })
			w.shop(www)
			w.Pass(t.Context())
			for range 3 {
				w.forward(2 * time.Hour)
				w.Pass(t.Context())
			}
			if n := w.second.Count(ca.NewOrder); n > 0 {
				t.Fatalf("another CA was asked %d times for what may be issued", n)
			}
			lift()
			for range 30 {
				w.forward(2 * time.Hour)
				if r := w.Pass(t.Context()); r.Failure == nil && w.domain(www).State == record.CertIssued {
					break
				}
			}
			w.wantFrom(w.CA, www)
		})
	}
}

// TestFallbackWhenTheBudgetIsSpent: by our own books, per CA.
func TestFallbackWhenTheBudgetIsSpent(t *testing.T) {
	t.Parallel()
	w := beginPair(t, ca.Options{}, limited(budget.Limits{NewOrders: budget.Limit{Count: 1, Per: 3 * time.Hour}}))
	w.shop("a.shop.example", "b.shop.example", "c.shop.example")
	w.pass()
	if n, m := len(w.CA.Certificates()), len(w.second.Certificates()); n != 1 || m != 2 {
		t.Errorf("%d certificates of the first CA, which allows one, and %d of the second", n, m)
	}
	if n := w.CA.Count(ca.NewOrder); n != 1 {
		t.Errorf("the first CA was asked %d times, within a limit of one", n)
	}
}

// TestBothDown: it is the CAs' fault, the soonest of them is waited for, and one
// that heals serves.
func TestBothDown(t *testing.T) {
	t.Parallel()
	w := beginPair(t, ca.Options{})
	w.CA.Fault(nil, ca.Fault{Drop: true})
	heal := w.second.Fault(nil, ca.Fault{Drop: true})
	w.shop(www)
	if r := w.Pass(t.Context()); r.Failure == nil || !strings.Contains(r.Failure.Error(), "acme.directory") {
		t.Errorf("failure %v, want one that names acme.directory", r.Failure)
	}
	d := w.domain(www)
	if d.State != record.Waiting || reason(d) != string(failure.CAUnavailable) || d.Attempt.Count != 0 {
		t.Errorf("%s, %v", d.State, d.Findings)
	}
	w.CA.Forget()
	w.rig = w.another(w.fallback())
	if r := w.Pass(t.Context()); r.Failure != nil || w.CA.Count() > 0 {
		t.Errorf("in backoff, after a restart: %v, %d requests", r.Failure, w.CA.Count())
	}
	heal()
	w.forward(d.Attempt.Next.Sub(w.clock.now()) + time.Second)
	w.Pass(t.Context())
	w.wantFrom(w.second, www)
}

// TestAccountsApart: one key, an account at each CA, each asked for what it
// issued; one that wants an external account gets its own.
func TestAccountsApart(t *testing.T) {
	t.Parallel()
	const hmac = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
	w := beginPair(t, ca.Options{EAB: map[string]string{"kid-2": hmac}})
	w.shop("first.shop.example")
	w.pass()
	w.wantFrom(w.CA, "first.shop.example")
	heal := w.CA.Fault(nil, ca.Fault{Drop: true})
	w.shop("first.shop.example", "second.shop.example")
	w.pass()
	second := w.wantFrom(w.second, "second.shop.example")
	if first := w.domain("first.shop.example").Certificate; first.Account == second.Account || second.Account == "" {
		t.Errorf("accounts %q and %q", first.Account, second.Account)
	}
	heal()
	w.shop("first.shop.example")
	w.pass()
	w.forward(25 * time.Hour)
	w.pass()
	if _, revoked := w.second.Revoked(second.Serial); !revoked {
		t.Error("the certificate of the name that left is not revoked at its CA")
	}
	if n := w.CA.Count(ca.Revoke); n > 0 {
		t.Errorf("the other CA was asked %d times to revoke it", n)
	}
}
