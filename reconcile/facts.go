package reconcile

import (
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// The questions that rules ask of a row.

func valid(d record.Domain, now time.Time) bool {
	return d.Certificate != nil && now.Before(d.Certificate.NotAfter)
}

// orderOpen reports whether an order is under way. It belongs to one directory;
// when that is no longer configured, nobody follows it.
func orderOpen(d record.Domain, p Policy) bool {
	return d.Order != nil && d.Order.Open() && p.configured(d.Order.Directory)
}

// configured leaves out what targets said that are no longer in the settings:
// nobody can ask them any more, for a pair or for its removal. Should one come
// back it gets every pair again, since nobody knows what became of its folder.
func configured(deployed []record.Deployment, p Policy) []record.Deployment {
	return slices.DeleteFunc(deployed, func(a record.Deployment) bool { return !slices.Contains(p.Targets, a.Target) })
}

// lost takes back what targets acknowledged that were seen not to have it.
func lost(deployed []record.Deployment, lacking []string) []record.Deployment {
	for i := range deployed {
		if slices.Contains(lacking, deployed[i].Target) {
			deployed[i].SHA256 = ""
		}
	}
	return deployed
}

// committed reports whether the order may have its certificate already, so that
// giving it up would leave one behind that nobody knows.
func committed(d record.Domain, p Policy) bool {
	return orderOpen(d, p) && (d.Order.State == record.OrderFinalizing || d.Order.State == record.OrderIssued)
}

// acknowledges reports whether every host of the target has the certificate.
func acknowledges(d record.Domain, target string) bool {
	some := false
	for _, a := range d.Deployed {
		if a.Target != target {
			continue
		}
		if d.Certificate == nil || a.SHA256 != d.Certificate.SHA256 {
			return false
		}
		some = true
	}
	return some
}

func acknowledgedByAll(d record.Domain, p Policy) bool {
	return !slices.ContainsFunc(p.Targets, func(t string) bool { return !acknowledges(d, t) })
}

// heldByAll reports whether every target has some certificate of the row.
func heldByAll(d record.Domain, p Policy) bool {
	return !slices.ContainsFunc(p.Targets, func(t string) bool {
		return !slices.ContainsFunc(d.Deployed, func(a record.Deployment) bool { return a.Target == t && a.SHA256 != "" })
	})
}

// deployableAt is when the target may be tried next; zero: at once.
func deployableAt(d record.Domain, target string) time.Time {
	var at time.Time
	for _, a := range d.Deployed {
		if a.Target == target && a.Next.After(at) {
			at = a.Next
		}
	}
	return at
}

// leftAt is when the certificate ceased to be wanted. An order that was under
// way when its domain left may bring one afterwards.
func leftAt(d record.Domain) time.Time {
	if d.LeftAt.IsZero() && d.Certificate != nil {
		return d.Certificate.IssuedAt
	}
	return d.LeftAt
}

// asked reports whether the owner asked for a try: by refresh, or by changing
// the entry.
func asked(d record.Domain) bool {
	_, refresh := newToken(d.Refresh, d.HandledRefresh)
	return refresh || d.Entry != d.HandledEntry
}

// handled marks what the owner asked for as done.
func handled(d *record.Domain) {
	d.HandledRefresh, d.HandledEntry = d.Refresh, d.Entry
}

// attemptDue reports whether a row that needs a certificate may be tried now.
// What the owner asks for ends a backoff, never a wait that protects a limit.
func attemptDue(d record.Domain, now time.Time) bool {
	a := d.Attempt
	switch {
	case now.Before(a.RateLimitedUntil):
		return false
	case asked(d):
		return true
	case a.Next.IsZero():
		return a.FirstFailed.IsZero() // never tried; else only a change helps
	default:
		return !now.Before(a.Next)
	}
}

// visible reports whether one of our own checks sees what is wrong, so that it
// will also see it mended. What the name leads to means nothing to a CA that
// looks for a TXT record.
func visible(d record.Domain, c record.Checks) bool {
	if d.Challenge == record.DNS01 {
		return c.CAA == record.Fail
	}
	return c.DNS == record.Fail || c.CAA == record.Fail || c.Challenge == record.Fail
}

// pending are the replaced certificates that are still to be revoked.
func pending(d record.Domain) []record.Superseded {
	var out []record.Superseded
	for _, s := range d.Superseded {
		if owed(s) {
			out = append(out, s)
		}
	}
	return out
}

// owed: without RevokeAt a certificate is left to expire.
func owed(s record.Superseded) bool { return s.RevokedAt.IsZero() && !s.RevokeAt.IsZero() }

func setState(d *record.Domain, s record.State, now time.Time) {
	if d.State != s {
		d.State, d.Since = s, now
	}
}

func isCode(f record.Finding, c failure.Code) bool { return f.Code == c }

// clone copies the row as far as rules change it in place.
func clone(d record.Domain) record.Domain {
	d.Deployed = slices.Clone(d.Deployed)
	d.Superseded = slices.Clone(d.Superseded)
	d.Findings = slices.Clone(d.Findings)
	return d
}

func earliest(times ...time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}
