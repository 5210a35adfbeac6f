package reconcile_test

import (
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// certifiedBy has every target acknowledge the row's certificate.
func certifiedBy(d record.Domain, p reconcile.Policy, now time.Time) record.Domain {
	for _, target := range p.Targets {
		a := reconcile.Action{Kind: reconcile.Deploy, Target: target}
		d = reconcile.Settle(d, reconcile.Result{Action: a}, p, now)
	}
	return d
}

// replaced is a row whose certificate was replaced after rekey became value.
func replaced(t *testing.T, p reconcile.Policy, value string, now time.Time) record.Domain {
	t.Helper()
	d := issued(t, p)
	d.Rekey = value
	a := only(t, look(d, well, p, now))
	next := certificate(www, p, now)
	next.Serial, next.SHA256 = "0202", "0202"
	return reconcile.Settle(d, reconcile.Result{Action: a, Certificate: next}, p, now)
}

func TestRekeyRevokesOnceTheNewOneIsInUse(t *testing.T) {
	t.Parallel()
	p := policy()
	now := start.Add(time.Hour)
	d := replaced(t, p, "2/", now)
	if s := d.Superseded; len(s) != 1 || s[0].Reason != 4 || !s[0].RevokeAt.Equal(now.Add(day)) {
		t.Fatalf("%+v", d.Superseded)
	}
	later := now.Add(2 * day)
	one := reconcile.Settle(d, reconcile.Result{Action: reconcile.Action{Kind: reconcile.Deploy, Target: "edge-1"}}, p, now)
	for _, a := range look(one, well, p, later).Actions {
		if a.Kind == reconcile.Revoke {
			t.Fatalf("revoked before edge-2 has the new one: %+v", a)
		}
	}
	d = certifiedBy(d, p, now)
	early := look(d, well, p, now)
	rests(t, early, reconcile.Keep)
	if early.Next.Due.After(now.Add(day)) {
		t.Errorf("due %v", early.Next.Due)
	}
	old := d.Superseded[0].Serial
	serving := record.Observation{Served: []record.Served{{Answer: record.Answered, Serial: old, SHA256: "old"}}}
	dec := reconcile.Decide(d, serving, p, later)
	if len(dec.Actions) > 0 || !dec.Next.Due.After(later) || dec.Next.Due.After(later.Add(time.Hour)) {
		t.Errorf("an edge serves the old one: %+v", dec)
	}
	if a := only(t, reconcile.Decide(d, record.Observation{}, p, later)); a.Kind != reconcile.Revoke || a.Serial != old || a.Reason != 4 {
		t.Errorf("%+v", a)
	}
}

func TestCompromisedDoesNotWait(t *testing.T) {
	t.Parallel()
	for _, never := range []bool{false, true} {
		p := policy()
		p.NeverRevoke = never
		now := start.Add(time.Hour)
		d := replaced(t, p, "/compromised-2026-11-23", now)
		if a := look(d, well, p, now).Actions; len(a) != 2 || a[0].Kind != reconcile.Deploy {
			t.Fatalf("%+v", a)
		}
		d = certifiedBy(d, p, now)
		serving := record.Observation{Served: []record.Served{{Answer: record.Answered, Serial: d.Superseded[0].Serial}}}
		if a := only(t, reconcile.Decide(d, serving, p, now)); a.Kind != reconcile.Revoke || a.Reason != 1 {
			t.Errorf("%+v", a)
		}
	}
}

func TestRenewalsAreNotRevoked(t *testing.T) {
	t.Parallel()
	p := policy()
	d := issued(t, p)
	next := certificate(www, p, start.Add(70*day))
	next.Serial, next.SHA256 = "02", "02"
	r := reconcile.Result{Action: reconcile.Action{Kind: reconcile.Renew}, Certificate: next}
	if got := reconcile.Settle(d, r, p, start.Add(70*day)); len(got.Superseded) > 0 {
		t.Errorf("%+v", got.Superseded)
	}
	d.Names, d.Certificate.Names = []string{www}, []string{www, "old.example"}
	if got := reconcile.Settle(d, r, p, start.Add(70*day)).Superseded; len(got) != 1 || got[0].Reason != 5 {
		t.Errorf("a name left: %+v", got)
	}
}

func TestSettleRevocations(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		r       reconcile.Result
		revoked bool
		again   bool
	}{
		{"done", reconcile.Result{}, true, false},
		{"before", reconcile.Result{Problem: acme("alreadyRevoked", "", "revoke")}, true, false},
		{"not ours", reconcile.Result{Problem: acme("unauthorized", "", "revoke")}, false, false},
		{"no answer", reconcile.Result{Problem: &record.Problem{During: "revoke"}}, false, true},
		{"our own trouble", reconcile.Result{Err: "no chain"}, false, true},
		{"the clock", reconcile.Result{WaitUntil: start.Add(60 * day)}, false, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := policy()
			now := start.Add(3 * day)
			d := certifiedBy(replaced(t, p, "2/", start), p, start)
			c.r.Action = only(t, look(d, well, p, now))
			got := reconcile.Settle(d, c.r, p, now)
			if s := got.Superseded[0]; s.RevokedAt.IsZero() == c.revoked || s.RevokeAt.After(now) != c.again {
				t.Errorf("%+v", s)
			}
			dec := look(got, well, p, now)
			rests(t, dec, reconcile.Keep)
			state(t, dec.Next, record.CertIssued)

			gone := issued(t, p)
			gone.Mode, gone.LeftAt = record.Removed, start
			c.r.Action = only(t, look(gone, well, p, now))
			got = reconcile.Settle(look(gone, well, p, now).Next, c.r, p, now)
			if (got.Certificate != nil) != c.again {
				t.Errorf("%+v", got)
			}
			dec = look(got, well, p, now)
			if c.again {
				if o := rests(t, dec, reconcile.Wait); !o.Until.After(now) {
					t.Errorf("%+v", o)
				}
			} else if a := only(t, dec); a.Kind != reconcile.Forget {
				t.Errorf("%+v", a)
			}
		})
	}
}

// What a renewal's failures counted is not lost by a revocation.
func TestRevocationLeavesTheAttemptAlone(t *testing.T) {
	t.Parallel()
	p := policy()
	d := certifiedBy(replaced(t, p, "2/", start), p, start)
	d.Attempt = record.Attempt{Count: 3, FirstFailed: start, Next: start.Add(9 * day)}
	a := reconcile.Action{Kind: reconcile.Revoke, Serial: d.Superseded[0].Serial}
	if got := reconcile.Settle(d, reconcile.Result{Action: a}, p, start.Add(2*day)); got.Attempt != d.Attempt {
		t.Errorf("%+v", got.Attempt)
	}
}
