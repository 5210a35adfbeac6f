package diagnose

import (
	"net/netip"
	"slices"

	"github.com/acmsync/acmsync/internal/record"
)

// The functions of this file decide what blocks an order and what only advises.
// A check of ours that fails where the CA would succeed keeps a working name
// from its certificate; an order that must fail spends one of the few failures
// the CA grants. So a finding blocks only when the CA would certainly fail on
// what we saw. docs/adr/0010-certain-refusals.md lists each case with its
// reason; the tests of both name it.

// recordAdvises reports whether a record that leads elsewhere only advises: the
// probe got our answer nevertheless (a CDN in front), also if only at some of
// the addresses; or it could not be made where a CA goes; or the challenge is
// answered in DNS, where addresses do not matter yet.
func (f facts) recordAdvises() bool {
	if f.provedInDNS() || f.matched() || f.unseen() || captive(f.Probe) {
		return true
	}
	return f.Probe != nil && (f.Probe.Result == record.ProbeNotAsked || slices.ContainsFunc(f.Probe.Met(), f.mayDo))
}

// mayDo: at this address, right as it is, a CA gets our answer or may get it.
func (f facts) mayDo(p record.Probe) bool {
	return p.Matches() || f.ours(p.Address) && f.advises(p)
}

// probeAdvises reports whether a probe that failed only advises: at one of the
// addresses that a CA may come to it may fare better.
func (f facts) probeAdvises() bool {
	return f.provedInDNS() || f.unseen() || slices.ContainsFunc(f.Probe.Met(), func(p record.Probe) bool {
		return p.Matches() || f.advises(p)
	})
}

// advises judges one address by itself.
func (f facts) advises(p record.Probe) bool {
	f.Probe = &p
	if lost(&p) {
		return false
	}
	switch p.Result {
	case record.ProbeRefused, record.ProbeTimeout:
		return !f.foreign()
	case record.ProbeAnswered:
		return redirected(&p) || captive(&p) || !f.foreign() && personal(p.Status)
	case record.ProbeBadRedirect:
		return p.Refusal == record.RedirectMany || p.Refusal == record.RedirectUser
	case record.ProbeNoAddress:
		return true
	}
	return false
}

// personal are the answers by which firewalls and bot protection turn away those
// they do not like. They may like the CA. (RFC 9110, sections 15.5.4 and 15.5.7;
// RFC 6585, section 4.)
func personal(status int) bool {
	return status == 403 || status == 406 || status == 429
}

// lost: a redirect leads to where nobody is told the token.
func lost(p *record.Probe) bool {
	return slices.ContainsFunc(p.Hops, func(hop record.Hop) bool { return hop.Location != "" && !hop.KeepsPath && !hop.KeepsToken })
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
