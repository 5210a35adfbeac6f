package reconcile

import (
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// adopt takes over the newest pair that a target has and the store does not:
// the store was lost, or is an old copy of itself. Ordering another would cost
// what the CA's limits allow, and an outage where they allow none.
func (v *view) adopt() bool {
	f, ok := v.newestFound()
	if !ok {
		return false
	}
	why := "the store does not know the valid certificate that is there"
	if v.d.Certificate != nil {
		why = "it has a newer certificate than the store"
	}
	if Adopted(v.d, f.Certificate).Unclaimed() {
		why += "; whose account it belongs to is not known, so the CA may refuse to revoke it"
	}
	return v.act(Action{Kind: Adopt, Target: f.Target, Serial: f.Certificate.Serial, Why: why})
}

func (v *view) newestFound() (newest record.Found, ok bool) {
	for _, f := range v.seen.Found {
		if v.adoptable(f) && (!ok || newer(f.Certificate, newest.Certificate)) {
			newest, ok = f, true
		}
	}
	return newest, ok
}

// adoptable: of a row that orders for itself; exactly its names, since a
// certificate of others too may belong to them; in date; and not one that the
// store knows, or knows more of. An order that may have its certificate already
// is given up only for what was kept after it was opened: then the store is an
// old copy, and so is the order.
func (v *view) adoptable(f record.Found) bool {
	c, d := f.Certificate, v.d
	switch {
	case d.Gone(), d.Mode == record.ByHand, f.Fault != "", !v.now.Before(c.NotAfter):
		return false
	case !c.Covers(d.Names), len(c.Names) != len(d.Names), knows(d, c.SHA256):
		return false
	case committed(d, v.policy) && !c.IssuedAt.After(d.Order.OpenedAt):
		return false
	}
	return d.Certificate == nil || newer(c, *d.Certificate)
}

// knows reports whether the store has the certificate, or had it and was done
// with it.
func knows(d record.Domain, sha256 string) bool {
	has := func(c *record.Certificate) bool { return c != nil && c.SHA256 == sha256 }
	return has(d.Certificate) || d.Brought != nil && has(d.Brought.Certificate) ||
		slices.ContainsFunc(d.Superseded, func(s record.Superseded) bool { return s.SHA256 == sha256 }) ||
		slices.ContainsFunc(d.Deployed, func(a record.Deployment) bool { return a.SHA256 == sha256 })
}

// newer is what a deploy target means by it: began later and not kept earlier,
// since a CA may date one certificate back further than the last. Targets know
// when a pair was kept to the second, or not at all.
func newer(c, than record.Certificate) bool {
	kept, before := c.IssuedAt.Truncate(time.Second), than.IssuedAt.Truncate(time.Second)
	if than.Manual() { // whose dates say nothing of when it was put to use
		return kept.After(before)
	}
	switch c.NotBefore.Compare(than.NotBefore) {
	case +1:
		return c.IssuedAt.IsZero() || !before.After(kept)
	case 0:
		return kept.After(before)
	default:
		return false
	}
}

// Adopted is a found certificate as the row's own. Who can revoke it is known
// only where the same issuer made the one that the row had. A new key that was
// asked for counts as made, unless the old one is said to be known to others:
// nothing tells on which side of that the pair was made.
func Adopted(d record.Domain, c record.Certificate) record.Certificate {
	c.Origin, c.Directory, c.Account = record.OriginAdopted, "", ""
	if old := d.Certificate; old != nil && !old.Manual() && old.Issuer == c.Issuer {
		c.Directory, c.Account = old.Directory, old.Account
	}
	c.Rekey = d.Rekey
	if keyCompromised(d.Rekey, d.HandledRekey) {
		c.Rekey = d.HandledRekey
	}
	if c.IssuedAt.IsZero() {
		c.IssuedAt = c.NotBefore
	}
	return c
}

// settleAdopt: a pair that is no longer there is not missed; the row is decided
// on afresh.
func settleAdopt(d *record.Domain, r Result, p Policy, now time.Time) {
	if r.Certificate != nil {
		issued(d, *r.Certificate, r.Certificate.Rekey, p, now)
	}
}
