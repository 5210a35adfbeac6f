package verify

import (
	"context"
	"net/netip"
	"slices"

	"github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/record"
)

// observeDNS records what the name resolves to, and what its expected target
// does, so that an ALIAS to the right place can be told from a wrong address.
func (v *Verifier) observeDNS(ctx context.Context, s *subject, target string) *record.DNS {
	a, aaaa := s.both()
	seen := &record.DNS{A: addressesOf(a), AAAA: addressesOf(aaaa), Loop: a.loop || aaaa.loop}
	seen.Chain = a.chain
	if len(aaaa.chain) > len(a.chain) {
		seen.Chain = aaaa.chain
	}
	if len(seen.Chain) == 0 && (unexplained(a) || unexplained(aaaa)) {
		seen.Chain, seen.Loop = v.trace(ctx, s.name)
	}
	if target != "" {
		seen.Target = v.resolveTarget(ctx, target, seen)
	}
	return seen
}

func addressesOf(r reply) record.Addresses {
	return record.Addresses{
		Answer: r.answer, Addrs: addrs(r), CheckingDisabled: r.checkingDisabled, EDE: r.ede, Detail: r.detail,
	}
}

// addrs are a reply's addresses in order of value: resolvers rotate them, and
// the same facts should read the same.
func addrs(r reply) []netip.Addr {
	var found []netip.Addr
	for _, rr := range r.rrs {
		var addr netip.Addr
		switch rr := rr.(type) {
		case *dns.A:
			addr, _ = netip.AddrFromSlice(rr.A.To4())
		case *dns.AAAA:
			// Not unmapped: an IPv4-mapped AAAA is a fact of its own.
			addr, _ = netip.AddrFromSlice(rr.AAAA.To16())
		}
		if addr.IsValid() {
			found = append(found, addr)
		}
	}
	slices.SortFunc(found, netip.Addr.Compare)
	return slices.Compact(found)
}

// unexplained is a SERVFAIL that a loop of aliases might be the cause of:
// resolvers that meet one answer nothing else.
func unexplained(r reply) bool { return r.answer == record.ServFail && !r.checkingDisabled }

// trace asks for the aliases one by one, as far as they answer.
func (v *Verifier) trace(ctx context.Context, name string) (chain []record.RR, loop bool) {
	at := name
	seen := map[string]bool{dns.CanonicalName(at): true}
	for len(chain) < maxChain {
		r := v.resolver.lookup(ctx, at, dns.TypeCNAME)
		if r.answer != record.Answered {
			return chain, false
		}
		target := dns.CanonicalName(r.rrs[0].(*dns.CNAME).Target)
		chain = append(chain, record.RR{Type: "CNAME", Name: undotted(dns.CanonicalName(at)), Value: undotted(target)})
		if seen[target] {
			return chain, true
		}
		seen[target], at = true, target
	}
	return chain, true
}

// resolveTarget asks where target leads, unless the name's own aliases pass
// through it, so that the answer is already there.
func (v *Verifier) resolveTarget(ctx context.Context, target string, seen *record.DNS) []netip.Addr {
	through := func(rr record.RR) bool { return rr.Value == undotted(dns.CanonicalName(target)) }
	if slices.ContainsFunc(seen.Chain, through) {
		return slices.Concat(seen.A.Addrs, seen.AAAA.Addrs)
	}
	a, aaaa := v.sharedAddresses(ctx, target)
	return slices.Concat(addrs(a), addrs(aaaa))
}

// sharedAddresses resolves a name that is not the subject of the observation.
func (v *Verifier) sharedAddresses(ctx context.Context, name string) (a, aaaa reply) {
	return sideBySide(
		func() reply { return v.shared.lookup(ctx, name, dns.TypeA) },
		func() reply { return v.shared.lookup(ctx, name, dns.TypeAAAA) },
	)
}
