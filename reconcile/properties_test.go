package reconcile_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/spec"
)

// TestHistories plays random histories of pushes, faults, crashes and time in
// a model world. The rules that must never be broken are checked at every step
// by the world itself; here is the other half: once everything is well again,
// every wanted domain soon has its certificate everywhere, and every unwanted
// one has lost it.
func TestHistories(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := policy()
		p.RevokeAfter = rapid.SampledFrom([]time.Duration{0, time.Hour, day, 3 * day}).Draw(t, "grace")
		p.RemovalFloor = rapid.IntRange(0, 3).Draw(t, "floor")
		p.MaxDomainsPerApp = rapid.SampledFrom([]int{0, 0, 4}).Draw(t, "limit")
		if rapid.Bool().Draw(t, "two CAs") {
			p.Fallback = []reconcile.CA{{Directory: secondCA, Issuer: record.Issuer{CAAIdentities: []string{"ca.test"}}}}
		}
		if rapid.Bool().Draw(t, "ownership") {
			p.Platform.VerifyOwnership, p.Platform.Thumbprint = true, "thumbprint"
		}
		w := newWorld(t, p)
		w.crashes = true
		w.populate()
		for range rapid.IntRange(1, 15).Draw(t, "events") {
			w.event()
		}
		w.heal()
		w.checkConverged()
		w.checkStable()
	})
}

// populate is the first push: three files with an app each, not all of whose
// names are well.
func (w *world) populate() {
	for range rapid.IntRange(0, 4).Draw(w.t, "sick names") {
		w.sicken()
	}
	w.caDown = rapid.IntRange(0, 4).Draw(w.t, "CA down") == 0
	for i, name := range []string{"blog", "docs", "shop"} {
		app := spec.App{Name: name, File: "apps/" + name + ".yaml", Runtime: spec.Common}
		for j := range rapid.IntRange(0, 4).Draw(w.t, "domains of "+name) {
			app.Domains = append(app.Domains, spec.Domain{Name: domainName(i*4 + j)})
		}
		w.files[app.File] = []spec.App{app}
	}
	w.push()
	w.run(w.now.Add(time.Minute))
}

// heal mends all that is outside the planner, lets what is held go, and gives
// it four days: failures that only the CA sees are tried again after one.
func (w *world) heal() {
	w.crashes, w.caDown, w.secondDown = false, false, false
	clear(w.broken)
	w.bringAll()
	clear(w.health)
	clear(w.silent)
	clear(w.down)
	if len(w.files) == 0 {
		w.files["apps/blog.yaml"] = []spec.App{{Name: "blog", File: "apps/blog.yaml", Runtime: spec.Common}}
	}
	for range 3 {
		if w.push().Held {
			w.approvals[w.hash] = true
		}
	}
	if a := w.push(); a.Held {
		w.t.Fatalf("everything was approved, and yet %s is held: %+v", a.Hash, a.Outcomes)
	}
	w.run(w.now.Add(max(4*day, w.policy.RevokeAfter+4*day)))
}

func (w *world) checkConverged() {
	for _, d := range w.sorted() {
		valid := d.Certificate != nil && w.now.Before(d.Certificate.NotAfter)
		switch {
		case d.Mode == record.Removed:
			w.t.Fatalf("%s left and its row is still there: %+v", d.Key, d)
		case d.Mode == record.ByHand:
			w.checkByHand(d, valid)
		case d.Mode != record.Auto:
			if valid || d.State != record.Disabled || len(d.Deployed) > 0 || d.Order != nil {
				w.t.Fatalf("%s is %s and still has something: %+v", d.Key, d.Mode, d)
			}
		case d.Blocked != nil:
			if !valid && d.State != record.Failing {
				w.t.Fatalf("%s is blocked and %s", d.Key, d.State)
			}
		default:
			w.checkHappy(d, valid)
		}
	}
	for serial, c := range w.certs {
		w.checkRevoked(serial, c)
	}
	for name, serial := range w.current {
		c, d := w.certs[serial], w.rows[name]
		if !d.Mode.Kept() && !c.Manual() && w.now.Before(c.NotAfter) && !c.revoked {
			w.t.Fatalf("%s left, and its certificate %s is not revoked", name, serial)
		}
	}
}

func (w *world) checkHappy(d record.Domain, valid bool) {
	if dec := w.decide(d); !valid || dec.Outcome.Kind != reconcile.Keep || len(dec.Actions) > 0 {
		w.t.Fatalf("%s is wanted, and all is well, and yet: %+v %+v\n%+v", d.Key, dec.Actions, dec.Outcome, d)
	}
	if d.State != record.CertIssued || blocked(d) || d.Attempt != (record.Attempt{}) {
		w.t.Fatalf("%s has its certificate and still complains: %+v", d.Key, d)
	}
	for target, names := range w.edges {
		if names[d.Key] != d.Certificate.SHA256 {
			w.t.Fatalf("%s is not at %s", d.Key, target)
		}
	}
	if d.HandledRekey != d.Rekey && d.Rekey != "" && d.Certificate.Rekey != d.Rekey {
		w.t.Fatalf("%s was asked for a new key (%s) and has %s", d.Key, d.Rekey, d.Certificate.Rekey)
	}
	for _, s := range d.Superseded {
		if s.RevokedAt.IsZero() {
			w.t.Fatalf("%s still owes a revocation: %+v", d.Key, s)
		}
	}
}

// checkRevoked: what is served is never revoked.
func (w *world) checkRevoked(serial string, c *issuedCert) {
	for target, names := range w.edges {
		for name, sha := range names {
			// A name that came back after its revocation, and may have no other.
			row := w.rows[name]
			if blocked := row.Blocked != nil && row.Certificate == nil; sha == serial && c.revoked && !blocked {
				w.t.Fatalf("%s serves a revoked certificate for %s", target, name)
			}
		}
	}
}

// checkStable: with nothing going on, nothing is done but renewals, and no row
// is ever without a valid certificate.
func (w *world) checkStable() {
	acted := w.acted
	w.run(w.now.Add(2 * day))
	orders := 0
	for _, d := range w.sorted() {
		if d.Certificate != nil && w.now.Sub(d.Certificate.IssuedAt) <= 2*day {
			orders++
		}
	}
	if done := w.acted - acted; done > orders*(2+len(w.policy.Targets)) {
		w.t.Fatalf("%d actions in two quiet days, %d of them explained", done, orders)
	}
	for range 5 {
		w.run(w.now.Add(20 * day))
		for _, d := range w.sorted() {
			if d.Mode == record.Auto && d.Blocked == nil && !w.now.Before(d.Certificate.NotAfter) {
				w.t.Fatalf("%s expired on a quiet day: %+v", d.Key, d)
			}
		}
	}
}
