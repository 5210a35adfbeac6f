package diagnose

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/record"
)

// facts is what every check looks at, gathered once.
type facts struct {
	platform record.Platform
	question record.Question
	record.Observation
	problem *record.Problem

	name string
	// target and addresses are what the name should lead to.
	target    string
	addresses []netip.Addr
	// edge are all addresses known to be the platform's: the configured ones
	// and what the target resolves to.
	edge []netip.Addr
	// each is how each of the name's addresses answers the probe.
	each []record.Probe
}

func gather(p record.Platform, q record.Question, o record.Observation, problem *record.Problem) facts {
	f := facts{platform: p, question: q, Observation: o, problem: problem}
	f.name = Clean(or(q.Name, o.Name), maxName)
	f.target = q.Target
	if f.target == "" {
		f.target = p.TargetFor(f.name, q.App, "")
	}
	f.addresses = q.Addresses
	if len(f.addresses) == 0 {
		f.addresses = p.Addresses
	}
	f.edge = slices.Clone(f.addresses)
	if o.DNS != nil {
		f.edge = append(f.edge, o.DNS.Target...)
	}
	if f.Probe = untokened(o.Probe); f.Probe != nil {
		f.each = f.Probe.Each
	}
	return f
}

// or is a, or b where a is empty.
func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// resolved are the addresses the name leads to; none when DNS was not asked.
func (f facts) resolved() []netip.Addr {
	if f.DNS == nil {
		return nil
	}
	return slices.Concat(f.DNS.A.Addrs, f.DNS.AAAA.Addrs)
}

// families are the answers for A and AAAA; none when DNS was not asked.
func (f facts) families() []record.Addresses {
	if f.DNS == nil {
		return nil
	}
	return []record.Addresses{f.DNS.A, f.DNS.AAAA}
}

// unresolved holds the answers of a name that was looked up and has no address
// in either family. Where one family has an address the CA makes do with it.
func (f facts) unresolved() []record.Addresses {
	if len(f.resolved()) > 0 {
		return nil
	}
	return f.families()
}

func anyFamily(families []record.Addresses, is func(record.Addresses) bool) bool {
	return slices.ContainsFunc(families, is)
}

// viaTarget reports whether the CNAME chain reaches the platform's target.
func (f facts) viaTarget() bool {
	return f.DNS != nil && slices.ContainsFunc(f.DNS.Chain, func(hop record.RR) bool {
		return f.target != "" && sameName(hop.Value, f.target)
	})
}

// dangling reports a CNAME that leads to a name that does not exist.
func (f facts) dangling() bool {
	return f.DNS != nil && len(f.DNS.Chain) > 0 && !f.DNS.Loop &&
		anyFamily(f.unresolved(), func(a record.Addresses) bool { return a.Answer == record.NXDomain })
}

// ours reports whether the address is the platform's. Where a chain goes after
// the platform's own target is the platform's business.
func (f facts) ours(addr netip.Addr) bool {
	return f.viaTarget() || slices.Contains(f.edge, addr.Unmap())
}

// strangers are those public addresses that are not the platform's. None are
// reported while nothing is known of the platform's addresses.
func (f facts) strangers(addrs []netip.Addr) []netip.Addr {
	if len(f.edge) == 0 {
		return nil
	}
	return keep(addrs, func(a netip.Addr) bool { return !f.ours(a) && f.public(a) })
}

func (f facts) public(addr netip.Addr) bool { return record.Public(addr, f.platform.ProbeAllow) }

func keep(addrs []netip.Addr, want func(netip.Addr) bool) []netip.Addr {
	var kept []netip.Addr
	for _, a := range addrs {
		if want(a) {
			kept = append(kept, a)
		}
	}
	return kept
}

// foreign reports that the probe went to an address that is not the platform's.
func (f facts) foreign() bool {
	if f.Probe == nil || f.DNS == nil || f.viaTarget() {
		return false
	}
	known := len(f.edge) > 0 || len(f.DNS.Chain) > 0 && f.target != ""
	if !known {
		return false
	}
	if f.Probe.Address.IsValid() {
		return !f.ours(f.Probe.Address)
	}
	return !slices.ContainsFunc(f.resolved(), f.ours)
}

// sameName compares names as DNS does (RFC 4343), with or without root dot.
func sameName(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(b, "."))
}
