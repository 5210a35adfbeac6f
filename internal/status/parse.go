package status

import (
	"fmt"
	"regexp"

	"gopkg.in/yaml.v3"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// Parse reads an app's document. Fields it does not know are passed over, so
// that an older acmsync reads what a newer one wrote.
func Parse(content []byte) (AppStatus, error) {
	var a AppStatus
	if err := decode(content, "AppStatus", &a); err != nil {
		return AppStatus{}, err
	}
	return a, nil
}

// targets are host names with {domain} and {app} left open.
var targets = regexp.MustCompile(`^([a-z0-9_-]+|\{domain\}|\{app\})([.-]([a-z0-9_-]+|\{domain\}|\{app\}))*$`)

// ParsePlatform reads platform.yaml. What it says is asked for, and told to
// owners as what to set, so a target that is no host name is refused.
func ParsePlatform(content []byte) (Platform, error) {
	var p Platform
	if err := decode(content, "Platform", &p); err != nil {
		return Platform{}, err
	}
	if p.Target != "" && !targets.MatchString(p.Target) {
		return Platform{}, fmt.Errorf("not a status file: the target %q is no host name", p.Target)
	}
	return p, nil
}

// ParseSummary reads summary.yaml.
func ParseSummary(content []byte) (Summary, error) {
	var s Summary
	if err := decode(content, "Summary", &s); err != nil {
		return Summary{}, err
	}
	return s, nil
}

// Policy is as much of the operator's policy as the file tells.
func (p Platform) Policy() reconcile.Policy {
	policy := reconcile.Policy{
		MaxDomainsPerApp: p.Limits.MaxDomainsPerApp, AllowWildcards: p.Limits.AllowWildcards, IneligiblePlans: p.Limits.IneligiblePlans,
		DefaultChallenge: p.DefaultChallenge, DNSProvider: p.DNSProvider, Directory: p.Directory,
		Platform: record.Platform{
			Target: p.Target, Addresses: p.Addresses, LegacyTargets: p.LegacyTargets,
			CAAIdentities: p.CAAIdentities, AccountURI: p.AccountURI, Thumbprint: p.Thumbprint, Recipients: p.Recipients,
			VerifyOwnership: p.Limits.VerifyOwnership,
			ChallengeMode:   p.ChallengeMode, ProbePort: p.ProbePort, ServedPort: p.ServedPort,
		},
	}
	for _, ca := range p.Fallback {
		issuer := record.Issuer{CAAIdentities: ca.CAAIdentities, AccountURI: ca.AccountURI}
		policy.Fallback = append(policy.Fallback, reconcile.CA{Directory: ca.Directory, Issuer: issuer})
		policy.Platform.Others = append(policy.Platform.Others, issuer)
	}
	return policy
}

// decode reads a document of a branch that others can push to: its text is as
// little to be trusted as that of DNS.
func decode(content []byte, kind string, into any) error {
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return fmt.Errorf("not a status file: %w", err)
	}
	tame(&document, cleanLine)
	var is struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
	}
	if err := document.Decode(&is); err != nil {
		return fmt.Errorf("not a status file: %w", err)
	}
	if is.APIVersion != APIVersion || is.Kind != kind {
		return fmt.Errorf("not a status file: it is %q of %q, not %q of %q", is.Kind, is.APIVersion, kind, APIVersion)
	}
	if err := document.Decode(into); err != nil {
		return fmt.Errorf("not a status file: %w", err)
	}
	return nil
}

// tame cleans every text of a document. What an alias stands for is cleaned
// where it is.
func tame(n *yaml.Node, clean func(string) string) {
	for i, child := range n.Content {
		one := clean
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == "zone" {
			one = cleanLines
		}
		tame(child, one)
	}
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" {
		n.Value = clean(n.Value)
	}
}

func worst(states []record.State) string { return string(reconcile.Worst(states...)) }
