package diagnose

import (
	"cmp"
	"slices"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// contradiction is what to say when the CA refuses for a cause that our own look
// did not find: to ask for a record that is in place would only confuse.
type contradiction struct {
	codes           []failure.Code
	light           func(record.Checks) record.Check
	message, remedy string
}

const patience = "Nothing to change if that was set up or changed within the last two days: it is tried again by itself. "

func contradictions() []contradiction {
	return []contradiction{
		{
			[]failure.Code{failure.DomainNotFound, failure.DNSUnresolved, failure.DNSTimeout},
			func(c record.Checks) record.Check { return c.DNS },
			"The CA could not resolve {name}{detail}. From here the records of {name} are right.",
			patience + "Otherwise ask the DNS provider of {name} why not each of its name servers gives the same answer, and if it finds nothing, send this entry to the operator of this platform.",
		},
		{
			[]failure.Code{failure.CDNChallengeMissing, failure.ChallengeUnreach},
			func(c record.Checks) record.Check { return c.Challenge },
			"The CA did not get the challenge from http://{name}/.well-known/acme-challenge/{detail}. From here it is answered right.",
			"Look in front of {name} for a firewall, a country block or bot protection that lets this platform through but not the CA, and let everybody read http://{name}/.well-known/acme-challenge/; if you use none of these, send this entry to the operator of this platform.",
		},
		{
			[]failure.Code{failure.CAAForbids},
			func(c record.Checks) record.Check { return c.CAA },
			"The CA read CAA records that do not allow {ca} to issue for {name}{detail}. From here they allow it.",
			patience + "Otherwise ask the DNS provider of {name} why not each of its name servers gives the same answer, and if it finds nothing, send this entry to the operator of this platform.",
		},
	}
}

// contradicted is the finding, told as what only the CA sees, if our own look
// says otherwise: the one at hand, or else the last one.
func (f facts) contradicted(finding record.Finding, values failure.Values) record.Finding {
	seen := Checks(f.platform, f.question, f.Observation)
	known := f.question.Known
	checks := record.Checks{
		DNS: cmp.Or(seen.DNS, known.DNS), CAA: cmp.Or(seen.CAA, known.CAA), Challenge: cmp.Or(seen.Challenge, known.Challenge),
	}
	for _, c := range contradictions() {
		if slices.Contains(c.codes, finding.Code) && c.light(checks) == record.Pass {
			reason := failure.Reason{Message: c.message, Remedy: c.remedy}
			finding.Message, finding.Remedy = reason.Fill(f.values(values))
			finding.Expected = nil
		}
	}
	return finding
}
