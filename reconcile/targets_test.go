package reconcile_test

import (
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// failing is a row whose second target did not take the pair.
func failing(t *testing.T, p reconcile.Policy) record.Domain {
	t.Helper()
	d := issued(t, p)
	d.Deployed = d.Deployed[:1]
	d = reconcile.Settle(d, reconcile.Result{Action: reconcile.Action{Kind: reconcile.Deploy, Target: "edge-2"}, Err: "disk full"}, p, start)
	code(t, d, failure.DeployFailed)
	return d
}

// TestTargetsThatAreNoLongerConfigured: what a target of other settings said or
// failed to do concerns nobody any more.
func TestTargetsThatAreNoLongerConfigured(t *testing.T) {
	t.Parallel()
	now := start.Add(time.Second)
	cases := []struct {
		name    string
		edit    func(*record.Domain)
		targets []string
		check   func(*testing.T, reconcile.Decision)
	}{
		{"it failed", nil, []string{"edge-1"}, func(t *testing.T, dec reconcile.Decision) {
			rests(t, dec, reconcile.Keep)
			state(t, dec.Next, record.CertIssued)
			if dec.Next.Checks.Deployed != record.Pass || len(dec.Next.Findings) > 0 || reconcile.Attention(dec.Next) != "none" {
				t.Errorf("%+v", dec.Next)
			}
		}},
		{"it failed, and another is asked", nil, []string{"edge-1", "edge-3"}, func(t *testing.T, dec reconcile.Decision) {
			if a := only(t, dec); a.Kind != reconcile.Deploy || a.Target != "edge-3" {
				t.Errorf("%+v", a)
			}
			if dec.Next.Checks.Deployed != record.Unknown || len(dec.Next.Findings) > 0 {
				t.Errorf("%+v", dec.Next)
			}
		}},
		{"none is left", nil, nil, func(t *testing.T, dec reconcile.Decision) {
			rests(t, dec, reconcile.Keep)
			if len(dec.Next.Deployed) > 0 {
				t.Errorf("%+v", dec.Next.Deployed)
			}
		}},
		{"a revocation does not wait for it", func(d *record.Domain) {
			old := *certificate("old.shop.example", policy(), start)
			d.Superseded = []record.Superseded{{Certificate: old, Reason: 4, RevokeAt: start, Why: "a new key is in use"}}
		}, []string{"edge-1"}, func(t *testing.T, dec reconcile.Decision) {
			if a := only(t, dec); a.Kind != reconcile.Revoke {
				t.Errorf("%+v", a)
			}
		}},
		{"a removed name's row ends without it", func(d *record.Domain) {
			d.Mode, d.LeftAt, d.LostAt = record.Removed, start.Add(-3*day), start.Add(-3*day)
			d.Certificate, d.Deployed = nil, d.Deployed[1:]
		}, []string{"edge-1"}, func(t *testing.T, dec reconcile.Decision) {
			if rests(t, dec, reconcile.Keep); !dec.Drop {
				t.Errorf("%+v", dec)
			}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := policy()
			d := failing(t, p)
			if c.edit != nil {
				c.edit(&d)
			}
			p.Targets = c.targets
			c.check(t, look(d, well, p, now))
		})
	}
}

// A target that comes back gets the pair again: what became of its folder in
// the meantime, nobody knows.
func TestATargetThatComesBackGetsThePair(t *testing.T) {
	t.Parallel()
	p, fewer := policy(), policy()
	fewer.Targets = p.Targets[:1]
	d := look(issued(t, p), well, fewer, start.Add(time.Second)).Next
	if a := only(t, look(d, well, p, start.Add(time.Minute))); a.Kind != reconcile.Deploy || a.Target != "edge-2" {
		t.Errorf("%+v", a)
	}
}
