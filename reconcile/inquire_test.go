package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// revokedAt is the row after its CA's list was read at that time.
func revokedAt(d record.Domain, reason int, p reconcile.Policy, now time.Time) reconcile.Decision {
	said := &record.Revocation{SHA256: d.Certificate.SHA256, At: now.Add(-time.Hour), Reason: reason}
	return reconcile.Decide(d, record.Observation{Revoked: said}, p, now)
}

// TestRevokedByOthersIsReplacedAtOnce and told, without another revocation and
// without an end of what the row remembers.
func TestRevokedByOthersIsReplacedAtOnce(t *testing.T) {
	t.Parallel()
	p := policy()
	d, now := issued(t, p), start.Add(5*day)
	dec := revokedAt(d, 1, p, now)
	a := only(t, dec)
	if a.Kind != reconcile.Renew || !a.Urged || !strings.Contains(a.Why, "its CA revoked it at ") || !strings.Contains(a.Why, "keyCompromise") {
		t.Fatalf("%+v", a)
	}
	if r, known := reconcile.Revoked(dec.Next); !known || r.Serial != d.Certificate.Serial || !r.Seen.Equal(now) {
		t.Errorf("%+v, %v", r, known)
	}
	// A list that cannot be had later takes nothing back.
	if a := only(t, reconcile.Decide(dec.Next, record.Observation{}, p, now.Add(time.Minute))); !a.Urged {
		t.Errorf("%+v", a)
	}
	fresh := certificate(www, p, now)
	fresh.Serial, fresh.SHA256 = "02", "bb"
	next := reconcile.Settle(dec.Next, reconcile.Result{Action: a, Certificate: fresh}, p, now)
	if r, known := reconcile.ReplacedRevoked(next); !known || r.Serial != d.Certificate.Serial || !reconcile.ReplacedEarly(next) {
		t.Errorf("it is not told: %+v, %v", r, known)
	}
	if _, known := reconcile.Revoked(next); known || len(next.Superseded) > 0 {
		t.Errorf("the new one counts as revoked (%v), or the old one is revoked again: %+v", known, next.Superseded)
	}
}

// TestRevokedAgainAndAgain: whoever revokes each certificate gets one order a day
// out of us, which the limits allow for.
func TestRevokedAgainAndAgain(t *testing.T) {
	t.Parallel()
	p := policy()
	d, now := issued(t, p), start.Add(5*day)
	dec := revokedAt(d, 4, p, now)
	fresh := certificate(www, p, now)
	fresh.Serial, fresh.SHA256 = "02", "bb"
	next := reconcile.Settle(dec.Next, reconcile.Result{Action: only(t, dec), Certificate: fresh}, p, now)
	for i := range next.Deployed {
		next.Deployed[i].SHA256 = fresh.SHA256
	}
	soon := now.Add(6 * time.Hour)
	again := revokedAt(next, 4, p, soon)
	rests(t, again, reconcile.Keep)
	if due := again.Next.Due; due.After(now.Add(day)) {
		t.Errorf("it wakes at %s", due)
	}
	if a := only(t, reconcile.Decide(again.Next, record.Observation{}, p, now.Add(day))); !a.Urged {
		t.Errorf("%+v", a)
	}
}

// TestRevocationOfAnother certificate than the row's says nothing of it.
func TestRevocationOfAnother(t *testing.T) {
	t.Parallel()
	p := policy()
	said := &record.Revocation{SHA256: "another", At: start}
	dec := reconcile.Decide(issued(t, p), record.Observation{Revoked: said}, p, start.Add(day))
	if dec.Next.Revocation != nil || len(dec.Actions) > 0 {
		t.Errorf("%+v, %+v", dec.Next.Revocation, dec.Actions)
	}
}

// TestInquiries: with the daily look and before an order, about what we can
// replace, until it is known.
func TestInquiries(t *testing.T) {
	t.Parallel()
	p := policy()
	d := issued(t, p)
	tomorrow := start.Add(25 * time.Hour)
	change := func(f func(*record.Domain)) record.Domain {
		c := d
		certificate := *d.Certificate
		c.Certificate = &certificate
		f(&c)
		return c
	}
	for name, c := range map[string]struct {
		d    record.Domain
		at   time.Time
		want bool
	}{
		"just looked at":    {d, start.Add(time.Minute), false},
		"the daily look":    {d, tomorrow, true},
		"before a renewal":  {change(func(d *record.Domain) { d.CheckedAt = start.Add(70 * day) }), start.Add(70 * day), true},
		"its removal held":  {change(func(d *record.Domain) { d.Held, d.Mode = true, record.Removed }), tomorrow, true},
		"leaving":           {change(func(d *record.Domain) { d.Mode = record.Removed }), tomorrow, false},
		"switched off":      {change(func(d *record.Domain) { d.Mode = record.Off }), tomorrow, false},
		"brought along":     {change(func(d *record.Domain) { d.Certificate.Origin = record.OriginBrought }), tomorrow, false},
		"expired":           {d, start.Add(91 * day), false},
		"no certificate":    {change(func(d *record.Domain) { d.Certificate = nil }), tomorrow, false},
		"known to be":       {change(func(d *record.Domain) { d.Revocation = &record.Revocation{SHA256: d.Certificate.SHA256} }), tomorrow, false},
		"one before it was": {change(func(d *record.Domain) { d.Revocation = &record.Revocation{SHA256: "00"} }), tomorrow, true},
	} {
		if got := reconcile.Inquires(c.d, p, c.at); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestRevokedIsTriedHourly when its replacement fails: what is in use is refused
// by some already.
func TestRevokedIsTriedHourly(t *testing.T) {
	t.Parallel()
	p := policy()
	d, now := revokedAt(issued(t, p), 1, p, start.Add(5*day)).Next, start.Add(5*day)
	refusal := &record.Problem{Type: record.ErrorURN + "unauthorized", Status: 403, Detail: "no", During: "validation"}
	for range 8 {
		next := reconcile.Settle(d, reconcile.Result{Action: reconcile.Action{Kind: reconcile.Renew}, Problem: refusal}, p, now)
		if wait := next.Attempt.Next.Sub(now); wait > 111*time.Minute || next.Attempt.Count > 4 && wait > 67*time.Minute {
			t.Errorf("after %d attempts it waits for %s", next.Attempt.Count, wait)
		}
		d, now = next, next.Attempt.Next
	}
	if d.Certificate == nil || d.State != record.CertIssued {
		t.Errorf("%s, %v", d.State, d.Certificate)
	}
}
