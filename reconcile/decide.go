package reconcile

import (
	"fmt"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// rule is one row of the chain by which a row is decided about. The first rule
// that applies decides; it acts, or says why nothing is done.
type rule struct {
	name  string
	apply func(*view) bool
}

// chain is the order of the rules, and the whole of what may happen to a row.
func chain() []rule {
	return []rule{
		{"what was replaced is revoked once the new one is in use", (*view).revokeReplaced},
		{"what is no longer wanted goes after its grace", (*view).leave},
		{"while a file is refused, nothing is removed", (*view).standStill},
		{"a newer pair that a target has is adopted", (*view).adopt},
		{"every target gets the newest pair", (*view).deploy},
		{"nothing is begun for a refused file or a held removal", (*view).beginNothing},
		{"what its owner brings along is used, and nothing is ordered", (*view).byHand},
		{"an order under way is followed", (*view).follow},
		{"what fits is kept", (*view).keep},
		{"desired state itself may stand in the way", (*view).blocked},
		{"a wait is waited out, unless what failed is mended", (*view).await},
		{"a check that fails stops the attempt", (*view).stop},
		{"whose name it is must have been heard", (*view).unheard},
		{"else a certificate is ordered", (*view).order},
	}
}

// Decide says what is to become of the row now, given what was seen (the zero
// Observation: nothing).
func Decide(d record.Domain, seen record.Observation, p Policy, now time.Time) Decision {
	return decide(chain(), d, seen, p, now)
}

func decide(rules []rule, d record.Domain, seen record.Observation, p Policy, now time.Time) Decision {
	v := newView(d, seen, p, now)
	for _, r := range rules {
		if r.apply(v) {
			break
		}
	}
	rest(&v.d, v.notServed, p, now)
	notice(&v.d, p, now)
	v.d.Due = v.due()
	return Decision{Next: v.d, Actions: v.actions, Outcome: v.outcome, Others: v.others, Drop: v.drop}
}

func (v *view) act(a Action) bool {
	a.App, a.Domain = v.d.App, v.d.Key
	if a.Kind.Orders() && v.policy.several() {
		a.Directory = v.policy.Directory
	}
	if a.Kind.Orders() && v.looked {
		seen := v.seen
		a.Seen = &seen
	}
	v.actions = append(v.actions, a)
	return true
}

func (v *view) say(kind OutcomeKind, until time.Time, format string, args ...any) bool {
	v.outcome = Outcome{Kind: kind, App: v.d.App, Domain: v.d.Key, Why: fmt.Sprintf(format, args...), Until: until}
	return true
}

// standing: the row was on its way out when its file broke.
func (v *view) standing() bool { return !v.d.Mode.Kept() && !v.d.Held }

func (v *view) standStill() bool {
	if !v.standing() {
		return false
	}
	return v.say(Hold, time.Time{}, "a file is refused, so nothing is removed until it is mended")
}

// deploy goes to every target that lacks the newest pair and is not being
// waited for.
func (v *view) deploy() bool {
	if !valid(v.d, v.now) {
		return false
	}
	for _, target := range v.policy.Targets {
		waits := v.now.Before(deployableAt(v.d, target)) && !asked(v.d)
		if !acknowledges(v.d, target) && !waits {
			v.act(Action{Kind: Deploy, Target: target, Why: v.deployWhy(target)})
		}
	}
	return len(v.actions) > 0
}

func (v *view) deployWhy(target string) string {
	for _, a := range v.d.Deployed {
		if a.Target == target && a.Error != "" {
			return fmt.Sprintf("%s did not take it: %s", target, a.Error)
		}
		if a.Target == target && a.SHA256 == "" && !a.At.IsZero() {
			return target + " had it and lost it"
		}
	}
	return fmt.Sprintf("%s does not have it yet", target)
}

func (v *view) beginNothing() bool {
	switch {
	case v.d.Certificate != nil:
		return false
	case v.d.Frozen:
		v.unstarted()
		return v.say(Hold, time.Time{}, "a file is refused, so nothing is begun here until it is mended")
	case v.d.Held:
		return v.say(Hold, time.Time{}, "%s", heldOutcome(v.d.Want).Why)
	}
	return false
}

// unstarted keeps a row that nothing was done for from having no state at all.
func (v *view) unstarted() {
	if v.d.State == "" {
		setState(&v.d, record.Waiting, v.now)
	}
}

// follow continues the journal of an order, whatever budget or checks say now:
// the CA was asked already. An order belongs to one directory.
func (v *view) follow() bool {
	if !orderOpen(v.d, v.policy) {
		v.d.Order = nil
		return false
	}
	next := v.d.Order.NextAt
	if v.now.Before(next) && len(v.d.Findings) > 0 {
		return v.say(Wait, next, "%s", v.complaint())
	}
	v.verified()
	if v.now.Before(next) {
		return v.say(Wait, next, "its order is under way (%s)", v.d.Order.State)
	}
	return v.act(v.need.action())
}

func (v *view) keep() bool {
	if v.needed {
		return false
	}
	if v.looked {
		handled(&v.d)
	}
	v.settled()
	if v.d.Held {
		o := heldOutcome(v.d.Want)
		return v.say(o.Kind, time.Time{}, "%s", o.Why)
	}
	if v.unused() {
		return true
	}
	renewal := RenewalTime(v.d, v.policy)
	return v.say(Keep, time.Time{}, "valid until %s, renewed at %s%s", stamp(v.d.Certificate.NotAfter), stamp(renewal), v.servedWords())
}

// unused says that the certificate is not in use everywhere, or will have no
// successor, where that is so.
func (v *view) unused() bool {
	if at, why := v.undeployed(); why != "" {
		return v.say(Fail, at, "%s", why)
	}
	if f := v.notServed; f != nil && givenToAll(v.d, v.policy, v.now) {
		return v.say(Fail, v.lookedAt().Add(recheckWait(v.lookedAt().Sub(f.Since))), "%s", clause(f.Message))
	}
	if f := disputed(v.d); f != nil {
		return v.say(Fail, nextCheck(v.d, v.policy, v.lookedAt()), "%s", clause(f.Message))
	}
	return false
}

// settled clears what concerned getting the certificate that is here now, but
// for what will keep it from the next one.
func (v *view) settled() {
	v.d.Attempt, v.d.Problem, v.d.Findings = record.Attempt{}, nil, v.dispute()
}

// undeployed is the target that is being waited for.
func (v *view) undeployed() (next time.Time, why string) {
	for _, a := range v.d.Deployed {
		if a.Error != "" {
			return a.Next, fmt.Sprintf("%s did not take it: %s", a.Target, a.Error)
		}
	}
	return time.Time{}, ""
}

// blocked: nothing but a change of desired state helps, and that wakes the row.
func (v *view) blocked() bool {
	if v.d.Blocked == nil {
		return false
	}
	handled(&v.d)
	v.d.Findings, v.d.Problem = []record.Finding{*v.d.Blocked}, nil
	v.d.Attempt.Next, v.d.Attempt.RateLimitedUntil = time.Time{}, time.Time{}
	if v.d.Attempt.FirstFailed.IsZero() {
		v.d.Attempt.FirstFailed = v.now
	}
	if !valid(v.d, v.now) {
		setState(&v.d, record.Failing, v.now)
	}
	return v.say(Fail, time.Time{}, "%s", clause(v.d.Blocked.Message))
}

// await leaves count and time of the next attempt alone, except that a cause
// seen mended is tried at once.
func (v *view) await() bool {
	if attemptDue(v.d, v.now) {
		return false
	}
	limited := v.now.Before(v.d.Attempt.RateLimitedUntil)
	if v.mended && !limited {
		v.d.Attempt.Next = v.now
		return false
	}
	if !limited {
		v.d.Findings = v.shown()
	}
	v.lapsed()
	next := v.d.Attempt.Next
	if v.d.State == record.Failing || v.d.State == record.Failed {
		return v.say(Fail, next, "%s", v.complaint())
	}
	return v.say(Wait, next, "%s", v.complaint())
}

// lapsed: while it was waited for, the certificate expired.
func (v *view) lapsed() {
	if valid(v.d, v.now) || !firstLook(v.d.State) || v.d.State == record.Waiting {
		return
	}
	if v.d.Attempt.FirstFailed.IsZero() {
		setState(&v.d, record.Waiting, v.now)
		return
	}
	setState(&v.d, record.Failing, v.now)
}

func (v *view) complaint() string {
	if len(v.d.Findings) > 0 {
		return clause(v.d.Findings[0].Message)
	}
	return v.need.why
}

// stop counts an attempt that a check of ours stopped; the CA is not asked. A
// Failed row is not tried for as long as a check sees something wrong, even if
// that only advises: the CA has refused it often enough.
func (v *view) stop() bool {
	found := v.findings
	if len(blocking(found)) == 0 {
		given := v.d.State == record.Failed && visible(v.d, v.d.Checks) && !asked(v.d)
		if !given || len(v.d.Findings) == 0 {
			return false
		}
		found = v.shown()
	} else {
		v.d.Problem = nil
	}
	fail(&v.d, found, time.Time{}, v.policy, v.now)
	return v.say(Fail, v.d.Attempt.Next, "%s", clause(found[0].Message))
}

// order asks for a certificate. The attempt is not counted yet and what the
// owner asked for is not yet done: a crash here must not use it up.
func (v *view) order() bool {
	if v.passedOver() {
		return true
	}
	v.verified()
	a := v.need.action()
	a.Why += instead(v.d, v.policy, v.now)
	return v.act(a)
}

// verified: the certificate is being made. While another is in use, what is
// said of its renewal stands until there is something else to say.
func (v *view) verified() {
	if !valid(v.d, v.now) {
		setState(&v.d, record.DNSVerified, v.now)
		v.d.Findings = nil
	}
}
