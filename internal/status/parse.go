package status

import (
	"fmt"

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

// ParsePlatform reads platform.yaml.
func ParsePlatform(content []byte) (Platform, error) {
	var p Platform
	if err := decode(content, "Platform", &p); err != nil {
		return Platform{}, err
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
	return reconcile.Policy{
		MaxDomainsPerApp: p.Limits.MaxDomainsPerApp, AllowWildcards: p.Limits.AllowWildcards, IneligiblePlans: p.Limits.IneligiblePlans,
		DefaultChallenge: p.DefaultChallenge, DNSProvider: p.DNSProvider, Directory: p.Directory,
		Platform: record.Platform{
			Target: p.Target, Addresses: p.Addresses, LegacyTargets: p.LegacyTargets,
			CAAIdentities: p.CAAIdentities, AccountURI: p.AccountURI, Thumbprint: p.Thumbprint, Recipients: p.Recipients,
			ChallengeMode: p.ChallengeMode, ProbePort: p.ProbePort, ServedPort: p.ServedPort,
		},
	}
}

func decode(content []byte, kind string, into any) error {
	var is struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
	}
	if err := yaml.Unmarshal(content, &is); err != nil {
		return fmt.Errorf("not a status file: %w", err)
	}
	if is.APIVersion != APIVersion || is.Kind != kind {
		return fmt.Errorf("not a status file: it is %q of %q, not %q of %q", is.Kind, is.APIVersion, kind, APIVersion)
	}
	if err := yaml.Unmarshal(content, into); err != nil {
		return fmt.Errorf("not a status file: %w", err)
	}
	return nil
}

func worst(states []record.State) string { return string(reconcile.Worst(states...)) }
