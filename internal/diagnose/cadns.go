package diagnose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// dnsQuery is how Boulder says what it asked DNS for in vain (bdns/problem.go).
var dnsQuery = regexp.MustCompile(`(?i)looking up ([a-z]+) for ([a-z0-9._-]+)`)

// elsewhereInDNS is the finding where a CA could not resolve something else than
// the name: the TXT record that proves it, or a host that it was redirected to.
// The name's own records are not to blame then.
func (f facts) elsewhereInDNS(said utterance) (record.Finding, bool) {
	m := dnsQuery.FindStringSubmatch(said.detail)
	if said.kind != "dns" || m == nil || strings.EqualFold(m[1], "CAA") || mentions(said.detail, "secondary validation") {
		return record.Finding{}, false
	}
	at := Clean(strings.Trim(m[2], ".-"), maxName)
	detail := because(quoted(dnsCode(said.detail), said.detail))
	switch {
	case strings.EqualFold(m[1], "TXT"):
		return record.Finding{
			Code: dnsCode(said.detail), Actor: failure.Operator,
			Message:  fmt.Sprintf("The CA could not read the TXT record %s, which proves %s%s.", at, f.name, detail),
			Remedy:   fmt.Sprintf("Check that every name server of %s has what challenge.dns01 writes; if %s is a CNAME, that it leads to the zone that is written. acmsync tries again by itself.", at, at),
			Expected: []record.RR{{Type: "TXT", Name: at, Value: "(the response to the challenge)"}},
			Observed: []record.RR{{Type: "TXT", Name: at, Value: seenByCA}},
		}, true
	case !sameName(at, strings.TrimPrefix(f.name, "*.")):
		return f.astray(at, detail, said), true
	}
	return record.Finding{}, false
}

// seenByCA is in place of what a CA saw and did not tell.
const seenByCA = "(no answer to the CA)"

// fetched is the URL that a CA failed at, as Boulder quotes it.
var fetched = regexp.MustCompile(`(?i)\b(?:fetching|response from) (https?)://([^/\s"]+)`)

// redirectedTo is the host, another than the name, at which the CA failed; empty:
// it is not known to have been sent elsewhere.
func (f facts) redirectedTo(detail string) string {
	m := fetched.FindStringSubmatch(detail)
	if m == nil {
		return ""
	}
	host, _, _ := strings.Cut(m[2], ":")
	if sameName(host, f.name) {
		return ""
	}
	return Clean(host, maxName)
}

// astray is for a CA that was redirected to a host where it failed.
func (f facts) astray(host, detail string, said utterance) record.Finding {
	return record.Finding{
		Code:     failure.ChallengeUnreach,
		Message:  fmt.Sprintf("The CA was redirected from %s to %s, and failed there%s.", f.challengeURL(), host, detail),
		Remedy:   fmt.Sprintf("Take away that redirect for %s, or mend %s, %s", f.challengeURL(), host, wherever),
		Observed: f.observedByCA(failure.ChallengeUnreach, said),
		Expected: f.challengeAnswered(),
	}
}

// observedByCA shows the CA's words where our own look would stand, and after
// them what our own look saw of the same.
func (f facts) observedByCA(code failure.Code, said utterance) []record.RR {
	value := "(the CA: " + Clean(publishable(said.detail, maxPhrase), maxPhrase) + ")"
	switch code {
	case failure.CDNChallengeMissing, failure.ChallengeUnreach, failure.CDNStrictTLS, failure.SecondaryValidation:
		words := record.RR{Type: "HTTP", Name: f.challengeURL(), Value: value}
		return slices.Concat([]record.RR{words}, f.answerSeen(), f.recordsSeen())
	case failure.DNSUnresolved:
		return append([]record.RR{{Type: "A", Name: f.name, Value: value}}, f.recordsSeen()...)
	case failure.DNSTimeout, failure.DomainNotFound:
		return f.recordsSeen()
	case failure.CAAForbids, failure.CAAUnsupported:
		return append([]record.RR{{Type: "CAA", Name: f.name, Value: value}}, f.caaSeen()...)
	}
	return nil
}
