package diagnose

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// reservedAddress: an address, of the name or behind a redirect, that cannot be
// reached from the internet.
func reservedAddress(f facts) (record.Finding, bool) {
	bad := keep(f.resolved(), func(a netip.Addr) bool { return !f.ours(a) && !f.public(a) })
	rrs, text := addressRecords(f.name, bad), list(bad)
	if len(bad) == 0 {
		rr, ok := f.forbidden()
		if !ok {
			return record.Finding{}, false
		}
		rrs, text = []record.RR{rr}, rr.Value
	}
	finding := f.finding(failure.ReservedAddress, failure.Values{"observed": text})
	finding.Expected, finding.Observed, finding.Remedy = f.expected(), rrs, f.instruction()
	if rrs[0].Type == "HTTP" {
		finding.Expected = f.awaited()
		finding.Message = fmt.Sprintf("%s redirects to %s, an address that cannot be reached from the internet.", f.challengeURL(), text)
		finding.Remedy = "Take away that redirect for " + f.challengeURL() + ", " + f.elsewhere()
	}
	finding.Warning = f.reservedAdvises()
	return finding, true
}

// forbidden is where the guarded dialer refused to go. That it refused the
// platform's own address says something of our settings, not of the name.
func (f facts) forbidden() (record.RR, bool) {
	if f.Probe == nil || f.Probe.Result != record.ProbeForbidden {
		return record.RR{}, false
	}
	if hop, ok := lastRedirect(f.Probe); ok {
		return redirectRecord(hop), true
	}
	if !f.Probe.Address.IsValid() || f.ours(f.Probe.Address) {
		return record.RR{}, false
	}
	return addressRecords(f.name, []netip.Addr{f.Probe.Address})[0], true
}

// incorrectCNAME: the CNAME leads elsewhere, or to a target of old that the
// operator has retired. One that arrives at the platform's addresses by another
// way is right, like an ALIAS.
func incorrectCNAME(f facts) (record.Finding, bool) {
	if f.DNS == nil || len(f.DNS.Chain) == 0 || f.DNS.Loop {
		return record.Finding{}, false
	}
	hop, word := f.DNS.Chain[0], "not"
	if legacy, ok := f.legacyHop(); ok {
		hop, word = legacy, "no longer"
	} else if !f.leadsElsewhere() {
		return record.Finding{}, false
	}
	finding := f.finding(failure.IncorrectCNAME, failure.Values{"observed": cleanRR(hop).Value, "detail": word})
	finding.Expected, finding.Observed, finding.Remedy = f.expected(), f.observed(), f.instruction()
	finding.Warning = f.recordAdvises()
	return finding, true
}

// leadsElsewhere reports a CNAME chain that misses the target and does not
// arrive at the platform's addresses either. A dangling one is incorrectDNS's.
func (f facts) leadsElsewhere() bool {
	if f.target == "" || f.viaTarget() || f.dangling() {
		return false
	}
	addrs := f.resolved()
	return len(addrs) == 0 || slices.ContainsFunc(addrs, func(a netip.Addr) bool { return !f.ours(a) })
}

// legacyHop is the first hop before the platform's target that leads to a
// retired one.
func (f facts) legacyHop() (record.RR, bool) {
	for _, hop := range f.DNS.Chain {
		if f.target != "" && sameName(hop.Value, f.target) {
			return record.RR{}, false
		}
		if slices.ContainsFunc(f.platform.LegacyTargets, func(p string) bool { return matches(p, hop.Value) }) {
			return hop, true
		}
	}
	return record.RR{}, false
}

// matches reports whether a name fits a pattern, in which * stands for any run
// of characters.
func matches(pattern, name string) bool {
	norm := func(s string) string { return strings.ToLower(strings.TrimSuffix(s, ".")) }
	ok, err := path.Match(norm(pattern), norm(name))
	return err == nil && ok
}

// incorrectDNS: the name leads to addresses that are not the platform's, or its
// CNAME leads to a name that does not exist. A CNAME that leads elsewhere is
// incorrectCNAME's.
func incorrectDNS(f facts) (record.Finding, bool) {
	if f.DNS == nil || f.DNS.Loop {
		return record.Finding{}, false
	}
	if f.dangling() {
		return f.danglingCNAME()
	}
	if len(f.DNS.Chain) > 0 && f.target != "" {
		return record.Finding{}, false
	}
	wrong := f.strangers(f.DNS.A.Addrs)
	if len(f.DNS.A.Addrs) == 0 {
		wrong = f.strangers(f.DNS.AAAA.Addrs)
	}
	if len(wrong) == 0 {
		return record.Finding{}, false
	}
	detail := "does not belong to this platform"
	if parker := f.parkedAt(); parker != "" {
		detail += ": the zone is parked at " + parker
	}
	finding := f.finding(failure.IncorrectDNS, failure.Values{"observed": list(wrong), "detail": detail})
	finding.Expected, finding.Observed, finding.Remedy = f.expected(), f.observed(), f.instruction()
	finding.Warning = f.recordAdvises()
	return finding, true
}

func (f facts) danglingCNAME() (record.Finding, bool) {
	if _, legacy := f.legacyHop(); legacy {
		return record.Finding{}, false
	}
	end := cleanRR(f.DNS.Chain[len(f.DNS.Chain)-1]).Value
	finding := f.finding(failure.IncorrectDNS, failure.Values{"observed": end, "detail": "does not exist"})
	finding.Remedy = f.instruction()
	if f.viaTarget() {
		finding.Remedy = "Ask the operator of this platform to create " + end
	}
	finding.Expected, finding.Observed = f.expected(), f.observed()
	finding.Warning = f.provedInDNS()
	return finding, true
}

// aaaaMismatch: the IPv4 side may be right, but CAs ask IPv6 first and fall
// back only when nothing answers there at all.
func aaaaMismatch(f facts) (record.Finding, bool) {
	if f.DNS == nil || len(f.DNS.Chain) > 0 || len(f.DNS.A.Addrs) == 0 {
		return record.Finding{}, false
	}
	wrong := f.wrongIPv6()
	if len(wrong) == 0 {
		return record.Finding{}, false
	}
	values := failure.Values{"observed": list(wrong)}
	finding := f.finding(failure.AAAAMismatch, values)
	finding.Observed = addressRecords(f.name, wrong)
	if f.onlyIPv6Wrong() {
		values["detail"] = because(f.sidesText())
		finding.Message = f.finding(failure.AAAAMismatch, values).Message
		finding.Observed = append(finding.Observed, f.answerRecords()...)
	}
	finding.Warning = f.recordAdvises()
	return finding, true
}
