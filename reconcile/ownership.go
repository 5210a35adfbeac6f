package reconcile

import (
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// unproven: nobody who controls the name's DNS was seen to want this app to have
// it, and that is asked for.
func unproven(d record.Domain, p Policy) bool {
	return p.Platform.VerifyOwnership && d.Proven.App != d.App
}

// heard takes a proof that was seen into the row, and reports whether it is
// what the row waited for.
func (v *view) heard() bool {
	proof, proved := diagnose.Proof(v.q, v.seen)
	if !proved || !unproven(v.d, v.policy) {
		return false
	}
	v.d.Proven = record.Proven{App: v.d.App, At: v.now, Record: proof.Name}
	return disputed(v.d) != nil
}

// vouched: while no proof is asked for, whoever has the certificate is taken to
// own the name, and needs none when it is asked for later.
func vouched(d *record.Domain, p Policy, now time.Time) {
	if !p.Platform.VerifyOwnership && valid(*d, now) && !d.Certificate.Manual() && d.Proven.App != d.App {
		d.Proven = record.Proven{App: d.App}
	}
}

// unheard: without a proof nothing is ordered, also where the look for one got
// no answer. That is nobody's failure.
func (v *view) unheard() bool {
	if !unproven(v.d, v.policy) {
		return false
	}
	next := v.now.Add(shortestWait)
	pause(&v.d, next, v.policy, v.now)
	return v.say(Wait, next, "whether its owner wants %s to have it could not be asked", v.d.App)
}

// disputed is what is said of the row's ownership; nil: nothing.
func disputed(d record.Domain) *record.Finding {
	i := slices.IndexFunc(d.Findings, func(f record.Finding) bool { return isCode(f, failure.OwnershipUnproven) })
	if i < 0 {
		return nil
	}
	f := d.Findings[i]
	return &f
}

// dispute is what a row with a certificate that came from another app is told
// long before the next one is due: that this one will be the last.
func (v *view) dispute() []record.Finding {
	if v.d.Mode != record.Auto || !unproven(v.d, v.policy) {
		return nil
	}
	before, f := disputed(v.d), disputed(record.Domain{Findings: v.findings})
	if f == nil {
		f = before // it could not be asked, or was not
	}
	if f == nil {
		return nil
	}
	if f.Since = v.now; before != nil && !before.Since.IsZero() {
		f.Since = before.Since
	}
	return []record.Finding{*f}
}
