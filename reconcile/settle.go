package reconcile

import (
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// Result is what became of an action. Exactly what happened is set; the zero
// Result of a deploy, revoke or forget action is success.
type Result struct {
	Action Action
	// Certificate is the new one, once its pair is kept.
	Certificate *record.Certificate
	// Order is the journal as it now stands; nil: unchanged, or none.
	Order *record.Order
	// Problem is the CA's refusal or absence.
	Problem *record.Problem
	// Unanswered is why the CA was not told that the challenge is answered.
	Unanswered *record.Unanswered
	// Err is any other failure: of a deploy target, or of ourselves.
	Err string
	// WaitUntil: nothing failed, but nothing can be done before then.
	WaitUntil time.Time
	// Cancelled: we were told to stop; it counts as no attempt.
	Cancelled bool
	// Deployment is the target's answer; nil: made up from Action and Err.
	Deployment *record.Deployment
	// Bad is why the certificate that came was not kept.
	Bad string
}

// Failed reports whether what was tried did not come about, for whatever cause.
func (r Result) Failed() bool {
	refused := r.Problem != nil && !(r.Action.Kind == Revoke && revokedBefore(r.Problem))
	undeployed := r.Deployment != nil && r.Deployment.Error != ""
	return refused || undeployed || r.Unanswered != nil || r.Err != "" || r.Bad != "" || r.Cancelled || !r.WaitUntil.IsZero()
}

// directory is the CA that the action was about.
func (r Result) directory(d record.Domain) string {
	switch {
	case r.Order != nil:
		return r.Order.Directory
	case d.Order != nil:
		return d.Order.Directory
	default:
		return r.Action.Directory
	}
}

// Settle takes the result of an action into the row.
func Settle(d record.Domain, r Result, p Policy, now time.Time) record.Domain {
	d = clone(d)
	p = p.At(r.directory(d))
	d.Deployed = configured(d.Deployed, p)
	if r.Cancelled {
		keepOrder(&d, r.Order)
		d.Due = now
		return d
	}
	unserved := takeNotServed(&d)
	switch {
	case r.Action.Kind.Orders():
		settleOrder(&d, r, p, now)
		if d.Gone() && d.Order == nil { // its failures concern nobody any more
			d.Attempt, d.Findings, d.Problem = record.Attempt{}, nil, nil
		}
	case r.Action.Kind == Adopt:
		settleAdopt(&d, r, p, now)
	case r.Action.Kind == Deploy:
		settleDeploy(&d, r, now)
	case r.Action.Kind == Revoke:
		settleRevoke(&d, r, now)
	case r.Action.Kind == Forget:
		settleForget(&d, r, now)
	}
	rest(&d, unserved, p, now)
	notice(&d, p, now)
	v := &view{d: d, policy: p, now: now}
	v.need, v.needed = needOf(d, p, now)
	d.Due = v.dueSettled()
	return d
}

// dueSettled is now unless the row has to wait, since more may be to do.
func (v *view) dueSettled() time.Time {
	if next := v.due(); next.After(v.now) && v.waits() {
		return next
	}
	return v.now
}

// waits reports whether the row was told to wait by what was just settled.
func (v *view) waits() bool {
	if orderOpen(v.d, v.policy) {
		return v.now.Before(v.d.Order.NextAt)
	}
	return v.now.Before(v.d.Attempt.Next)
}

// keepOrder takes the journal over without its key, which the store keeps.
func keepOrder(d *record.Domain, o *record.Order) {
	if o == nil {
		return
	}
	if d.Order == nil {
		handled(d) // what the owner asked for is under way
	}
	next := *o
	next.PrivateKey, next.Chain = nil, nil
	d.Order = &next
	if !next.Open() {
		d.Order = nil
	}
}

func settleOrder(d *record.Domain, r Result, p Policy, now time.Time) {
	had := orderOpen(*d, p)
	rekey := orderRekey(*d, r)
	keepOrder(d, r.Order)
	switch {
	case r.Certificate != nil:
		issued(d, *r.Certificate, rekey, p, now)
	case r.Problem != nil:
		refused(d, r, p, now)
	case r.Unanswered != nil:
		fail(d, []record.Finding{diagnose.FromResponse(r.Unanswered)}, time.Time{}, p, now)
		delayOrder(d, d.Attempt.Next)
	case r.Bad != "":
		d.Order, d.Problem = nil, nil
		fail(d, []record.Finding{ourFinding(*d, failure.BadCertificate, r.Bad)}, time.Time{}, p, now)
	case r.Err != "":
		fail(d, []record.Finding{ourFinding(*d, failure.Internal, ": "+r.Err)}, time.Time{}, p, now)
		delayOrder(d, d.Attempt.Next)
	case !r.WaitUntil.IsZero():
		pause(d, r.WaitUntil, p, now)
	case had && d.Order == nil:
		pause(d, now.Add(shortestWait), p, now) // the order is no more; a new one is opened
	}
}

// orderRekey is the rekey value the order was opened under; desired state may
// have moved on since.
func orderRekey(d record.Domain, r Result) string {
	switch {
	case r.Order != nil:
		return r.Order.Rekey
	case d.Order != nil:
		return d.Order.Rekey
	default:
		return d.Rekey
	}
}

// pause waits without anything having failed.
func pause(d *record.Domain, until time.Time, p Policy, now time.Time) {
	if orderOpen(*d, p) {
		delayOrder(d, until)
		return
	}
	handled(d)
	d.Attempt.Next = until
	if !valid(*d, now) && d.State != record.Failing && d.State != record.Failed {
		setState(d, record.Waiting, now)
	}
}

func delayOrder(d *record.Domain, until time.Time) {
	if d.Order != nil && d.Order.NextAt.Before(until) {
		o := *d.Order
		o.NextAt = until
		d.Order = &o
	}
}

// refused takes the CA's words. Whether they end an order that the CA has is
// for issue to say. One that it was never known to have is given up, so that
// checks and budget are asked again; but not after silence: then it may exist.
func refused(d *record.Domain, r Result, p Policy, now time.Time) {
	findings := refusal(*d, r.Problem, r.Action.Seen, p)
	if d.Order != nil && d.Order.URL == "" && findings[0].Code != failure.CAUnavailable {
		d.Order = nil
	}
	passed, another := passOn(d, r, findings[0], p, now)
	if another {
		return
	}
	fail(d, findings, r.Problem.RetryAfter, p, now)
	if passed {
		awaitSoonest(d, p, now)
	}
	// From here on the time that counts is the one that was scheduled, which
	// may be later than what the CA asked for.
	said := *r.Problem
	said.RetryAfter = d.Attempt.Next
	d.Findings, d.Problem = refusal(*d, &said, r.Action.Seen, p), &said
	delayOrder(d, d.Attempt.Next)
}

// refusal is what the CA's words mean for the row, and after that what our own
// look (nil: none) warned of. The CA's words come first whatever we saw: they say
// how it is tried again. They stand alone where they are no matter of the name's.
func refusal(d record.Domain, problem *record.Problem, seen *record.Observation, p Policy) []record.Finding {
	q := question(d, p)
	word := diagnose.FromProblem(p.Platform, q, problem, time.Time{})
	if seen == nil {
		seen = &record.Observation{Name: d.Name()}
	}
	found := diagnose.Explain(p.Platform, q, *seen, problem)
	i := slices.IndexFunc(found, func(f record.Finding) bool { return isCode(f, word.Code) })
	switch {
	case i < 0:
		return []record.Finding{word}
	case word.Code == failure.CAUnavailable, failure.Of(word.Code).Retry == failure.Until:
		return found[i : i+1]
	}
	return slices.Concat(found[i:i+1], found[:i], found[i+1:])
}

// ourFinding is about something that went wrong on our side.
func ourFinding(d record.Domain, code failure.Code, detail string) record.Finding {
	message, remedy := failure.Of(code).Fill(failure.Values{
		"name": d.Name(), "detail": diagnose.Clean(detail, maxDetail), "remedy": "",
	})
	return record.Finding{Code: code, Message: message, Remedy: remedy}
}
