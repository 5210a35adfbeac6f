package operate

import (
	"context"
	"crypto/rand"

	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/spec"
)

// Observer looks at the world for one name.
type Observer interface {
	Observe(ctx context.Context, q record.Question) record.Observation
}

// Verdict is what was seen of a name and what follows from it.
type Verdict struct {
	Name string
	// Unicode is how people write the name; empty when that is Name itself.
	Unicode     string
	Observation record.Observation
	Checks      record.Checks
	Findings    []record.Finding
}

// Blocked reports whether something must be mended before a CA would issue.
func (v Verdict) Blocked() bool {
	for _, f := range v.Findings {
		if !f.Warning {
			return true
		}
	}
	return false
}

// Verify makes every check of a name that can be made from here. What the
// platform does not say (no target, no account key) is not checked.
func Verify(ctx context.Context, o Observer, p record.Platform, written string) (Verdict, error) {
	return judge(ctx, o, p, written, false)
}

// VerifyFresh is Verify with the zone's own name servers asked in any case, so
// that no cache hides a change that was just made.
func VerifyFresh(ctx context.Context, o Observer, p record.Platform, written string) (Verdict, error) {
	return judge(ctx, o, p, written, true)
}

func judge(ctx context.Context, o Observer, p record.Platform, written string, fresh bool) (Verdict, error) {
	name, unicode, err := spec.CanonicalName(written)
	if err != nil {
		return Verdict{}, err
	}
	q := question(p, name)
	q.Authorities = fresh
	seen := o.Observe(ctx, q)
	return Verdict{
		Name: name, Unicode: unicode, Observation: seen,
		Checks: diagnose.Checks(p, q, seen), Findings: diagnose.Explain(p, q, seen, nil),
	}, nil
}

func question(p record.Platform, name string) record.Question {
	q := record.Question{
		Name: name, Target: p.TargetFor(name, "", ""), Addresses: p.Addresses,
		Apex: spec.RegisteredDomain(name) == name,
		DNS:  true, CAA: true, Served: true, ProbePort: p.ProbePort, ServedPort: p.ServedPort,
		CAAIdentities: p.CAAIdentities,
	}
	// Only edges that answer from the thumbprint answer a token nobody placed.
	// That a wildcard has no host to fetch from is known to the observer.
	if p.ChallengeMode == "stateless" && p.Thumbprint != "" {
		q.Probe, q.ProbeToken = true, rand.Text()
		q.ProbeExpect = q.ProbeToken + "." + p.Thumbprint
	}
	return q
}
