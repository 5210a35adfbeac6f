package diagnose

import (
	"slices"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// check is one row of the table: a reason and how to recognise it.
type check struct {
	code failure.Code
	find func(facts) (record.Finding, bool)
}

// table holds the checks in the order in which their findings are to be
// mended. The last row speaks for the CA, and its code is the CA's to choose.
func table() []check {
	return []check{
		{failure.DNSTimeout, dnsTimeout},
		{failure.DNSSECFailed, dnssecFailed},
		{failure.OwnershipUnproven, ownershipUnproven},
		{failure.DNSUnresolved, dnsUnresolved},
		{failure.DomainNotFound, domainNotFound},
		{failure.ReservedAddress, reservedAddress},
		{failure.IncorrectCNAME, incorrectCNAME},
		{failure.RedirectDropsPath, redirectDropsPath},
		{failure.CDNChallengeMissing, cdnChallengeMissing},
		{failure.CDNStrictTLS, cdnStrictTLS},
		{failure.IncorrectDNS, incorrectDNS},
		{failure.AAAAMismatch, aaaaMismatch},
		{failure.CAAUnsupported, caaUnsupported},
		{failure.CAAForbids, caaForbids},
		{failure.ChallengeUnreach, challengeUnreachable},
		{"", caWord},
	}
}

// Explain says what is wrong with the name that q asks about, given what was
// seen of it and the CA's last refusal (nil: none). The first finding is the
// first to mend; those that only warn come after all that block. No findings
// means that nothing speaks against asking the CA.
func Explain(p record.Platform, q record.Question, o record.Observation, problem *record.Problem) []record.Finding {
	return explain(table(), gather(p, q, o, problem))
}

func explain(checks []check, f facts) []record.Finding {
	found := judge(checks, f)
	found = append(found, f.underWay(found)...)
	slices.SortStableFunc(found, func(a, b record.Finding) int { return severity(a) - severity(b) })
	settled, _ := f.settled()
	for i := range found {
		found[i] = settled.withFix(found[i])
		found[i].Observed = found[i].Observed[:min(len(found[i].Observed), maxObserved)]
	}
	return found
}

// judge goes through the checks by the facts that count.
func judge(checks []check, f facts) []record.Finding {
	settled, split := f.settled()
	var found []record.Finding
	for _, c := range checks {
		if finding, ok := c.find(settled); ok {
			found = add(found, finding)
		}
	}
	for _, finding := range settled.besides(checks) {
		found = add(found, finding)
	}
	if split {
		return f.divided(found)
	}
	return found
}

// add appends a finding unless its reason is there already, as when the CA
// complains of what we saw ourselves. Our own words are the more precise ones,
// but the CA's turn a warning into a certainty.
func add(found []record.Finding, next record.Finding) []record.Finding {
	for i := range found {
		if found[i].Code == next.Code {
			found[i].Warning = found[i].Warning && next.Warning
			return found
		}
	}
	return append(found, next)
}

func severity(f record.Finding) int {
	if f.Warning {
		return 1
	}
	return 0
}
