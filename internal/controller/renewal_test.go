package controller_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// The lab's CA dates what it issues by the real clock, while the program's is
// moved. So that a renewed certificate is not at once due again, it is longer
// lived than the one before.
func profiles(first time.Duration) (func(*lab.Options), func(*blueprint)) {
	offer := func(o *lab.Options) {
		o.Profiles = map[string]time.Duration{"first": first, "next": 30 * 24 * time.Hour}
	}
	return offer, func(b *blueprint) { b.Profile = "first" }
}

func next(b *blueprint) { b.Profile = "next" }

// TestRenewalIsWhenThePlanSaysIt: plan and pass agree on the second; it happens
// once, the new pair is deployed, and the old one is left to expire.
func TestRenewalIsWhenThePlanSaysIt(t *testing.T) {
	t.Parallel()
	for name, lifetime := range map[string]time.Duration{
		"a day": 24 * time.Hour, "some minutes": 8 * time.Minute,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			offer, first := profiles(lifetime)
			w := begin(t, offer, first)
			w.shop("www.shop.example")
			w.pass()
			w.wantIssued("www.shop.example")
			old := *w.domain("www.shop.example").Certificate
			at := w.renewal("www.shop.example")
			if half := old.NotBefore.Add(lifetime / 2); at.Sub(half).Abs() > lifetime/40 {
				t.Errorf("renewed at %s, want about half of its life, %s", at, half)
			}
			if e := w.entry("shop", "www.shop.example"); !e.Certificate.RenewAt.Equal(at) {
				t.Errorf("status says renewal at %s, want %s", e.Certificate.RenewAt, at)
			}
			w.replace(next)
			w.forward(at.Sub(w.clock.now()) - 2*time.Second)
			w.wantPlan()
			w.CA.Forget()
			w.pass()
			if n := len(w.CA.CertificatesFor("www.shop.example")); n != 1 {
				t.Fatalf("%d certificates before the time, want 1", n)
			}
			w.forward(3 * time.Second)
			w.wantPlan(reconcile.Renew)
			w.pass()
			w.pass()
			w.wantRenewed("www.shop.example", old)
			w.wantPlan()
		})
	}
}

// renewal is when the name's certificate is renewed.
func (w *world) renewal(name string) time.Time {
	w.t.Helper()
	return reconcile.RenewalTime(w.domain(name), w.config.Policy)
}

// wantPlan checks what a plan would do.
func (w *world) wantPlan(want ...reconcile.ActionKind) {
	w.t.Helper()
	plan, err := w.Plan(w.t.Context(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	var got []reconcile.ActionKind
	for _, a := range plan.Actions {
		got = append(got, a.Kind)
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("the plan is %v, want %v: %+v", got, want, plan.Actions)
	}
}

// wantRenewed checks that exactly one certificate came after old, is in use,
// and that old was not revoked.
func (w *world) wantRenewed(name string, old record.Certificate) {
	w.t.Helper()
	d := w.domain(name)
	if d.State != record.CertIssued || d.Certificate.Serial == old.Serial {
		w.t.Errorf("%s is %s with %s; want another certificate than %s", name, d.State, d.Certificate.Serial, old.Serial)
	}
	if n := len(w.CA.CertificatesFor(name)); n != 2 {
		w.t.Errorf("the CA issued %d certificates for %s, want 2", n, name)
	}
	w.wantServed(name, d.Certificate.Serial)
	if _, revoked := w.CA.Revoked(old.Serial); revoked {
		w.t.Error("the old certificate was revoked")
	}
}

// TestFailingRenewalKeepsTheCertificate: it is retried ever more slowly and
// then often, said in a renewal block, and is never Failed while it is valid.
func TestFailingRenewalKeepsTheCertificate(t *testing.T) {
	t.Parallel()
	offer, first := profiles(24 * time.Hour)
	w := begin(t, offer, first)
	w.shop("www.shop.example")
	w.pass()
	old := *w.domain("www.shop.example").Certificate
	w.Edge.Behave("www.shop.example", edge.Behaviour{Status: 404, Body: "<html>not here</html>"})
	w.replace(next)
	w.forward(w.renewal("www.shop.example").Sub(w.clock.now()) + time.Second)
	for attempt := 1; attempt <= 4; attempt++ {
		w.pass()
		d, e := w.domain("www.shop.example"), w.entry("shop", "www.shop.example")
		if d.Attempt.Count != attempt || d.State != record.CertIssued {
			t.Fatalf("after attempt %d: %s, %d attempts", attempt, d.State, d.Attempt.Count)
		}
		switch {
		case e.Status != "Cert Issued" || !e.Ready || e.Reason != "":
			t.Errorf("after attempt %d: %+v", attempt, e)
		case e.Renewal == nil || e.Renewal.Reason != string(failure.CDNChallengeMissing) || e.Renewal.Attempts != attempt:
			t.Errorf("after attempt %d the renewal block is %+v", attempt, e.Renewal)
		}
		w.wantServed("www.shop.example", old.Serial)
		w.forward(d.Attempt.Next.Sub(w.clock.now()) + time.Second)
	}
	w.Edge.Behave("www.shop.example", edge.Behaviour{})
	w.pass()
	w.wantRenewed("www.shop.example", old)
	if e := w.entry("shop", "www.shop.example"); e.Renewal != nil {
		t.Errorf("renewed, and still: %+v", e.Renewal)
	}
}

// TestExpiredWhileRenewalFailed: only when the certificate is no longer valid
// does the domain fail.
func TestExpiredWhileRenewalFailed(t *testing.T) {
	t.Parallel()
	offer, first := profiles(24 * time.Hour)
	w := begin(t, offer, first)
	w.shop("www.shop.example")
	w.pass()
	w.Edge.Behave("www.shop.example", edge.Behaviour{Status: 404})
	w.forward(13 * time.Hour)
	w.pass()
	w.forward(12 * time.Hour)
	w.pass()
	d, e := w.domain("www.shop.example"), w.entry("shop", "www.shop.example")
	if d.State != record.Failing && d.State != record.Failed || e.Ready {
		t.Errorf("expired and %s, %+v", d.State, e)
	}
}

// TestDaemonRenewsInRealTime: certificates of a few seconds are renewed again
// and again by the clock on the wall, and what is served is always valid.
func TestDaemonRenewsInRealTime(t *testing.T) {
	t.Parallel()
	w := begin(t, func(o *lab.Options) { o.Validity = 8 * time.Second })
	w.shop("www.shop.example")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	w.Run(ctx, controller.Loop{Interval: time.Minute, After: func(r controller.Result) {
		if r.Failure != nil {
			t.Error(r.Failure)
		}
		d := w.domain("www.shop.example")
		if d.Certificate == nil || !time.Now().Before(d.Certificate.NotAfter) {
			t.Errorf("%s with %+v", d.State, d.Certificate)
			return
		}
		w.wantServed("www.shop.example", d.Certificate.Serial)
		if len(w.CA.CertificatesFor("www.shop.example")) >= 3 {
			cancel()
		}
	}})
	if n := len(w.CA.CertificatesFor("www.shop.example")); n != 3 {
		t.Errorf("%d certificates, want 3", n)
	}
}
