package controller_test

import (
	"bytes"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// longLived is a world with one certificate of ninety days, and what the CA
// calls Boulder's limits.
func longLived(t *testing.T, change ...any) (*world, record.Certificate) {
	t.Helper()
	w := begin(t, append([]any{func(o *lab.Options) { o.Validity = 90 * 24 * time.Hour }}, change...)...)
	w.shop("www.shop.example")
	w.pass()
	return w, *w.domain("www.shop.example").Certificate
}

// asked lets the time come at which the CA is asked again, and makes a pass.
func (w *world) asked(name string) {
	w.t.Helper()
	w.forward(w.domain(name).Suggestion.NextAt.Sub(w.clock.now()) + time.Second)
	w.pass()
}

// TestSuggestedWindowIsFollowed through store, status and plan; the CA is asked
// in the pass that issues and then when it said.
func TestSuggestedWindowIsFollowed(t *testing.T) {
	t.Parallel()
	w, old := longLived(t)
	if n := w.CA.Count(ca.RenewalInfo); n != 1 {
		t.Errorf("asked %d times when it was issued, want once", n)
	}
	start := w.clock.now().Add(8 * time.Hour).Truncate(time.Second) // an order of the lab's CA lasts a day
	w.CA.Suggest(old.Serial, ca.Window{Start: start, End: start.Add(time.Hour)})
	w.CA.Forget()
	w.forward(5*time.Hour + 50*time.Minute)
	w.pass()
	if n := w.CA.Count(ca.RenewalInfo); n > 0 {
		t.Errorf("asked %d times before its time", n)
	}
	w.asked("www.shop.example")
	at := w.entry("shop", "www.shop.example").Certificate.RenewAt
	if at.Before(start) || at.After(start.Add(time.Hour)) || !at.Equal(w.renewal("www.shop.example")) {
		t.Errorf("status says renewal at %s, the window starts at %s", at, start)
	}
	w.forward(at.Sub(w.clock.now()) - time.Minute)
	w.pass()
	w.wantIssued("www.shop.example")
	w.forward(2 * time.Minute)
	w.pass()
	w.wantRenewed("www.shop.example", old)
	if id := w.replaced(); len(id) != 1 || id[0] == "" {
		t.Errorf("the order replaces %q", id)
	}
}

// replaced are the certificates that new orders named as those they replace.
func (w *world) replaced() []string {
	var ids []string
	for _, r := range w.CA.Requests() {
		if r.Kind == ca.NewOrder {
			ids = append(ids, r.Replaces)
		}
	}
	return ids
}

// TestRevokedBehindOurBack: a CA that revoked says so by a window that is over,
// and the certificate is replaced in the pass that learns of it.
func TestRevokedBehindOurBack(t *testing.T) {
	t.Parallel()
	w, old := longLived(t)
	now := w.clock.now()
	w.CA.Suggest(old.Serial, ca.Window{Start: now.Add(-time.Hour), End: now.Add(-time.Minute), Explanation: "https://ca.test/incident"})
	var log bytes.Buffer
	w.rig = w.another(func(c *controller.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	w.asked("www.shop.example")
	w.wantRenewed("www.shop.example", old)
	if said := log.String(); !strings.Contains(said, "level=WARN") || !strings.Contains(said, "https://ca.test/incident") {
		t.Errorf("nobody is told why:\n%s", said)
	}
	if e := w.entry("shop", "www.shop.example"); !e.Certificate.ReplacedEarly {
		t.Errorf("the status does not say so: %+v", e.Certificate)
	}
	w.pass()
	w.wantRenewed("www.shop.example", old)
}

// TestCAThatAlwaysWantsANewOne gets one a day and a name, whatever it says.
func TestCAThatAlwaysWantsANewOne(t *testing.T) {
	t.Parallel()
	w, _ := longLived(t)
	past := w.clock.now().Add(-time.Hour)
	w.CA.Fault(ca.Of(ca.RenewalInfo), ca.Fault{Status: http.StatusOK, Body: `{"suggestedWindow":{"start":"` +
		past.UTC().Format(time.RFC3339) + `","end":"` + past.Add(time.Minute).UTC().Format(time.RFC3339) + `"}}`})
	for range 12 { // three days
		w.forward(6 * time.Hour)
		w.pass()
	}
	if n := len(w.CA.CertificatesFor("www.shop.example")); n < 3 || n > 5 {
		t.Errorf("%d certificates in three days, want the first and one a day", n)
	}
}

// TestRenewalInfoIsNeverFatal: with every answer that makes no sense, passes
// succeed, the certificate stays, and it is renewed by its lifetime.
func TestRenewalInfoIsNeverFatal(t *testing.T) {
	t.Parallel()
	faults := map[string]ca.Fault{
		"404": {Status: 404}, "500": {Status: 500}, "503": {Status: 503}, "cut": {Drop: true}, "HTML": {Status: 200, Body: "<html>"},
		"backwards": {Status: 200, Body: `{"suggestedWindow":{"start":"2026-11-25T00:00:00Z","end":"2026-11-24T00:00:00Z"}}`},
		"1970":      {Status: 200, Body: `{"suggestedWindow":{"start":"1970-01-01T00:00:00Z","end":"1970-01-02T00:00:00Z"}}`},
		"9999":      {Status: 200, Body: `{"suggestedWindow":{"start":"9999-01-01T00:00:00Z","end":"9999-01-02T00:00:00Z"}}`},
		"null":      {Status: 200, Body: `null`},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			offer, first := profiles(24 * time.Hour)
			w := begin(t, offer, first)
			w.CA.Fault(ca.Of(ca.RenewalInfo), fault)
			w.shop("www.shop.example")
			w.pass()
			old := *w.domain("www.shop.example").Certificate
			w.replace(next)
			w.forward(11 * time.Hour)
			w.pass()
			w.wantIssued("www.shop.example")
			w.forward(2 * time.Hour)
			w.pass()
			w.wantRenewed("www.shop.example", old)
			if n := w.CA.Count(ca.RenewalInfo); n < 2 || n > 60 {
				t.Errorf("asked %d times in 13 hours", n)
			}
		})
	}
}

// TestRenewalsWithinTheWindowAreExempt: with every limit used up, a renewal that
// names what it replaces goes ahead and costs nothing; one that the CA will not
// have so is booked.
func TestRenewalsWithinTheWindowAreExempt(t *testing.T) {
	t.Parallel()
	one := budget.Limit{Count: 1, Per: 1000 * 24 * time.Hour}
	for name, c := range map[string]struct {
		refuse bool
		booked int
	}{"exempt": {false, 1}, "counted after all": {true, 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, old := longLived(t, limited(budget.Limits{SameNames: one}))
			start := w.clock.now().Add(8 * time.Hour).Truncate(time.Second)
			w.CA.Suggest(old.Serial, ca.Window{Start: start, End: start.Add(2 * time.Hour)})
			w.asked("www.shop.example")
			if c.refuse {
				refusal := ca.Refusal(ca.Problem{Type: "malformed", Status: 404, Detail: "no such certificate"})
				w.CA.Fault(func(r *ca.Request) bool { return r.Kind == ca.NewOrder && r.Replaces != "" }, refusal)
			}
			w.forward(w.renewal("www.shop.example").Sub(w.clock.now()) + time.Second)
			w.pass()
			w.wantRenewed("www.shop.example", old)
			if n := w.spent(one, "www.shop.example"); n != c.booked {
				t.Errorf("%d orders are booked, want %d", n, c.booked)
			}
		})
	}
}

// spent is how many orders for the set of names the books know of.
func (w *world) spent(l budget.Limit, names string) int {
	w.t.Helper()
	d := w.domain(names)
	ledger, err := w.config.Store.Ledger(w.t.Context(), reconcile.OrderRequest(d, w.config.Policy, w.clock.now()).Buckets()...)
	if err != nil {
		w.t.Fatal(err)
	}
	for bucket, full := range ledger {
		if bucket.Key == names {
			return int(math.Round(float64(full.Sub(w.clock.now())) * float64(l.Count) / float64(l.Per)))
		}
	}
	return 0
}
