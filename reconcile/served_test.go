package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// unserved is a row whose edge presents another certificate, looked at when the
// grace was over.
func unserved(t *testing.T, p reconcile.Policy, now time.Time) reconcile.Decision {
	t.Helper()
	d := issued(t, p)
	d.Checks.Served = ""
	return look(d, elsewhere, p, now)
}

// TestNotServedAfterTheGrace: a reload takes its time; after that the operator
// is told, and nothing is ordered or deployed for it.
func TestNotServedAfterTheGrace(t *testing.T) {
	t.Parallel()
	p := policy()
	soon := unserved(t, p, start.Add(2*time.Minute-time.Second))
	rests(t, soon, reconcile.Keep)
	if soon.Next.Checks.Served != record.Fail || len(soon.Next.Findings) > 0 || reconcile.Attention(soon.Next) != "none" {
		t.Errorf("within the grace: %+v", soon.Next)
	}
	now := start.Add(2 * time.Minute)
	dec := unserved(t, p, now)
	o := rests(t, dec, reconcile.Fail)
	state(t, dec.Next, record.CertIssued)
	code(t, dec.Next, failure.NotServed)
	f := dec.Next.Findings[0]
	if len(f.Expected) != 1 || len(f.Observed) != 1 || f.Observed[0].Name != edgeAddr.String() || !f.Since.Equal(now) {
		t.Errorf("%+v", f)
	}
	if reconcile.Attention(dec.Next) != "operator" || !strings.Contains(o.Why, "serial other") {
		t.Errorf("%s: %+v", reconcile.Attention(dec.Next), o)
	}
	if want := now.Add(time.Minute); !dec.Next.Due.Equal(want) || !o.Until.Equal(want) {
		t.Errorf("looked at again at %v, %v, want %v", dec.Next.Due, o.Until, want)
	}
}

// TestNotServedIsLookedAtUntilItIsMended: sooner than daily for however long it
// lasts, and gone as soon as it is seen right.
func TestNotServedIsLookedAtUntilItIsMended(t *testing.T) {
	t.Parallel()
	p := policy()
	began := start.Add(10 * time.Minute)
	d := unserved(t, p, began).Next
	for d.Due.Before(began.Add(2 * day)) { // somebody is told after three, at a time of its own
		before := d
		if wait := d.Due.Sub(before.CheckedAt); wait <= 0 || wait > time.Hour+10*time.Minute {
			t.Fatalf("looked at at %v, and again at %v", before.CheckedAt, d.Due)
		}
		dec := look(d, elsewhere, p, d.Due)
		rests(t, dec, reconcile.Fail)
		if d = dec.Next; !d.Findings[0].Since.Equal(began) || d.Findings[0].Message != before.Findings[0].Message {
			t.Fatalf("%+v", d.Findings[0])
		}
	}
	dec := look(d, well, p, d.Due)
	rests(t, dec, reconcile.Keep)
	if len(dec.Next.Findings) > 0 || dec.Next.Checks.Served != record.Pass || dec.Next.Due.Before(d.Due.Add(time.Minute)) {
		t.Errorf("%+v", dec.Next)
	}
}

// TestNotServedIsForgottenWhenItCannotBeAsked: what was known counts for an
// hour.
func TestNotServedIsForgottenWhenItCannotBeAsked(t *testing.T) {
	t.Parallel()
	p := policy()
	began := start.Add(10 * time.Minute)
	d := unserved(t, p, began).Next
	d = look(d, silent, p, began.Add(time.Hour)).Next
	code(t, d, failure.NotServed)
	dec := look(d, silent, p, began.Add(time.Hour+10*time.Minute))
	o := rests(t, dec, reconcile.Keep)
	if len(dec.Next.Findings) > 0 || dec.Next.Checks.Served != record.Unknown {
		t.Errorf("%+v", dec.Next)
	}
	if !strings.Contains(o.Why, "what is served is not known: edge silent") {
		t.Errorf("%q does not say why", o.Why)
	}
}

// TestNotServedStandsBesideAFailingRenewal: it leads, and the renewal is
// decided about as if it were not there.
func TestNotServedStandsBesideAFailingRenewal(t *testing.T) {
	t.Parallel()
	p := policy()
	now := start.Add(70 * day)
	d := issued(t, p)
	d.Checks.Served = record.Pass
	d = look(d, elsewhere, p, now).Next // it is due for renewal too
	if a := only(t, look(d, elsewhere, p, now)); a.Kind != reconcile.Renew {
		t.Fatalf("%+v", a)
	}
	d = reconcile.Settle(d, reconcile.Result{Action: reconcile.Action{Kind: reconcile.Renew}, Problem: problem(cdn, now)}, p, now)
	state(t, d, record.CertIssued)
	code(t, d, failure.NotServed)
	if len(d.Findings) != 2 || d.Attempt.Count != 1 || reconcile.Attention(d) != "operator" {
		t.Errorf("%+v, attempt %+v", d.Findings, d.Attempt)
	}
	renewed := certificate(www, p, now)
	renewed.Serial, renewed.SHA256 = "02", "02"
	d = reconcile.Settle(d, reconcile.Result{Action: reconcile.Action{Kind: reconcile.Renew}, Certificate: renewed}, p, now)
	if len(d.Findings) > 0 || d.Checks.Served != "" {
		t.Errorf("the next certificate: %+v", d)
	}
}

// TestNobodyIsToldOfWhatNobodyWasGiven: without a target, or without an answer
// of every target, the edge is not to blame.
func TestNobodyIsToldOfWhatNobodyWasGiven(t *testing.T) {
	t.Parallel()
	p := policy()
	d := unserved(t, p, start.Add(time.Hour)).Next
	code(t, d, failure.NotServed)
	more := p
	more.Targets = append([]string{"edge-0"}, p.Targets...)
	dec := look(d, elsewhere, more, start.Add(2*time.Hour))
	if a := only(t, dec); a.Kind != reconcile.Deploy || len(dec.Next.Findings) > 0 {
		t.Errorf("a target that is new: %+v, %+v", a, dec.Next.Findings)
	}
	none := p
	none.Targets = nil
	dec = look(d, elsewhere, none, start.Add(2*time.Hour))
	rests(t, dec, reconcile.Keep)
	if len(dec.Next.Findings) > 0 {
		t.Errorf("no target at all: %+v", dec.Next.Findings)
	}
}

// A wildcard has no host that could be asked, so nobody waits to be able to.
func TestNobodyAsksWhatAWildcardServes(t *testing.T) {
	t.Parallel()
	p := policy()
	d := issued(t, p)
	d.Names, d.Certificate.Names, d.Checks.Served = []string{"*.shop.example"}, []string{"*.shop.example"}, ""
	d = reconcile.Settle(d, reconcile.Result{Action: reconcile.Action{Kind: reconcile.Deploy, Target: "edge-1"}}, p, start)
	if d.Checks.Served != record.Skipped {
		t.Errorf("served is %q", d.Checks.Served)
	}
	if _, q, ask := reconcile.Ask(d, p, start.Add(time.Second)); ask {
		t.Errorf("asked %+v", q)
	}
}
