package reconcile

import (
	"fmt"
	"time"

	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/record"
)

// need is why a row wants another certificate.
type need struct {
	kind  ActionKind
	why   string
	urged bool
}

func (n need) action() Action { return Action{Kind: n.kind, Why: n.why, Urged: n.urged} }

// mayFollow reports whether an order may be under way for the row. Where no
// certificate was, none is begun for a refused file or a held removal.
func mayFollow(d record.Domain) bool {
	wanted := d.Mode == record.Auto || d.Held
	return wanted && (d.Certificate != nil || !d.Frozen && !d.Held)
}

// LeftLying reports whether the row has an order that nobody follows for now,
// since its file is refused or its removal held.
func LeftLying(d record.Domain) bool { return d.Order != nil && !d.Gone() && !mayFollow(d) }

// mayOrder reports whether a new order may be made for the row.
func mayOrder(d record.Domain) bool { return mayFollow(d) && d.Blocked == nil }

// needOf says whether the row wants another certificate, and why, whether or
// not it may have one now.
func needOf(d record.Domain, p Policy, now time.Time) (need, bool) {
	c := d.Certificate
	switch {
	case d.Mode == record.ByHand, d.Mode != record.Auto && c != nil && c.Manual():
		return need{}, false // its owner sees to it
	case c == nil:
		return need{kind: Issue, why: "no certificate"}, true
	case !now.Before(c.NotAfter):
		return need{kind: Renew, why: "expired at " + stamp(c.NotAfter)}, true
	}
	if n, changed := changedNeed(d, p); changed {
		return n, true
	}
	if now.Before(RenewalTime(d, p)) {
		return need{}, false
	}
	if r, known := revocation(d); known {
		return need{kind: Renew, why: revokedWhy(r), urged: true}, true
	}
	if urged(d, p, now) {
		return need{kind: Renew, why: urgedWhy(d), urged: true}, true
	}
	return need{kind: Renew, why: "expires in " + span(c.NotAfter.Sub(now))}, true
}

// urgedWhy words the CA's own wish.
func urgedWhy(d record.Domain) string {
	why := "its CA wants it replaced by " + stamp(d.Suggestion.End)
	if page := d.Suggestion.Explanation; page != "" {
		why += " (" + diagnose.Clean(page, maxDetail) + ")"
	}
	return why
}

// changedNeed is about a certificate that is valid and no longer fits. A row
// that stands still (its file refused, its removal held) is only renewed.
func changedNeed(d record.Domain, p Policy) (need, bool) {
	if d.Frozen || d.Held {
		return need{}, false
	}
	if d.Certificate.Manual() {
		return need{kind: Replace, why: "an automatic certificate is to take the place of the one that was brought along"}, true
	}
	if c := d.Certificate; !c.Unclaimed() && !p.configured(c.Directory) {
		return need{kind: Replace, why: fmt.Sprintf("its CA (%s) is no longer configured", c.Directory)}, true
	}
	if value, asked := newToken(d.Rekey, d.HandledRekey); asked {
		return need{kind: Replace, why: fmt.Sprintf("a new key was asked for (rekey: %s)", value)}, true
	}
	if !d.Certificate.Covers(d.Names) {
		return need{kind: Replace, why: "its names have changed"}, true
	}
	return need{}, false
}
