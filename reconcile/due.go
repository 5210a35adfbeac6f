package reconcile

import (
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// rest brings state and lights in line with what the row has. It speaks only
// where a certificate, or its absence by wish, decides; what became of an
// attempt is said by whoever settled it. unserved is what was taken out of the
// row by takeNotServed, or seen since.
func rest(d *record.Domain, unserved *record.Finding, p Policy, now time.Time) {
	switch {
	case d.Gone():
		setState(d, record.Disabled, now)
	case d.Held:
		setState(d, record.Held, now)
		d.Findings = []record.Finding{heldFinding(d.Want)}
	case !d.Mode.Kept():
		setState(d, record.Disabled, now)
	case d.Mode == record.ByHand:
		restByHand(d, p, now)
	case valid(*d, now):
		setState(d, inUse(*d, p), now)
	}
	if valid(*d, now) {
		d.Findings = withDeployFindings(*d)
	}
	d.Findings = append(d.Findings, broughtNotes(*d, p, now)...)
	putNotServed(d, unserved, p, now)
	lights(d, p, now)
	vouched(d, p, now)
}

// inUse: a target that has an older pair still serves the name.
func inUse(d record.Domain, p Policy) record.State {
	before := d.State == record.CertIssued || d.State == record.Manual
	used := acknowledgedByAll(d, p) || before && heldByAll(d, p)
	switch manual := d.Certificate.Manual(); {
	case used && manual:
		return record.Manual
	case used:
		return record.CertIssued
	case manual:
		return record.Waiting // nothing was verified
	default:
		return record.DNSVerified
	}
}

// lights sets those that need no look at the world.
func lights(d *record.Domain, p Policy, now time.Time) {
	d.Checks.Issued, d.Checks.Deployed = issuedLight(*d, now), deployedLight(*d, p, now)
	if wildcard(d.Name()) {
		d.Checks.Served = record.Skipped // no host to shake hands with
	}
}

func issuedLight(d record.Domain, now time.Time) record.Check {
	switch {
	case valid(d, now):
		return record.Pass
	case d.State == record.Failing || d.State == record.Failed:
		return record.Fail
	default:
		return record.Skipped
	}
}

func deployedLight(d record.Domain, p Policy, now time.Time) record.Check {
	switch {
	case !valid(d, now):
		return record.Skipped
	case acknowledgedByAll(d, p):
		return record.Pass
	}
	for _, a := range d.Deployed {
		if a.Error != "" {
			return record.Fail
		}
	}
	return record.Unknown
}

// due is when the row wants to be stepped next; zero: only a change of desired
// state moves it.
func (v *view) due() time.Time {
	if len(v.actions) > 0 || v.drop {
		return v.now
	}
	if v.d.Gone() {
		return v.dueLeaving()
	}
	return earliest(v.dueDeploy(), v.dueRevoke(), v.dueOrder(), v.dueCheck(), v.dueSuggestion(), noticeDue(v.d, v.policy), dueBrought(v.d, v.now))
}

func (v *view) dueLeaving() time.Time {
	switch {
	case committed(v.d, v.policy):
		return v.d.Order.NextAt
	case v.d.Certificate != nil:
		end := leftAt(v.d).Add(v.policy.grace())
		if !v.now.Before(end) {
			end = v.d.Attempt.Next
		}
		return earliest(end, v.dueRevoke())
	case v.now.Before(v.d.Attempt.Next):
		return v.d.Attempt.Next
	case v.d.Mode == record.Removed:
		return v.d.LostAt.Add(v.policy.window())
	default:
		return time.Time{}
	}
}

func (v *view) dueDeploy() time.Time {
	if !valid(v.d, v.now) || v.standing() {
		return time.Time{}
	}
	var next time.Time
	for _, target := range v.policy.Targets {
		if !acknowledges(v.d, target) {
			next = earliest(next, deployableAt(v.d, target))
		}
	}
	return next
}

// dueRevoke looks again at an edge that still serves what is to be revoked.
func (v *view) dueRevoke() time.Time {
	if !valid(v.d, v.now) || !acknowledgedByAll(v.d, v.policy) {
		return time.Time{}
	}
	var next time.Time
	for _, s := range pending(v.d) {
		at := s.RevokeAt
		if !v.now.Before(at) {
			at = v.now.Add(recheckWait(v.now.Sub(at)))
		}
		next = earliest(next, at)
	}
	return next
}

// dueOrder is the next step of an order, the next attempt, or the time at which
// one will be wanted.
func (v *view) dueOrder() time.Time {
	switch {
	case v.d.Mode == record.ByHand && committed(v.d, v.policy):
		return v.d.Order.NextAt
	case !v.needed && (v.d.Certificate == nil || v.d.Certificate.Manual() || v.d.Mode == record.ByHand):
		return v.expiry()
	case !v.needed:
		return RenewalTime(v.d, v.policy)
	case orderOpen(v.d, v.policy) && mayFollow(v.d):
		return v.d.Order.NextAt
	case !mayOrder(v.d):
		return v.expiry()
	}
	next := v.d.Attempt.Next
	if limit := v.d.Attempt.RateLimitedUntil; v.now.Before(limit) && next.Before(limit) {
		next = limit
	}
	if rechecked(v.d) {
		next = earliest(next, recheckAt(v.d, v.lookedAt()))
	}
	return earliest(next, v.expiry())
}

// expiry is when a certificate that cannot be renewed changes the row's state.
func (v *view) expiry() time.Time {
	if valid(v.d, v.now) {
		return v.d.Certificate.NotAfter
	}
	return time.Time{}
}

func (v *view) dueCheck() time.Time {
	failing := v.needed && mayOrder(v.d) && rechecked(v.d) // looked at more often
	if !valid(v.d, v.now) || orderOpen(v.d, v.policy) || failing {
		return time.Time{}
	}
	return nextCheck(v.d, v.policy, v.lookedAt())
}

// lookedAt is when the row was last looked at, whether or not anybody answered.
func (v *view) lookedAt() time.Time {
	if v.looked || v.seen.Served != nil {
		return v.now
	}
	return v.d.CheckedAt
}
