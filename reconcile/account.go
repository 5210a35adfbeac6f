package reconcile

import (
	"slices"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// AccountProblem looks at all rows that were stepped in one pass. When two or
// more names lead straight to the platform and every one of them answers for
// another ACME account, the edges are set up for that account: one cause, said
// as one, instead of a CDN in front of each. It returns the rows that changed;
// those without a failure of their own are left alone.
func AccountProblem(stepped []record.Domain) []record.Domain {
	foreign := 0
	for _, d := range stepped {
		switch {
		case d.ForeignThumbprint:
			foreign++
		case d.Checks.Challenge == record.Pass:
			return nil
		}
	}
	if foreign < 2 {
		return nil
	}
	var out []record.Domain
	for _, d := range stepped {
		if d.ForeignThumbprint && !d.Gone() && complains(d, failure.CDNChallengeMissing) {
			out = append(out, withAccountProblem(d))
		}
	}
	return out
}

// SharedProblem is [AccountProblem] for decisions that are only shown: those
// that it blames on the account instead of the domain say so. probed tells
// whether the row's challenge was looked at just now.
func SharedProblem(decisions []Decision, probed func(record.Domain) bool) []Decision {
	var stepped []record.Domain
	for _, dec := range decisions {
		if probed(dec.Next) {
			stepped = append(stepped, dec.Next)
		}
	}
	changed := byKey(AccountProblem(stepped))
	for i := range decisions {
		dec := &decisions[i]
		if d, ok := changed[dec.Next.Key]; ok {
			dec.Next, dec.Actions = d, nil
			dec.Outcome = Outcome{
				Kind: Fail, App: d.App, Domain: d.Key, Why: clause(d.Findings[0].Message), Until: d.Attempt.Next,
			}
		}
	}
	return decisions
}

// complains reports whether the code is what is to be mended first before
// another certificate can be had.
func complains(d record.Domain, c failure.Code) bool {
	d = clone(d)
	takeNotServed(&d)
	found := blocking(d.Findings)
	return len(found) > 0 && found[0].Code == c
}

func withAccountProblem(d record.Domain) record.Domain {
	message, remedy := failure.Of(failure.AccountProblem).Fill(failure.Values{
		"detail": ": the edges answer challenges for another account key",
		"remedy": ", and set up the edges with this installation's thumbprint",
	})
	d = clone(d)
	d.Findings = blamed(d.Findings, record.Finding{Code: failure.AccountProblem, Message: message, Remedy: remedy})
	return d
}

// blamed puts the account's problem first, in the place of what it causes. What
// else is wrong stays.
func blamed(findings []record.Finding, account record.Finding) []record.Finding {
	others := slices.DeleteFunc(slices.Clone(findings), func(f record.Finding) bool {
		return isCode(f, failure.CDNChallengeMissing)
	})
	return append([]record.Finding{account}, others...)
}
