package controller_test

import (
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
)

// soon is when owners are told in these tests: the CA of the lab forgets its
// orders after a day.
func soon(c *controller.Config) { c.Policy.NotifyAfter = 6 * time.Hour }

// TestIncidentIsToldOnceThroughRestarts: the time counts from the first failure,
// whichever process looks and whatever is wrong meanwhile; it is said once, and
// once when the certificate is in use.
func TestIncidentIsToldOnceThroughRestarts(t *testing.T) {
	t.Parallel()
	const name = "www.shop.example"
	w := begin(t, soon)
	w.push(apps(app("shop", name)))
	w.pass()
	began := w.entry("shop", name).FirstFailed
	look := func(later time.Duration) {
		t.Helper()
		w.forward(later)
		w.rig = w.another(soon)
		w.pass()
	}
	// A refresh, and another fault than the first: it is one incident.
	look(3 * time.Hour)
	w.DNS.Set(name, "CNAME gone.elsewhere.example.")
	w.push("apiVersion: acmsync/v1\napps:\n  - {name: shop, refresh: \"1\", domains: [" + name + "]}\n")
	look(2 * time.Hour)
	if e := w.entry("shop", name); !e.Notified.IsZero() || e.Reason != "incorrect-dns" || !e.FirstFailed.Equal(began) {
		t.Fatalf("after 5 hours: %s since %v, notified %v; it began at %v", e.Reason, e.FirstFailed, e.Notified, began)
	}
	look(2 * time.Hour)
	told := w.entry("shop", name).Notified
	if least := began.Add(6 * time.Hour); told.Before(least) {
		t.Fatalf("after 7 hours: notified %v, want it after %v", told, least)
	}
	look(3 * time.Hour)
	if again := w.entry("shop", name).Notified; !again.Equal(told) {
		t.Errorf("later: notified %v, and %v before", again, told)
	}
	w.Point(name)
	look(2 * time.Hour)
	if e, n := w.entry("shop", name), w.domain(name).Notice; !e.Notified.IsZero() || n.Healed.IsZero() || n.Reason == "" {
		t.Errorf("mended: %s, notified %v, %+v", e.Status, e.Notified, n)
	}
	healed := w.domain(name).Notice.Healed
	look(3 * time.Hour)
	if n := w.domain(name).Notice; !n.Healed.Equal(healed) || !n.Told.IsZero() {
		t.Errorf("after that: %+v", n)
	}
}

// TestNobodyIsToldOfTheCAsOutage: whoever cannot act is not asked to.
func TestNobodyIsToldOfTheCAsOutage(t *testing.T) {
	t.Parallel()
	const name = "www.shop.example"
	w := begin(t, soon)
	w.Point(name)
	lift := w.CA.Fault(func(r *ca.Request) bool { return r.Kind == ca.NewOrder }, ca.Fault{Status: 503})
	w.shop(name)
	for range 4 {
		_ = w.Pass(t.Context())
		w.forward(4 * time.Hour)
	}
	if e := w.entry("shop", name); !e.Notified.IsZero() || e.Attention != "" {
		t.Errorf("%s, attention %q, notified %v", e.Status, e.Attention, e.Notified)
	}
	lift()
	w.pass()
	if d := w.domain(name); d.State != record.CertIssued || d.Notice != (record.Notice{}) {
		t.Errorf("%s, %+v, %+v", d.State, d.Notice, d.Findings)
	}
}
