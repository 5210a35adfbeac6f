package reconcile

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// view is a row while it is decided about: as it was, what was seen, and what
// becomes of it.
type view struct {
	d      record.Domain // becomes Decision.Next
	seen   record.Observation
	policy Policy
	now    time.Time
	q      record.Question // whom seen is the answer to
	// notServed is what the row says of its edges, kept apart from d.
	notServed *record.Finding

	need   need
	needed bool
	// looked: DNS, CAA or the challenge were looked at just now.
	looked bool
	// findings is what the look found, nothing else.
	findings []record.Finding
	// mended: what had failed was seen to be right again.
	mended bool

	// others are the CAs that could take the place of the policy's.
	others []string

	actions []Action
	outcome Outcome
	drop    bool
}

func newView(d record.Domain, seen record.Observation, p Policy, now time.Time) *view {
	v := &view{d: clone(d), seen: seen, policy: p, now: now, q: question(d, p)}
	v.d.Deployed = lost(configured(v.d.Deployed, p), seen.Lacking)
	v.notServed = takeNotServed(&v.d)
	if _, ok := v.newestFound(); !ok && takeUp(&v.d, p, now) {
		v.seen.Served, v.notServed = nil, nil // that was about the one before
	}
	v.policy, v.others = choose(v.d, v.q, v.seen, p, now)
	v.look()
	suggested(&v.d, seen.Renewal, now)
	inquired(&v.d, seen.Revoked, now)
	v.need, v.needed = needOf(v.d, p, now)
	if !v.needed { // an order may be under way nevertheless, for what is wanted no longer
		v.need = need{kind: Renew, why: "its order is under way"}
	}
	return v
}

// look takes what was seen into the row's checks.
func (v *view) look() {
	v.looked = v.seen.DNS != nil || v.seen.CAA != nil || v.seen.Probe != nil
	if !v.looked && v.seen.Served == nil {
		return
	}
	before, raw := v.d.Checks, diagnose.Checks(v.policy.Platform, v.q, v.seen)
	stale := v.now.Sub(v.d.CheckedAt) > time.Hour
	v.d.Checks = merged(before, raw, stale)
	v.lookServed(before.Served, raw.Served, stale)
	if v.d.Challenge == record.DNS01 {
		v.d.Checks.Challenge = record.Skipped // there is nothing to fetch
	}
	v.q.Known = v.d.Checks // or the next look would say otherwise of the same
	if !v.looked {
		return
	}
	v.findings = diagnose.Explain(v.policy.Platform, v.q, v.seen, nil)
	heard := v.heard()
	v.mended = mended(v.d, before, raw, v.findings, heard)
	if raw.DNS != record.Unknown && raw.CAA != record.Unknown {
		v.d.CheckedAt = v.now
	}
	if v.seen.Probe != nil {
		v.d.ForeignThumbprint = v.foreignThumbprint()
	}
	if v.d.ForeignThumbprint {
		v.keepAccountProblem()
	}
}

// foreignThumbprint reports whether another account answered at an address of
// the platform itself.
func (v *view) foreignThumbprint() bool {
	probe := v.seen.Probe
	return probe.Body == record.BodyThumbprint && len(probe.Hops) <= 1 && v.ours(probe.Address)
}

// ours reports whether the address is the platform's: by the operator's word,
// or because the platform's own target leads there.
func (v *view) ours(addr netip.Addr) bool {
	if slices.Contains(v.policy.Platform.Addresses, addr) {
		return true
	}
	dns, target := v.seen.DNS, v.q.Target
	return dns != nil && (slices.Contains(dns.Target, addr) ||
		slices.ContainsFunc(dns.Chain, func(hop record.RR) bool { return target != "" && strings.EqualFold(hop.Value, target) }))
}

// keepAccountProblem: a row looked at alone does not lose what was found by
// comparing it with others.
func (v *view) keepAccountProblem() {
	if len(v.d.Findings) > 0 && isCode(v.d.Findings[0], failure.AccountProblem) && v.d.Problem == nil {
		v.findings = blamed(v.findings, v.d.Findings[0])
	}
}

// merged keeps what was known where nothing was asked, and for an hour where it
// could not be asked.
func merged(before, raw record.Checks, stale bool) record.Checks {
	one := func(old, now record.Check) record.Check {
		known := old == record.Pass || old == record.Fail
		if now == "" || now == record.Unknown && known && !stale {
			return old
		}
		return now
	}
	next := before
	next.DNS = one(before.DNS, raw.DNS)
	next.CAA = one(before.CAA, raw.CAA)
	next.Challenge = one(before.Challenge, raw.Challenge)
	return next
}

// mended reports whether what made the row fail is seen to be right again. A
// light that could not be asked is no proof. heard: of whose it is, one was seen.
func mended(d record.Domain, before, raw record.Checks, findings []record.Finding, heard bool) bool {
	if d.Attempt.FirstFailed.IsZero() || len(blocking(findings)) > 0 {
		return false
	}
	lights := [][2]record.Check{{before.CAA, raw.CAA}, {before.DNS, raw.DNS}, {before.Challenge, raw.Challenge}}
	if d.Challenge == record.DNS01 {
		lights = lights[:1] // where the name leads means nothing then
	}
	for _, pair := range lights {
		if pair[0] == record.Fail && pair[1] != record.Pass {
			return false
		}
	}
	stopped := d.Problem == nil && len(blocking(d.Findings)) > 0
	return heard || visible(d, before) || stopped && raw.DNS == record.Pass && raw.CAA == record.Pass
}

// blocking are the findings that stand in the way of an order.
func blocking(findings []record.Finding) []record.Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f record.Finding) bool { return f.Warning })
}

// explained is what is wrong with a row that waits: what was seen now, then
// what the CA said last.
func (v *view) explained() []record.Finding {
	if v.d.Problem == nil {
		return v.findings
	}
	return diagnose.Explain(v.policy.Platform, v.q, v.seen, v.d.Problem)
}

// shown is what a row that waits says: what is wrong as it was seen now, or what
// it said before, where nothing was seen in the way.
func (v *view) shown() []record.Finding {
	if found := v.explained(); v.looked && len(blocking(found)) > 0 {
		return found
	}
	return v.d.Findings
}
