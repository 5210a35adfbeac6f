package record

import (
	"net/netip"
	"slices"
	"strings"
)

// Platform is what domains must point at, and what the CA and our edges say
// of themselves.
type Platform struct {
	// Target is the CNAME target's pattern; {domain} and {app} are filled in.
	Target string
	// Addresses are the edge's, for apex names.
	Addresses []netip.Addr
	// LegacyTargets are patterns of targets that no longer work.
	LegacyTargets []string
	// ProbeAllow are ranges that count as reachable although they are not
	// public, for a private platform.
	ProbeAllow []netip.Prefix
	// CAAIdentities are the CA's issuer domain names from its directory; empty
	// when not yet known.
	CAAIdentities []string
	// AccountURI is the account's URL; empty when not yet known.
	AccountURI string
	// Others are the further CAs that certificates may come from, in the
	// operator's order, as far as they are known.
	Others []Issuer
	// Thumbprint is the account key's (RFC 8555, section 8.1).
	Thumbprint string
	// VerifyOwnership: a name is proved to be an app's before its first order, see
	// [Platform.Proofs].
	VerifyOwnership bool
	// Recipients are what owners encrypt the keys of their certificates to, with
	// age; they are public.
	Recipients []string
	// ChallengeMode is how http-01 is answered: stateless, listen or webroot.
	ChallengeMode string
	// ProbePort and ServedPort are 80 and 443 but in a lab.
	ProbePort, ServedPort int
}

// Issuer is a CA as CAA records name it.
type Issuer struct {
	CAAIdentities []string
	AccountURI    string
}

// Identities are those of all CAs, the first CA's first.
func (p Platform) Identities() []string {
	all := slices.Clone(p.CAAIdentities)
	for _, ca := range p.Others {
		all = append(all, ca.CAAIdentities...)
	}
	return all
}

// TargetFor is the CNAME target that domain must lead to: own if the domain has
// a target of its own, else the platform's, with {domain} (without a leading
// "*.") and {app} filled in, lower case and without a trailing dot. Empty when
// there is no target at all.
func (p Platform) TargetFor(domain, app, own string) string {
	pattern := p.Target
	if own != "" {
		pattern = own
	}
	fill := strings.NewReplacer("{domain}", strings.TrimPrefix(domain, "*."), "{app}", app)
	return strings.ToLower(strings.TrimSuffix(fill.Replace(pattern), "."))
}

// Directory is what a CA's directory says of the CA.
type Directory struct {
	URL                     string
	CAAIdentities           []string
	TermsOfService          string
	ExternalAccountRequired bool
	Profiles                []string
}
