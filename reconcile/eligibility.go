package reconcile

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/spec"
)

// mode is what ACM does for a domain: the plan decides first, then what was
// written for the domain, the app, or its runtime. Any plan may bring a
// certificate along.
func (p Policy) mode(a spec.App, d spec.Domain) record.Mode {
	switch {
	case a.Managed(d) && !p.ineligible(a):
		return record.Auto
	case a.Brought(d) != nil:
		return record.ByHand
	case p.ineligible(a):
		return record.Ineligible
	default:
		return record.Off
	}
}

func (p Policy) ineligible(a spec.App) bool { return slices.Contains(p.IneligiblePlans, a.Plan) }

// acm is the app's own switch, as status shows it.
func (p Policy) acm(a spec.App) string {
	managed, brings := a.Managed(spec.Domain{}) && !p.ineligible(a), a.Certificate != nil
	switch {
	case managed && brings:
		return "migrating"
	case brings:
		return "manual"
	case p.ineligible(a):
		return "ineligible"
	case managed:
		return "enabled"
	default:
		return "disabled"
	}
}

// candidate is a name together with all that decides whether it may be ordered.
type candidate struct {
	policy    Policy
	app       spec.App
	name      string
	challenge string
	// beyond: the app's limit is used up by the names before it.
	beyond bool
}

// obstacle is a reason of desired state itself why nothing may be ordered.
type obstacle struct {
	code   failure.Code
	stands func(candidate) bool
}

// obstacles lists them, the first to mend first. They are certain, so the CA is
// never asked while one stands.
func obstacles() []obstacle {
	return []obstacle{
		{failure.TooManyDomains, func(c candidate) bool { return c.beyond }},
		{failure.NameTooLong, func(c candidate) bool { return c.policy.CommonName && len(c.name) > maxCommonName }},
		{failure.WildcardsNotAllowed, func(c candidate) bool { return wildcard(c.name) && !c.policy.AllowWildcards }},
		// RFC 8555, section 7.1.3, and RFC 8738 leave wildcards to DNS alone.
		{failure.WildcardNeedsDNS, func(c candidate) bool { return wildcard(c.name) && (c.reached() || !c.provided()) }},
		{failure.TrustedIPs, func(c candidate) bool { return c.app.TrustedIPs && c.reached() }},
		{failure.NoWebProcess, func(c candidate) bool { return c.reached() && c.idle() }},
		{failure.ChallengeUnreach, func(c candidate) bool { return !c.reached() && !c.provided() }},
	}
}

// maxCommonName is ub-common-name of RFC 5280, appendix A.1.
const maxCommonName = 64

// reached: the CA proves the name by connecting to it.
func (c candidate) reached() bool { return c.challenge == "http-01" || c.challenge == "tls-alpn-01" }

// provided: somebody answers challenges in DNS.
func (c candidate) provided() bool { return c.policy.DNSProvider }

// idle: nothing runs that could answer. For a private app nothing stands in
// front of it that would answer in its place, so unknown is not enough.
func (c candidate) idle() bool {
	if c.app.Web == nil {
		return c.app.Runtime == spec.Private
	}
	return *c.app.Web == 0
}

// blocked is the first obstacle that stands, nil when none does.
func (c candidate) blocked(chain []obstacle) *record.Finding {
	for _, o := range chain {
		if o.stands(c) {
			f := c.finding(o.code)
			return &f
		}
	}
	return nil
}

// overDNS is how the name could be proved in DNS instead.
func (c candidate) overDNS() string {
	if c.provided() {
		return "write challenge: dns-01 there for " + c.name
	}
	return "ask the operator of this platform to set up dns-01 (challenge.dns01), then write challenge: dns-01 there for " + c.name
}

func (c candidate) finding(code failure.Code) record.Finding {
	message, remedy := failure.Of(code).Fill(failure.Values{
		"name":      c.name,
		"app":       c.app.Name,
		"challenge": c.challenge,
		"dns":       c.overDNS(),
		"limit":     strconv.Itoa(c.policy.MaxDomainsPerApp),
	})
	f := record.Finding{Code: code, Message: message, Remedy: remedy}
	switch {
	case code == failure.WildcardNeedsDNS && !c.provided():
		// The owner can do nothing while no DNS provider is set.
		f.Actor = failure.Operator
	case code == failure.ChallengeUnreach:
		f.Message = fmt.Sprintf("%s is to be proved by %s, and this platform has no DNS provider for that.", c.name, c.challenge)
		f.Remedy = fmt.Sprintf("Remove challenge: %s from %s, or ask the operator to set challenge.dns01.", c.challenge, c.name)
	}
	return f
}
