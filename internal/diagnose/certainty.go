package diagnose

import (
	"net/netip"
	"slices"

	"github.com/acmsync/acmsync/internal/record"
)

// The functions of this file decide what blocks an order and what only advises.
// A check of ours that fails where the CA would succeed keeps a working name
// from its certificate; an order that must fail spends one of the few failures
// the CA grants. So a finding blocks when the CA would certainly fail on what we
// saw:
//
//   - the name has no address, or none that can be reached from the internet;
//   - a CAA record forbids issuance, or cannot be had where others can;
//   - a redirect loses the path, loops, or leads to a port that no CA follows;
//   - a server that was reached without redirect answered, but not with the
//     challenge;
//   - the name leads away from the platform, and the probe did not get our
//     answer there;
//
// and it advises when the CA may see what we cannot: the address is the
// platform's own but nothing answered us (our network may not reach it), or the
// bad answer came after a redirect, whose host we may see differently, or the
// zone's own name servers do not all say what is wrong (authority.go).

// recordAdvises reports whether a record that leads elsewhere only advises: the
// probe got our answer nevertheless (a CDN in front), or could not be made, or
// the challenge is answered in DNS, where addresses do not matter yet.
func (f facts) recordAdvises() bool {
	return f.provedInDNS() || f.matched() || f.Probe != nil && f.Probe.Result == record.ProbeNotAsked
}

// probeAdvises reports whether a probe that failed only advises.
func (f facts) probeAdvises() bool {
	switch {
	case f.provedInDNS():
		return true
	case droppedPath(f.Probe):
		return false
	case f.Probe.Result == record.ProbeRefused, f.Probe.Result == record.ProbeTimeout:
		return !f.foreign()
	case f.Probe.Result == record.ProbeAnswered:
		return redirected(f.Probe)
	default:
		return false
	}
}

// reservedAdvises reports whether an unreachable address only advises: CAs
// leave such addresses out and use the others, if there are any.
func (f facts) reservedAdvises() bool {
	if f.recordAdvises() {
		return true
	}
	forbidden := f.Probe != nil && f.Probe.Result == record.ProbeForbidden
	return !forbidden && slices.ContainsFunc(f.resolved(), func(a netip.Addr) bool { return f.public(a) || f.ours(a) })
}

// provedInDNS reports that the CA looks for a TXT record, not for a server.
func (f facts) provedInDNS() bool {
	return f.question.Challenge == "dns-01" || f.question.Challenge == "dns-persist-01"
}
