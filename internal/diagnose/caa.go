package diagnose

import (
	"slices"
	"strconv"
	"strings"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// caaZone is where the climb for CAA records ended.
func (f facts) caaZone() string {
	if f.CAA == nil {
		return f.name
	}
	return or(Clean(strings.TrimSuffix(f.CAA.Zone, "."), maxName), f.name)
}

// caaOwner is the name that holds the set, which is another where caaZone is an
// alias: nothing can stand beside a CNAME (RFC 1034, section 3.6.2).
func (f facts) caaOwner() string {
	if f.CAA == nil || len(f.CAA.Chain) == 0 || f.CAA.Loop {
		return f.caaZone()
	}
	return cleanRR(f.CAA.Chain[len(f.CAA.Chain)-1]).Value
}

// caaCut is the zone whose name servers answer for caaZone, as far as known.
func (f facts) caaCut() string {
	return or(Clean(f.CAA.Cut, maxName), f.caaZone())
}

// withCAA are the facts with what the zone's own name servers say of CAA in
// place of what resolvers remember. A resolver's failure stays one, because the
// CA may meet it.
func (f facts) withCAA() facts {
	if f.CAA == nil || f.CAA.Authority == nil || !answeredCAA(f.CAA) || !answeredCAA(f.CAA.Authority) {
		return f
	}
	fresh := *f.CAA.Authority
	fresh.Cut, fresh.Authority = f.CAA.Cut, f.CAA.Authority
	f.Observation.CAA = &fresh
	return f
}

func answeredCAA(c *record.CAA) bool {
	return c.Answer == record.Answered || c.Answer == record.NoData || c.Answer == record.NXDomain
}

// caaUnsupported: the name servers fail for CAA though they answer otherwise. A
// CA must refuse then, since it cannot know that nothing is forbidden (RFC
// 8659, section 6.3 and the baseline requirements, section 3.2.2.8).
func caaUnsupported(f facts) (record.Finding, bool) {
	if f.CAA == nil || !f.caaFails() || f.caaBogus() {
		return record.Finding{}, false
	}
	mended := f.CAA.Authority != nil && answeredCAA(f.CAA.Authority)
	if f.CAA.Loop && mended {
		return record.Finding{}, false // an old record, as dnsUnresolved says
	}
	answer := answerText(f.CAA.Answer)
	detail := answer
	if f.caaCut() != f.caaZone() {
		detail += " for " + f.caaZone()
	}
	finding := f.finding(failure.CAAUnsupported, failure.Values{"zone": f.caaCut(), "detail": detail})
	finding.Expected = []record.RR{{Type: "CAA", Name: f.caaZone(), Value: "(any answer, even one without records)"}}
	finding.Observed = []record.RR{{Type: "CAA", Name: f.caaZone(), Value: "(" + answer + ")"}}
	if f.CAA.Loop && len(f.CAA.Chain) > 0 {
		first := cleanRR(f.CAA.Chain[0])
		finding.Remedy = "Remove CNAME " + first.Name + " to " + first.Value + ", which leads back to itself."
		finding.Expected, finding.Observed = nil, cleanRRs(f.CAA.Chain)
	}
	// Resolvers remember failures for minutes (RFC 9520, section 3.2).
	if mended {
		finding.Warning = true
		finding.Message += " Asked directly, the name servers of " + f.caaCut() + " answer."
	}
	return finding, true
}

// caaFails tells a failure for CAA from one for everything, which the other
// checks report.
func (f facts) caaFails() bool {
	switch f.CAA.Answer {
	case record.ServFail, record.Refused, record.NotImp, record.FormErr, record.Garbled:
		return f.CAA.OthersAnswer || len(f.unresolved()) == 0
	case record.TimedOut:
		return f.CAA.OthersAnswer
	default:
		return false
	}
}

// caaBogus: the CAA question alone fails validation; the name itself resolves.
func (f facts) caaBogus() bool {
	return f.CAA != nil && f.CAA.Answer == record.ServFail && f.CAA.CheckingDisabled && f.caaFails()
}

// caaForbids: the closest CAA records do not let the CA issue (RFC 8659,
// section 3; RFC 8657).
func caaForbids(f facts) (record.Finding, bool) {
	fresh := f.withCAA()
	finding, ok := fresh.forbidding()
	if old, was := f.forbidding(); was && !ok {
		old.Warning, old.Expected = true, nil
		gone := forgotten(f.At, f.CAA.TTL)
		old.Message += " A change is under way: its name servers already answer otherwise, and caches may hold the old answer " + gone + "."
		old.Remedy = "Nothing to change: the old answer leaves the caches " + gone + "."
		return old, true
	}
	return finding, ok
}

func (f facts) forbidding() (record.Finding, bool) {
	if f.CAA == nil || f.CAA.Answer != record.Answered {
		return record.Finding{}, false
	}
	verdict := f.judgeCAA()
	if verdict.allowed || f.caaAllowsAnother() {
		return record.Finding{}, false
	}
	owner, expected := f.caaOwner(), f.caaExpected(verdict.parameters)
	values := failure.Values{"zone": owner, "detail": because(verdict.why), "expected": f.caaExpectedText(expected)}
	finding := f.finding(failure.CAAForbids, values)
	finding.Observed = f.caaObserved()
	if verdict.remove != nil {
		finding.Remedy = "Remove CAA " + owner + " " + caaValue(*verdict.remove)
	} else {
		finding.Expected = expected
		finding.Message += " This platform's certificates come from " + f.authority() + ": what is there may stay, a record for them has to stand beside it."
	}
	if owner != f.caaZone() {
		finding.Message += " " + f.caaZone() + " is an alias of " + owner + "."
		finding.Observed = append(cleanRRs(f.CAA.Chain), finding.Observed...)
	}
	if f.caaByPlatform() {
		finding.Remedy = "Ask the operator of this platform: " + finding.Remedy
	}
	return finding, true
}

// caaAllowsAnother reports whether the set allows one of the further CAs. One
// whose identity is not yet known cannot be asked either.
func (f facts) caaAllowsAnother() bool {
	return slices.ContainsFunc(f.platform.Others, func(ca record.Issuer) bool {
		other := f
		other.platform.CAAIdentities, other.platform.AccountURI = ca.CAAIdentities, ca.AccountURI
		return len(ca.CAAIdentities) > 0 && other.judgeCAA().allowed
	})
}

// caaByPlatform: the set stands at or behind the platform's own target, where
// the owner of the name can change nothing.
func (f facts) caaByPlatform() bool {
	return f.target != "" && slices.ContainsFunc(f.CAA.Chain, func(hop record.RR) bool { return sameName(hop.Value, f.target) })
}

// caaExpected are records that would let the CA issue, with the parameters that
// the owner's own records restrict others by, and one for each further CA.
func (f facts) caaExpected(parameters string) []record.RR {
	if len(f.platform.CAAIdentities) == 0 {
		return nil
	}
	tag := "issue"
	if f.CAA != nil && f.wildcard() && slices.ContainsFunc(f.CAA.Records, tagged("issuewild")) {
		tag = "issuewild"
	}
	values := []string{Clean(f.platform.CAAIdentities[0], maxName) + parameters}
	for _, ca := range f.platform.Others {
		if len(ca.CAAIdentities) > 0 {
			values = append(values, Clean(ca.CAAIdentities[0], maxName))
		}
	}
	var rrs []record.RR
	for _, value := range values {
		rrs = append(rrs, record.RR{Type: "CAA", Name: f.caaOwner(), Value: "0 " + tag + ` "` + value + `"`})
	}
	return rrs
}

func (f facts) caaExpectedText(rrs []record.RR) string {
	if len(rrs) == 0 {
		return "a CAA record at " + f.caaOwner() + " that names the CA"
	}
	return say(rrs)
}

func (f facts) caaObserved() []record.RR {
	rrs := make([]record.RR, 0, len(f.CAA.Records))
	for _, r := range f.CAA.Records {
		rrs = append(rrs, record.RR{Type: "CAA", Name: f.caaOwner(), Value: caaValue(r)})
	}
	return rrs
}

// caaValue writes a record as zone files do.
func caaValue(r record.CAARecord) string {
	flags := r.Flags
	if r.Critical && flags == 0 {
		flags = 128
	}
	return strconv.Itoa(int(flags)) + " " + Clean(r.Tag, maxWord) + ` "` + Clean(r.Value, maxPhrase) + `"`
}

func (f facts) wildcard() bool { return strings.HasPrefix(f.name, "*.") }

// tagged matches records by tag, which has no case (RFC 8659, section 4.1).
func tagged(tag string) func(record.CAARecord) bool {
	return func(r record.CAARecord) bool { return strings.EqualFold(r.Tag, tag) }
}
