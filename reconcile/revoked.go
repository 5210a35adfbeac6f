package reconcile

import (
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/record"
)

// settleRevoke takes the CA's answer to a revocation. What is revoked, or never
// will be, is no longer the row's certificate.
func settleRevoke(d *record.Domain, r Result, now time.Time) {
	failed := r.Problem != nil || r.Err != "" || !r.WaitUntil.IsZero()
	given := ""
	if r.Problem != nil && hopeless(r.Problem) {
		given = "the CA refused: " + diagnose.Clean(r.Problem.Detail, maxDetail)
	}
	if failed && given == "" && !revokedBefore(r.Problem) {
		retryRevoke(d, r, now)
		return
	}
	if c := d.Certificate; c != nil && c.Serial == r.Action.Serial {
		s := record.Superseded{Certificate: *c, Reason: r.Action.Reason, RevokeAt: now, Why: leftWhy(d.Mode)}
		d.Superseded, d.Certificate = append(d.Superseded, s), nil
	}
	if d.Gone() {
		d.Attempt = record.Attempt{} // a wanted row's concerns its orders
	}
	for i := range d.Superseded {
		s := &d.Superseded[i]
		switch {
		case s.Serial != r.Action.Serial || !owed(*s):
		case given != "":
			*s = unrevoked(*s, given)
		default:
			s.RevokedAt = now
		}
	}
}

// revokedBefore: RFC 8555, section 7.6, calls this alreadyRevoked.
func revokedBefore(p *record.Problem) bool { return p != nil && p.Kind() == "alreadyRevoked" }

// hopeless reports whether asking again for the same revocation will be refused
// again: it is not ours to revoke, or not in these words.
func hopeless(p *record.Problem) bool {
	return slices.Contains([]string{"unauthorized", "accountDoesNotExist", "badRevocationReason", "malformed"}, p.Kind())
}

// retryRevoke: the row of a domain that left has its own count; a replaced
// certificate is asked about hourly.
func retryRevoke(d *record.Domain, r Result, now time.Time) {
	soonest := r.WaitUntil
	if r.Problem != nil {
		soonest = later(soonest, r.Problem.RetryAfter)
	}
	if d.Gone() {
		retryLeaving(d, soonest, now)
		return
	}
	for i := range d.Superseded {
		if s := &d.Superseded[i]; s.Serial == r.Action.Serial && owed(*s) {
			s.RevokeAt = later(now.Add(jittered(time.Hour, d.Key, 0)), soonest)
		}
	}
}

func retryLeaving(d *record.Domain, soonest, now time.Time) {
	a := &d.Attempt
	a.Count++
	a.Last, a.Next = now, later(now.Add(wait(revocations, a.Count, d.Key)), soonest)
}

// settleForget: the pair is gone everywhere, or the targets are asked again.
func settleForget(d *record.Domain, r Result, now time.Time) {
	if r.Err != "" || !r.WaitUntil.IsZero() {
		retryLeaving(d, r.WaitUntil, now)
		return
	}
	if c := d.Certificate; c != nil {
		s := record.Superseded{Certificate: *c, Reason: cessationOfOperation, Why: leftWhy(d.Mode) + "; not revoked"}
		d.Superseded = append(d.Superseded, s)
	}
	d.Certificate, d.Order, d.Deployed = nil, nil, nil
	d.Attempt, d.Checks = record.Attempt{}, record.Checks{}
}
