package diagnose

import (
	"slices"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// The functions of this file weigh what the addresses of a name answer against
// each other: a CA goes to one of them only.

// matched reports that the probe got our account's answer wherever a CA may
// come, so that the CA would get it too, whatever the records say.
func (f facts) matched() bool { return f.Probe != nil && f.Probe.Matches() }

// unseen: a CA may come to an address that we know nothing of. Where neither it
// nor the one that was seen is the platform's, the records have said enough.
func (f facts) unseen() bool {
	if f.Probe == nil || f.Probe.Unasked > 0 {
		return f.Probe != nil
	}
	return slices.ContainsFunc(f.each, func(p record.Probe) bool {
		return p.Result == record.ProbeNotAsked && (f.ours(p.Address) || f.ours(f.Probe.Address))
	})
}

// captive: a network on the way there wants somebody to log in (RFC 6585,
// section 6), so the answer is not the server's.
func captive(p *record.Probe) bool {
	return p != nil && p.Result == record.ProbeAnswered && p.Status == 511
}

// onlyIPv6Wrong: IPv4 answers right, and the IPv6 address, which a CA goes to
// first, is not the platform's and does not.
func (f facts) onlyIPv6Wrong() bool {
	if f.Probe == nil || f.DNS == nil || len(f.DNS.Chain) > 0 || f.matched() || captive(f.Probe) {
		return false
	}
	at := f.Probe.Address
	return at.Is6() && !f.ours(at) && slices.ContainsFunc(f.each, func(p record.Probe) bool {
		return p.Address.Is4() && p.Matches()
	})
}

// failedProbe reports a probe that went wrong by more than a stray IPv6 address.
func (f facts) failedProbe() bool { return f.Probe != nil && !f.matched() && !f.onlyIPv6Wrong() }

// besides are warnings of addresses of the platform that a CA does not come to
// as things are, and that answer wrong: visitors do come there, and a CA may
// tomorrow.
func (f facts) besides(checks []check) []record.Finding {
	if !f.matched() {
		return nil
	}
	i := slices.IndexFunc(f.each, func(p record.Probe) bool {
		return !p.Matches() && p.Result != record.ProbeNotAsked && !captive(&p) && f.ours(p.Address)
	})
	if i < 0 {
		return nil
	}
	f.Probe = &f.each[i]
	var found []record.Finding
	for _, c := range checks {
		if !slices.Contains(probeCodes, c.code) {
			continue
		}
		if finding, ok := c.find(f); ok {
			finding.Warning = true
			found = add(found, finding)
		}
	}
	return found
}

// probeCodes are the reasons that what one address answers can be wrong for.
var probeCodes = []failure.Code{
	failure.RedirectDropsPath, failure.CDNChallengeMissing, failure.CDNStrictTLS, failure.ChallengeUnreach,
}
