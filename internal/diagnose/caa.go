package diagnose

import (
	"slices"
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

// caaUnsupported: the name servers fail for CAA though they answer otherwise. A
// CA must refuse then, since it cannot know that nothing is forbidden (RFC
// 8659, section 6.3 and the baseline requirements, section 3.2.2.8).
func caaUnsupported(f facts) (record.Finding, bool) {
	if f.CAA == nil || !f.caaFails() {
		return record.Finding{}, false
	}
	answer := answerText(f.CAA.Answer)
	finding := f.finding(failure.CAAUnsupported, failure.Values{"zone": f.caaZone(), "detail": answer})
	finding.Expected = f.caaExpected("")
	finding.Observed = []record.RR{{Type: "CAA", Name: f.caaZone(), Value: answer}}
	return finding, true
}

// caaFails tells a failure for CAA from one for everything, which the other
// checks report.
func (f facts) caaFails() bool {
	switch f.CAA.Answer {
	case record.ServFail, record.Refused, record.NotImp, record.FormErr:
		return f.CAA.OthersAnswer || len(f.unresolved()) == 0
	case record.TimedOut:
		return f.CAA.OthersAnswer
	default:
		return false
	}
}

// caaForbids: the closest CAA records do not let the CA issue (RFC 8659,
// section 3; RFC 8657).
func caaForbids(f facts) (record.Finding, bool) {
	if f.CAA == nil || f.CAA.Answer != record.Answered {
		return record.Finding{}, false
	}
	verdict := f.judgeCAA()
	if verdict.allowed {
		return record.Finding{}, false
	}
	zone, expected := f.caaZone(), f.caaExpected(verdict.parameters)
	values := failure.Values{"zone": zone, "detail": because(verdict.why), "expected": f.caaExpectedText(expected)}
	finding := f.finding(failure.CAAForbids, values)
	finding.Observed = f.caaObserved()
	if verdict.remove != nil {
		finding.Remedy = "Remove CAA " + zone + " " + caaValue(*verdict.remove)
		return finding, true
	}
	finding.Expected = expected
	return finding, true
}

// caaExpected is a record that would let the CA issue, with the parameters that
// the owner's own records restrict others by.
func (f facts) caaExpected(parameters string) []record.RR {
	if len(f.platform.CAAIdentities) == 0 {
		return nil
	}
	tag := "issue"
	if f.CAA != nil && f.wildcard() && slices.ContainsFunc(f.CAA.Records, tagged("issuewild")) {
		tag = "issuewild"
	}
	value := Clean(f.platform.CAAIdentities[0], maxName) + parameters
	return []record.RR{{Type: "CAA", Name: f.caaZone(), Value: "0 " + tag + ` "` + value + `"`}}
}

func (f facts) caaExpectedText(rrs []record.RR) string {
	if len(rrs) == 0 {
		return "a CAA record at " + f.caaZone() + " that names the CA"
	}
	return say(rrs)
}

func (f facts) caaObserved() []record.RR {
	rrs := make([]record.RR, 0, len(f.CAA.Records))
	for _, r := range f.CAA.Records {
		rrs = append(rrs, record.RR{Type: "CAA", Name: f.caaZone(), Value: caaValue(r)})
	}
	return rrs
}

// caaValue writes a record as zone files do.
func caaValue(r record.CAARecord) string {
	flags := "0 "
	if r.Critical {
		flags = "128 "
	}
	return flags + Clean(r.Tag, maxWord) + ` "` + Clean(r.Value, maxPhrase) + `"`
}

func (f facts) wildcard() bool { return strings.HasPrefix(f.name, "*.") }

// tagged matches records by tag, which has no case (RFC 8659, section 4.1).
func tagged(tag string) func(record.CAARecord) bool {
	return func(r record.CAARecord) bool { return strings.EqualFold(r.Tag, tag) }
}
