package reconcile

import (
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/spec"
)

// Ask says what must be seen of the row's name before [Decide] can decide. ask
// is false when nothing has to be looked at. next is the row, In Progress if
// this is the first look; the probe's token is the caller's to fill in, or to
// strike out the probe if it cannot.
func Ask(d record.Domain, p Policy, now time.Time) (next record.Domain, q record.Question, ask bool) {
	q = question(d, p)
	if everything(d, p, now) {
		q.DNS, q.CAA = true, true
		q.Probe = q.Challenge != record.DNS01 // nobody will ask over HTTP
		// What a resolver remembers must not hide a mend, nor what the CA met.
		q.Authorities = rechecked(d)
	}
	q.Ownership = q.DNS && len(q.Proofs) > 0
	if d.Mode == record.ByHand { // no CA will ask
		q.CAA, q.Probe, q.Ownership = false, false, false
	}
	q.Served = servedWanted(d, p, now, q.DNS)
	if q.DNS && !valid(d, now) && firstLook(d.State) {
		setState(&d, record.InProgress, now)
	}
	return d, q, q.DNS || q.Served
}

// firstLook: a row that failed stays so while it is looked at again.
func firstLook(s record.State) bool {
	return s != record.Failing && s != record.Failed && s != record.DNSVerified
}

// question is what can be asked about the row's name, nothing asked yet.
func question(d record.Domain, p Policy) record.Question {
	name := d.Name()
	q := record.Question{
		Name:       name,
		App:        d.App,
		Registered: spec.RegisteredDomain(name),
		Challenge:  d.Challenge,
		Target:     p.Platform.TargetFor(name, d.App, d.Target),
		Addresses:  p.Platform.Addresses,
		ProbePort:  p.Platform.ProbePort,
		ServedPort: p.Platform.ServedPort,
		Known:      d.Checks,

		CAAIdentities: p.Platform.Identities(),
	}
	if unproven(d, p) {
		q.Proofs = p.Platform.Proofs(name, q.Registered, d.App)
	}
	if d.Certificate != nil {
		q.ServedSHA256 = d.Certificate.SHA256
	}
	return q
}

// everything reports whether it is time to look at DNS, CAA and the challenge.
func everything(d record.Domain, p Policy, now time.Time) bool {
	givenUp := d.Mode == record.ByHand && !committed(d, p)
	if d.Gone() || orderOpen(d, p) && !givenUp {
		return false
	}
	_, needed := needOf(d, p, now)
	switch {
	case needed && mayOrder(d) && attemptDue(d, now):
		return true
	case needed && mayOrder(d) && rechecked(d):
		return !now.Before(recheckAt(d, d.CheckedAt))
	case valid(d, now) || takesUp(d, now): // it is valid as soon as it is decided about
		return asked(d) && !needed || !now.Before(nextCheck(d, p, d.CheckedAt))
	default:
		return false
	}
}

// rechecked: the row failed and waits, so a look now and then may end the wait.
func rechecked(d record.Domain) bool {
	return !d.Attempt.FirstFailed.IsZero() && d.Attempt.RateLimitedUntil.IsZero()
}

// recheckAt is when a failed row that was last looked at then is looked at
// again.
func recheckAt(d record.Domain, last time.Time) time.Time {
	return last.Add(recheckWait(last.Sub(d.Attempt.FirstFailed)))
}

// nextCheck is when a row with a valid certificate that was last looked at then
// is looked at again: once a day, and sooner while the edge does not serve what
// it was given.
func nextCheck(d record.Domain, p Policy, last time.Time) time.Time {
	next := dailyCheck(d.Key, last)
	if f := disputed(d); f != nil && !f.Since.IsZero() {
		next = earliest(next, last.Add(recheckWait(last.Sub(f.Since))))
	}
	if d.Checks.Served != record.Fail || len(p.Targets) == 0 || !acknowledgedByAll(d, p) {
		return next
	}
	return earliest(next, last.Add(recheckWait(last.Sub(unservedSince(d)))))
}

// deployedAt is when the last target acknowledged.
func deployedAt(d record.Domain) time.Time {
	var at time.Time
	for _, a := range d.Deployed {
		if a.At.After(at) {
			at = a.At
		}
	}
	return at
}

// servedWanted reports whether to look at what the edge serves: with every
// other check, after each deployment, and before a revocation.
func servedWanted(d record.Domain, p Policy, now time.Time, everything bool) bool {
	if !valid(d, now) || !acknowledgedByAll(d, p) || d.Gone() {
		return false
	}
	if everything || d.Checks.Served == "" {
		return true
	}
	for _, s := range pending(d) {
		if !now.Before(s.RevokeAt) {
			return true
		}
	}
	return false
}
