package reconcile

import (
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// servedGrace is how long after the last target's acknowledgement an edge may
// take to load what it was given: a reload returns before it is done.
const servedGrace = 2 * time.Minute

// takeNotServed takes out of the row what is said of its edges, and of what its
// owner brings along, so that no rule takes it for something that stands in the
// way of a certificate. rest puts it back; the latter it finds anew.
func takeNotServed(d *record.Domain) *record.Finding {
	d.Findings = withoutBrought(d.Findings)
	i := slices.IndexFunc(d.Findings, notServed)
	if i < 0 {
		return nil
	}
	taken := d.Findings[i]
	d.Findings = slices.Delete(slices.Clone(d.Findings), i, i+1)
	return &taken
}

func notServed(f record.Finding) bool { return isCode(f, failure.NotServed) }

// lookServed takes what the edges presented into the row.
func (v *view) lookServed(before, raw record.Check, stale bool) {
	if v.seen.Served == nil {
		return
	}
	switch {
	case raw == record.Fail:
		v.notServed = v.misserved()
	case raw != record.Unknown:
		v.notServed = nil
	case before == record.Fail && v.notServed != nil && v.now.Sub(v.notServed.Seen) <= time.Hour:
		raw = before
	case before == record.Pass && !stale:
		raw = before
	default:
		v.notServed = nil
	}
	v.d.Checks.Served = raw
}

// misserved is the finding about edges that were seen to be wrong; nil while
// they may still be loading the certificate, and where nobody was given it.
func (v *view) misserved() *record.Finding {
	if !givenToAll(v.d, v.policy, v.now) || v.now.Before(deployedAt(v.d).Add(servedGrace)) {
		return nil
	}
	f, wrong := diagnose.NotServed(v.policy.Platform, v.q, v.seen, *v.d.Certificate, v.now)
	if !wrong {
		return nil
	}
	f.Since, f.Seen = v.now, v.now
	if v.notServed != nil {
		f.Since = v.notServed.Since
	}
	return &f
}

// putNotServed leads the findings: visitors meet it now. It stands for as long
// as every target has the certificate and an edge does not serve it.
func putNotServed(d *record.Domain, f *record.Finding, p Policy, now time.Time) {
	if f == nil || !givenToAll(*d, p, now) || d.Checks.Served != record.Fail {
		return
	}
	first := 0
	if d.Held && len(d.Findings) > 0 {
		first = 1
	}
	d.Findings = slices.Insert(d.Findings, first, *f)
}

// givenToAll reports whether there are edges, and all of them should serve the
// certificate.
func givenToAll(d record.Domain, p Policy, now time.Time) bool {
	return valid(d, now) && !d.Gone() && len(p.Targets) > 0 && acknowledgedByAll(d, p)
}

// unservedSince is when what is served began to be wrong, as far as is known.
func unservedSince(d record.Domain) time.Time {
	if i := slices.IndexFunc(d.Findings, notServed); i >= 0 {
		return d.Findings[i].Since
	}
	return deployedAt(d)
}

// servedWords say why what is served is not known, if it was looked at.
func (v *view) servedWords() string {
	if why := diagnose.UnknownServed(v.policy.Platform, v.q, v.seen); why != "" {
		return "; what is served is not known: " + why
	}
	return ""
}
