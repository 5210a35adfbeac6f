package operate

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"

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
	Unicode string
	// CAs are the CA's names in CAA records; empty: it is not known who is asked.
	CAs []string
	// ByDNS: the CA looks for a TXT record, not for a server.
	ByDNS bool
	// Unjudged: what the challenge's answer should be is not known; that it can
	// be reached was checked.
	Unjudged bool
	// Proof is whether a proof of ownership was seen; empty: none is needed.
	Proof record.Check
	// reached: something answers there, of which no more can be said.
	reached     bool
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

// Subject is a name to look at, with what desired state says of it, as far as
// that is known.
type Subject struct {
	// Name is as somebody wrote it.
	Name string
	// App claims the name, Target is the domain's own CNAME target, Challenge its
	// validation method; empty: not known, the platform's, http-01.
	App, Target, Challenge string
	// Proven: the platform knows already that the name is the app's.
	Proven bool
}

// Verify makes every check of a name that can be made from here. What the
// platform does not say (no target, no account key) is not checked; of a platform
// that says nothing of its challenges only the way to the response is.
func Verify(ctx context.Context, o Observer, p record.Platform, s Subject) (Verdict, error) {
	return judge(ctx, o, p, s, false)
}

// VerifyFresh is Verify with the zone's own name servers asked in any case, so
// that no cache hides a change that was just made.
func VerifyFresh(ctx context.Context, o Observer, p record.Platform, s Subject) (Verdict, error) {
	return judge(ctx, o, p, s, true)
}

func judge(ctx context.Context, o Observer, p record.Platform, s Subject, fresh bool) (Verdict, error) {
	name, unicode, err := spec.CanonicalName(s.Name)
	if err != nil {
		return Verdict{}, err
	}
	if s.App == "" && s.Target == "" && strings.Contains(p.Target, "{app}") {
		p.Target = "" // it cannot be filled in
	}
	q := question(p, name, s)
	q.Authorities = fresh
	seen := o.Observe(ctx, q)
	known := seen
	known.Probe = telling(q, seen.Probe)
	v := Verdict{
		Name: name, Unicode: unicode, CAs: p.CAAIdentities, ByDNS: q.Challenge == dns01, Unjudged: q.ProbeExpect == "", Observation: seen,
		Checks: diagnose.Checks(p, q, known), Findings: diagnose.Explain(p, q, known, nil),
	}
	v.lights(q, known)
	v.Proof = proved(q, seen, v.Findings)
	return v, nil
}

const dns01 = "dns-01"

// lights corrects what diagnose says for a platform's certificates: here nothing
// may be known of a platform, and it is a visitor's view of TLS that counts.
func (v *Verdict) lights(q record.Question, known record.Observation) {
	if q.Target == "" && len(q.Addresses) == 0 && v.Checks.DNS == record.Unknown && v.resolved() {
		v.Checks.DNS = record.Pass
	}
	if known.Probe == nil && v.Observation.Probe != nil {
		v.Checks.Challenge, v.reached = record.Unknown, true // what to hold it against is not known
	}
	v.Checks.Served = visited(v.Observation)
}

func (v Verdict) resolved() bool {
	d := v.Observation.DNS
	return d != nil && len(d.A.Addrs)+len(d.AAAA.Addrs) > 0
}

// Unseen reports that nothing could be asked of DNS, so that the verdict is
// about our network and not about the name.
func (v Verdict) Unseen() bool {
	return v.Observation.DNS != nil && !v.resolved() && v.Checks.DNS == record.Unknown && len(v.Findings) == 0
}

func question(p record.Platform, name string, s Subject) record.Question {
	q := record.Question{
		Name: name, App: s.App, Challenge: s.Challenge, Target: p.TargetFor(name, s.App, s.Target), Addresses: p.Addresses,
		Registered: spec.RegisteredDomain(name),
		DNS:        true, CAA: true, Served: true, ProbePort: p.ProbePort, ServedPort: p.ServedPort,
		CAAIdentities: p.Identities(),
	}
	if !s.Proven {
		q.Proofs = p.Proofs(name, q.Registered, s.App)
		q.Ownership = len(q.Proofs) > 0
	}
	if wildcard(name) { // it has no host to fetch from (RFC 8555, section 7.1.3)
		q.Challenge = dns01
	}
	switch {
	case q.Challenge == dns01: // nothing has to answer
	case p.ChallengeMode == "stateless" && p.Thumbprint != "":
		q.Probe, q.ProbeToken = true, rand.Text()
		q.ProbeExpect = q.ProbeToken + "." + p.Thumbprint
	case p.ChallengeMode == "", p.ChallengeMode == "webroot":
		// What the answer should be is not known, but the way to it can be seen.
		// In mode listen there is none until a name is validated.
		q.Probe, q.ProbeToken = true, rand.Text()
	}
	return q
}

func wildcard(name string) bool { return strings.HasPrefix(name, "*.") }

// telling is what of a probe can be judged. Where the right response is not
// known, an answer that is reached with its path is as good as another; nil:
// that is all there is.
func telling(q record.Question, p *record.Probe) *record.Probe {
	if p == nil || q.ProbeExpect != "" {
		return p
	}
	bad := slices.DeleteFunc(slices.Clone(p.Met()), reached)
	if len(bad) == 0 {
		return nil
	}
	told := bad[0]
	told.Each = nil
	if len(p.Each) > 0 {
		told.Each = bad
	}
	return &told
}

// reached: a server answered at the end of the way, and it was told the token.
func reached(p record.Probe) bool {
	lost := slices.ContainsFunc(p.Hops, func(h record.Hop) bool { return h.Location != "" && !h.KeepsPath })
	return p.Result == record.ProbeAnswered && p.Status < 500 && !lost
}
