package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/spec"
)

// atEdge is what edge-1 holds: a certificate of that age.
func atEdge(at time.Time, edits ...func(*record.Found)) record.Observation {
	c := certificate(www, policy(), at)
	c.Serial, c.SHA256, c.Origin, c.Directory, c.Account = "77", "bb", "", "", ""
	f := record.Found{Target: "edge-1", Certificate: *c}
	for _, edit := range edits {
		edit(&f)
	}
	return record.Observation{Name: www, Found: []record.Found{f}}
}

// as gives the found certificate another fingerprint.
func as(sha256 string) func(*record.Found) {
	return func(f *record.Found) { f.Certificate.SHA256 = sha256 }
}

func doneWith(d record.Domain, at time.Time) record.Domain {
	d.Superseded = []record.Superseded{{Certificate: record.Certificate{Serial: "77", SHA256: "bb"}, RevokedAt: at}}
	return d
}

func deployedAt(d record.Domain, target, sha256 string) record.Domain {
	d.Deployed = []record.Deployment{{Target: target, SHA256: sha256, At: start}}
	return d
}

func finalizing(d record.Domain, openedAt time.Time) record.Domain {
	d.Order = &record.Order{State: record.OrderFinalizing, Directory: policy().Directory, URL: "u", OpenedAt: openedAt}
	return d
}

func left(d record.Domain, at time.Time) record.Domain {
	d.Mode, d.LeftAt = record.Removed, at
	return d
}

// bringing is the row whose owner brings certificate 99 along.
func bringing(d record.Domain, m record.Mode) record.Domain {
	b := own("99", -day, 60*day, www)
	d.Mode, d.Brought = m, &b
	return d
}

// used is the row with what is brought along in use since then.
func used(t *testing.T, d record.Domain, since time.Time) record.Domain {
	t.Helper()
	d = reconcile.Decide(d, record.Observation{}, policy(), since).Next
	if d.Certificate == nil || !d.Certificate.Manual() {
		t.Fatalf("%+v", d.Certificate)
	}
	return d
}

// TestAdopts: only what is newer, whole, in date and for exactly these names.
func TestAdopts(t *testing.T) {
	t.Parallel()
	p := policy()
	now := start.Add(10 * day)
	for name, c := range map[string]struct {
		d    record.Domain
		seen record.Observation
		want bool
	}{
		"the store is lost":                   {wanted(t, p), atEdge(start), true},
		"a newer one":                         {issued(t, p), atEdge(start.Add(day)), true},
		"an older one":                        {issued(t, p), atEdge(start.Add(-day)), false},
		"began later, kept earlier":           {issued(t, p), atEdge(start.Add(day), func(f *record.Found) { f.Certificate.IssuedAt = start.Add(-day) }), false},
		"began later, kept who knows":         {issued(t, p), atEdge(start.Add(day), func(f *record.Found) { f.Certificate.IssuedAt = time.Time{} }), true},
		"same second, kept later":             {issued(t, p), atEdge(start, func(f *record.Found) { f.Certificate.IssuedAt = start.Add(time.Hour) }), true},
		"same second, kept then too":          {issued(t, p), atEdge(start), false},
		"expired":                             {wanted(t, p), atEdge(start.Add(-90 * day)), false},
		"damaged":                             {wanted(t, p), atEdge(start, func(f *record.Found) { f.Fault = "wrong-key" }), false},
		"of another name":                     {wanted(t, p), atEdge(start, func(f *record.Found) { f.Certificate.Names = []string{"x.example"} }), false},
		"of another name too":                 {wanted(t, p), atEdge(start, func(f *record.Found) { f.Certificate.Names = []string{www, "x.example"} }), false},
		"revoked by us":                       {doneWith(wanted(t, p), start), atEdge(start), false},
		"known at another target":             {deployedAt(wanted(t, p), "edge-2", "bb"), atEdge(start), false},
		"brought along":                       {bringing(wanted(t, p), record.ByHand), atEdge(start, as("99")), false},
		"another than is brought":             {bringing(wanted(t, p), record.ByHand), atEdge(start.Add(day)), false},
		"migrated, and then lost":             {bringing(wanted(t, p), record.Auto), atEdge(start), true},
		"migrating from it":                   {bringing(wanted(t, p), record.Auto), atEdge(start, as("99")), false},
		"kept after the brought":              {used(t, bringing(wanted(t, p), record.Auto), start), atEdge(start.Add(day)), true},
		"kept before the brought":             {used(t, bringing(wanted(t, p), record.Auto), start.Add(2*day)), atEdge(start.Add(day)), false},
		"its order is finalized, and younger": {finalizing(issued(t, p), start.Add(2*day)), atEdge(start.Add(day)), false},
		"its order is finalized, and of old":  {finalizing(issued(t, p), start.Add(time.Hour)), atEdge(start.Add(day)), true},
		"no longer wanted":                    {left(issued(t, p), now.Add(-time.Hour)), atEdge(start.Add(day)), false},
	} {
		dec := reconcile.Decide(c.d, c.seen, p, now)
		got := len(dec.Actions) == 1 && dec.Actions[0].Kind == reconcile.Adopt
		if got != c.want {
			t.Errorf("%s: %+v", name, dec.Actions)
		}
		if got && (dec.Actions[0].Serial != "77" || dec.Actions[0].Target != "edge-1") {
			t.Errorf("%s: %+v", name, dec.Actions[0])
		}
	}
}

// TestAdoptsTheNewest of what several targets have.
func TestAdoptsTheNewest(t *testing.T) {
	t.Parallel()
	seen := atEdge(start)
	seen.Found = append(seen.Found, atEdge(start.Add(day), func(f *record.Found) {
		f.Target, f.Certificate.Serial = "edge-2", "78"
	}).Found...)
	a := only(t, reconcile.Decide(wanted(t, policy()), seen, policy(), start.Add(2*day)))
	if a.Kind != reconcile.Adopt || a.Target != "edge-2" || a.Serial != "78" {
		t.Errorf("%+v", a)
	}
}

// adopted is the row after what the edge has was taken over.
func adopted(t *testing.T, d record.Domain, seen record.Observation, now time.Time) record.Domain {
	t.Helper()
	p := policy()
	dec := reconcile.Decide(d, seen, p, now)
	c := reconcile.Adopted(dec.Next, seen.Found[0].Certificate)
	return reconcile.Settle(dec.Next, reconcile.Result{Action: only(t, dec), Certificate: &c}, p, now)
}

// TestAdoptedAuthority: who can revoke it is taken from the certificate it
// replaces, if the same issuer made both. Where it is not known the plan says
// so, nothing is replaced for it, and a revocation is tried all the same.
func TestAdoptedAuthority(t *testing.T) {
	t.Parallel()
	p, now := policy(), start.Add(2*day)
	if d := adopted(t, issued(t, p), atEdge(start.Add(day)), now); d.Certificate.Directory != p.Directory {
		t.Errorf("of a known issuer: %+v", d.Certificate)
	}
	fresh := wanted(t, p)
	if a := only(t, reconcile.Decide(fresh, atEdge(start), p, now)); !strings.Contains(a.Why, "whose account it belongs to is not known") {
		t.Errorf("the plan says %q", a.Why)
	}
	d := adopted(t, fresh, atEdge(start), now)
	for range p.Targets {
		a := reconcile.Decide(d, record.Observation{}, p, now).Actions[0]
		if a.Kind != reconcile.Deploy {
			t.Fatalf("%+v", a)
		}
		d = reconcile.Settle(d, reconcile.Result{Action: a}, p, now)
	}
	rests(t, look(d, well, p, now), reconcile.Keep)
	d.Mode, d.LeftAt = record.Removed, now
	if a := only(t, reconcile.Decide(d, record.Observation{}, p, now.Add(2*day))); a.Kind != reconcile.Revoke {
		t.Errorf("%+v", a)
	}
	later := start.Add(80 * day)
	if n := only(t, look(adopted(t, wanted(t, p), atEdge(start), later), well, policyWithout(p), later)); n.Kind != reconcile.Renew {
		t.Errorf("near its end: %+v", n)
	}
}

// policyWithout has no targets, so that nothing is left to deploy.
func policyWithout(p reconcile.Policy) reconcile.Policy {
	p.Targets = nil
	return p
}

// TestAdoptedRekey: a key that was asked for counts as made, one that is known
// to others does not.
func TestAdoptedRekey(t *testing.T) {
	t.Parallel()
	p, now := policyWithout(policy()), start.Add(2*day)
	for value, replaced := range map[string]bool{"1": false, "compromised-2026-11-23": true} {
		d := wanted(t, policy(), func(a *spec.App) { a.Rekey = value })
		d = adopted(t, d, atEdge(start), now)
		dec := look(d, well, p, now)
		if got := len(dec.Actions) == 1 && dec.Actions[0].Kind == reconcile.Replace; got != replaced {
			t.Errorf("rekey %s: %+v", value, dec.Actions)
		}
	}
}
