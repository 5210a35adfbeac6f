package reconcile

import (
	"fmt"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// revokeReplaced revokes what a newer certificate replaced, once every target
// has acknowledged that one, the time has come, and no edge was seen to serve
// the old one.
func (v *view) revokeReplaced() bool {
	v.writeOff()
	if !valid(v.d, v.now) || !acknowledgedByAll(v.d, v.policy) {
		return false
	}
	for _, s := range pending(v.d) {
		if v.now.Before(s.RevokeAt) || s.Reason != keyCompromise && v.serves(s.Certificate) {
			continue
		}
		return v.act(Action{Kind: Revoke, Serial: s.Serial, Reason: s.Reason, Why: s.Why})
	}
	return false
}

// serves: unknown does not hold a revocation back; only seeing the old one does.
func (v *view) serves(c record.Certificate) bool {
	return slices.ContainsFunc(v.seen.Served, func(s record.Served) bool {
		return s.Answer == record.Answered && s.Serial == c.Serial
	})
}

// writeOff gives up revocations that nobody needs or that we cannot ask for.
func (v *view) writeOff() {
	v.d.Superseded = slices.DeleteFunc(v.d.Superseded, func(s record.Superseded) bool {
		return owed(s) && !v.now.Before(s.NotAfter)
	})
	for i := range v.d.Superseded {
		if s := &v.d.Superseded[i]; owed(*s) && !v.policy.authority(s.Certificate) {
			*s = unrevoked(*s, noAuthority(s.Certificate))
		}
	}
}

func unrevoked(s record.Superseded, why string) record.Superseded {
	s.RevokeAt, s.Why = time.Time{}, s.Why+"; not revoked: "+why
	return s
}

func noAuthority(c record.Certificate) string {
	return fmt.Sprintf("there is no account at %s; it expires at %s", c.Directory, stamp(c.NotAfter))
}

// leave takes down what is no longer wanted: grace, revocation, files, row.
func (v *view) leave() bool {
	if !v.d.Gone() {
		return false
	}
	if committed(v.d, v.policy) {
		return v.finish()
	}
	v.standDown()
	end := leftAt(v.d).Add(v.policy.grace())
	switch {
	case v.d.Certificate != nil && v.now.Before(end):
		return v.say(Wait, end, "%s; its certificate is kept until the grace of %s is over", leftWhy(v.d.Mode), duration(v.policy.grace()))
	case v.now.Before(v.d.Attempt.Next):
		return v.say(Wait, v.d.Attempt.Next, "%s; taking its certificate down failed and is tried again", leftWhy(v.d.Mode))
	case v.revokeRest():
		return true
	case v.d.Certificate != nil || len(v.d.Deployed) > 0:
		return v.act(Action{Kind: Forget, Why: v.forgetWhy()})
	case v.d.Mode == record.Removed && v.d.LostAt.IsZero():
		return v.act(Action{Kind: Forget, Why: leftWhy(v.d.Mode) + "; it has no certificate"})
	case Finished(v.d, v.policy, v.now):
		v.drop = true
		return v.say(Keep, time.Time{}, "%s; nothing is left of it", leftWhy(v.d.Mode))
	default:
		return v.say(Keep, time.Time{}, "%s; it has no certificate", leftWhy(v.d.Mode))
	}
}

// finish brings home what may have been issued already: it is then kept until
// the grace is over, or for good if the name returns.
func (v *view) finish() bool {
	if next := v.d.Order.NextAt; v.now.Before(next) {
		return v.say(Wait, next, "%s; the certificate that is being issued is waited for", leftWhy(v.d.Mode))
	}
	return v.act(Action{Kind: v.need.kind, Why: leftWhy(v.d.Mode) + "; its order was finalized before that"})
}

// standDown ends what went on while the domain was wanted.
func (v *view) standDown() {
	v.d.Order = nil
	if v.d.State != record.Disabled {
		v.d.Attempt, v.d.Findings, v.d.Problem = record.Attempt{}, nil, nil
	}
}

// revokeRest revokes the certificate and what it replaced, if that can be done.
func (v *view) revokeRest() bool {
	if owedNow := pending(v.d); len(owedNow) > 0 && v.d.Certificate == nil {
		s := owedNow[0]
		return v.act(Action{Kind: Revoke, Serial: s.Serial, Reason: s.Reason, Why: s.Why})
	}
	c := v.d.Certificate
	if c == nil || v.keepsUnrevoked(*c) != "" {
		return false
	}
	return v.act(Action{Kind: Revoke, Serial: c.Serial, Reason: cessationOfOperation, Why: v.graceOver()})
}

// keepsUnrevoked is why a certificate that goes is not revoked; empty: it is.
func (v *view) keepsUnrevoked(c record.Certificate) string {
	switch {
	case c.Manual():
		return "it was brought along, so that only its owner can revoke it"
	case v.policy.NeverRevoke:
		return "policy.revokeAfter is never; it expires at " + stamp(c.NotAfter)
	case !v.now.Before(c.NotAfter):
		return "it expired at " + stamp(c.NotAfter)
	case !v.policy.authority(c):
		return noAuthority(c)
	default:
		return ""
	}
}

func (v *view) forgetWhy() string {
	if c := v.d.Certificate; c != nil {
		return fmt.Sprintf("%s; its certificate is not revoked: %s", v.graceOver(), v.keepsUnrevoked(*c))
	}
	return "its certificate is revoked"
}

func (v *view) graceOver() string {
	return fmt.Sprintf("%s %s ago; the grace of %s is over",
		leftWhy(v.d.Mode), span(v.now.Sub(leftAt(v.d))), duration(v.policy.grace()))
}

func leftWhy(m record.Mode) string {
	switch m {
	case record.Removed:
		return "removed from desired state"
	case record.Ineligible:
		return "its app's plan gets no automatic certificates"
	default:
		return "automatic certificates were switched off"
	}
}

// Finished reports whether a row may be deleted: its domain left, and no
// certificate, file or revocation of it is left, nor the guard's need to
// remember the loss.
func Finished(d record.Domain, p Policy, now time.Time) bool {
	if d.Mode != record.Removed || !NothingLeft(d) {
		return false
	}
	return d.LostAt.IsZero() || !now.Before(d.LostAt.Add(p.window()))
}

// NothingLeft reports whether nothing is left of an unwanted row's certificate. The
// row of a removed domain stays for a while nevertheless, so that the guard
// can count the loss.
func NothingLeft(d record.Domain) bool {
	return d.Gone() && d.Certificate == nil && d.Order == nil && len(d.Deployed) == 0 && len(pending(d)) == 0
}
