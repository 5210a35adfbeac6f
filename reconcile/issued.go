package reconcile

import (
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// issued puts the new certificate in the place of the old one, which stays in
// use at every target until that target acknowledges the new one.
func issued(d *record.Domain, c record.Certificate, rekey string, p Policy, now time.Time) {
	c.Rekey = rekey
	old := d.Certificate
	_, revoked := revocation(*d)
	if revoked || urged(*d, p, now) {
		d.Suggestion.Urged = c.IssuedAt
	}
	if old != nil && old.SHA256 == c.SHA256 {
		old = nil // told twice
	}
	d.Superseded = slices.DeleteFunc(d.Superseded, func(s record.Superseded) bool { return !owed(s) })
	if old != nil {
		supersede(d, *old, c, p, now)
	}
	succeeded(d, c)
	d.Certificate, d.HandledRekey = &c, rekey
	d.Order, d.Problem, d.Findings = nil, nil, nil
	d.Attempt, d.Passed = record.Attempt{}, nil
	undeployed(d)
}

// undeployed: there is a new certificate that every target is to get at once.
func undeployed(d *record.Domain) {
	d.Checks.Served = ""
	for i := range d.Deployed {
		d.Deployed[i].Error, d.Deployed[i].Tries, d.Deployed[i].Next = "", 0, time.Time{}
	}
}

// supersede remembers that the old certificate is to be revoked. A plain
// renewal leaves it to expire: it is as good as the new one.
func supersede(d *record.Domain, old, next record.Certificate, p Policy, now time.Time) {
	s := record.Superseded{Certificate: old, RevokeAt: now.Add(p.grace())}
	_, rekeyed := newToken(next.Rekey, old.Rekey)
	_, revoked := revocation(*d)
	switch {
	case !now.Before(old.NotAfter), old.Manual():
		return
	case keyCompromised(next.Rekey, old.Rekey):
		s.Reason, s.RevokeAt = keyCompromise, now
		s.Why = "its key is compromised, and a new one is in use"
	case p.NeverRevoke, revoked:
		return // by us, or again
	case rekeyed:
		s.Reason = superseded
		s.Why = "a new key was asked for, and is in use"
	case !next.Covers(old.Names):
		s.Reason = cessationOfOperation
		s.Why = "a name of it left, and its replacement is in use"
	default:
		return
	}
	d.Superseded = append(d.Superseded, s)
}
