package reconcile

import (
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// How often the CA is asked when to renew. RFC 9773, section 4.3, wants
// Retry-After kept within reason, growing waits after failures that pass, and
// six hours after those that do not.
const (
	soonestPoll = time.Minute
	usualPoll   = 6 * time.Hour
	latestPoll  = day
)

// urgedAgain is how long a certificate is kept although its CA wants it replaced
// before its time, if the one before it was replaced for that: a CA that says so
// of every certificate must not have us order without end.
const urgedAgain = day

// Suggests reports whether it is time to ask the certificate's CA when it is to
// be renewed.
func Suggests(d record.Domain, p Policy, now time.Time) bool {
	if !renewable(d, p, now) || orderOpen(d, p) {
		return false
	}
	return d.Suggestion.SHA256 != d.Certificate.SHA256 || !now.Before(d.Suggestion.NextAt)
}

// renewable: the certificate is, or for all we know might be, one of a CA of ours
// that is kept in time. Whose account it belongs to makes no difference for the
// question (RFC 9773, section 4.1).
func renewable(d record.Domain, p Policy, now time.Time) bool {
	wanted := d.Mode == record.Auto || d.Held
	if !wanted || d.Gone() || !valid(d, now) || d.Certificate.Manual() {
		return false
	}
	return d.Certificate.Unclaimed() || p.configured(d.Certificate.Directory)
}

// suggested takes the CA's answer into the row. One that makes no sense is the
// same as none (RFC 9773, section 4.2), and what it said before stands.
func suggested(d *record.Domain, said *record.RenewalInfo, now time.Time) {
	if said == nil || d.Certificate == nil {
		return
	}
	s := d.Suggestion
	if s.SHA256 != d.Certificate.SHA256 {
		s = record.Suggestion{SHA256: d.Certificate.SHA256, Urged: s.Urged}
	}
	s.ID = said.ID
	var wait time.Duration
	if said.Problem == nil && sensible(window{said.Start, said.End}, *d.Certificate) {
		s.Start, s.End, s.Explanation, s.Misses = said.Start, said.End, said.Explanation, 0
		wait = usualPoll
	} else {
		s.Misses++
		wait = missWait(*said, s.Misses)
	}
	if said.RetryAfter.After(now) {
		wait = said.RetryAfter.Sub(now)
	}
	wait = jittered(min(max(wait, soonestPoll), latestPoll), d.Key, s.Misses)
	s.NextAt = now.Add(min(wait, latestPoll)).Truncate(time.Second)
	d.Suggestion = s
}

// missWait is our own wait after an answer that was of no use.
func missWait(said record.RenewalInfo, misses int) time.Duration {
	switch p := said.Problem; {
	case said.ID == "" && p != nil && !p.Outage():
		return latestPoll // the CA offers none
	case p != nil && (p.Outage() || p.Kind() == rateLimited):
		return min(soonestPoll<<min(misses-1, 10), usualPoll)
	default:
		return usualPoll
	}
}

// sensible reports whether a window may be followed. It ends after it starts,
// does not end before there was a certificate (a day is left for CAs that say
// "an hour ago" of one that is minutes old), and starts before that expires.
func sensible(w window, c record.Certificate) bool {
	return w.end.After(w.start) && w.end.After(c.NotBefore.Add(-day)) && w.start.Before(c.NotAfter)
}

// suggestion is the CA's window for the row's certificate.
func suggestion(d record.Domain) (window, bool) {
	s, c := d.Suggestion, d.Certificate
	if c == nil || s.SHA256 != c.SHA256 || s.ID == "" || s.End.IsZero() {
		return window{}, false
	}
	return window{s.Start, s.End}, true
}

// urged reports whether the CA wants the certificate replaced before we would
// think of it, as when it is to be revoked.
func urged(d record.Domain, p Policy, now time.Time) bool {
	_, said := suggestion(d)
	return said && !now.Before(RenewalTime(d, p)) && now.Before(p.renewalWindow(*d.Certificate).start)
}

// ReplacedEarly reports whether the row's certificate took the place of one that
// its CA revoked, or wanted replaced before we would have thought of it.
func ReplacedEarly(d record.Domain) bool {
	at := d.Suggestion.Urged
	return d.Certificate != nil && !at.IsZero() && d.Certificate.IssuedAt.Sub(at).Abs() < time.Second
}

// overdue reports whether the certificate is revoked, or the window that the CA
// suggested is over, so that it may be at any time.
func overdue(d record.Domain, now time.Time) bool {
	if _, known := revocation(d); known {
		return true
	}
	w, said := suggestion(d)
	return said && !now.Before(w.end)
}

// dueSuggestion is when the CA is asked again; zero: never, or with whatever the
// row is stepped for next.
func (v *view) dueSuggestion() time.Time {
	if !renewable(v.d, v.policy, v.now) || orderOpen(v.d, v.policy) || v.d.Suggestion.SHA256 != v.d.Certificate.SHA256 {
		return time.Time{}
	}
	return v.d.Suggestion.NextAt
}

// Replaces is the CA's name for the certificate that the row's next order takes
// the place of; empty: none that the CA would take from us. A CA refuses what
// another account or another CA issued, and a certificate that shares no name
// (RFC 9773, section 5). exempt: now lies within the window that the CA
// suggested, and then no limit counts the order.
func Replaces(d record.Domain, p Policy, now time.Time) (id string, exempt bool) {
	w, said := suggestion(d)
	switch c := d.Certificate; {
	case !said, c.Directory != p.Directory, c.Account != p.Platform.AccountURI, c.Account == "", !shares(*c, d.Names):
		return "", false
	}
	return d.Suggestion.ID, !now.Before(w.start) && now.Before(w.end)
}

func shares(c record.Certificate, names []string) bool {
	for _, name := range names {
		if c.Covers([]string{name}) {
			return true
		}
	}
	return false
}
