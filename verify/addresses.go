package verify

import (
	"context"
	"net/netip"
	"slices"

	"github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/beside"
	"github.com/acmsync/acmsync/internal/record"
)

// look is what all checks of one observation agree the name leads to.
type look struct {
	// dns is nil unless it was asked for.
	dns *record.DNS
	// addrs are where to knock, IPv6 first; asked is false when a family could
	// not be asked for, so that having no address proves nothing.
	addrs []netip.Addr
	asked bool
}

// look asks the resolvers, and the zone's own name servers where the resolvers'
// answer is not the one that is hoped for: it may be an old one out of a cache.
func (v *Verifier) look(ctx context.Context, s *subject, q record.Question) look {
	a, aaaa := s.both()
	seen := look{asked: a.answer != record.NoAnswer && aaaa.answer != record.NoAnswer}
	seen.addrs = append(addrs(aaaa), addrs(a)...)
	if !q.DNS {
		return seen
	}
	seen.dns = v.observeDNS(ctx, s, q.Target)
	if !q.Authorities && (!seen.asked || hoped(seen.dns, q)) {
		return seen
	}
	var asking beside.Group
	asking.Go(func() { seen.dns.Wildcard = v.wildcardOf(ctx, s.name, seen.dns) })
	seen.dns.Authority = v.observeAuthority(ctx, s.name, answered(a.answer) || answered(aaaa.answer))
	asking.Wait()
	if fresh, ok := agreed(seen.dns); ok {
		seen.addrs = slices.Concat(fresh.AAAA.Addrs, fresh.A.Addrs)
	}
	return seen
}

// agreed is what all of the zone's name servers that answer say. It stands for
// nothing while resolvers fail: no CA resolves the name then.
func agreed(seen *record.DNS) (record.DNS, bool) {
	failed := func(a record.Addresses) bool {
		return slices.Contains([]record.Answer{record.ServFail, record.TimedOut, record.Garbled, record.Refused}, a.Answer)
	}
	if seen.Authority == nil || len(seen.Authority.Views) != 1 || failed(seen.A) && failed(seen.AAAA) {
		return record.DNS{}, false
	}
	return seen.Authority.Views[0].DNS, true
}

// hoped reports whether a name leads where it should: through the target, or to
// nothing but known addresses.
func hoped(seen *record.DNS, q record.Question) bool {
	all := slices.Concat(seen.A.Addrs, seen.AAAA.Addrs)
	switch {
	case len(all) == 0:
		return false
	case q.Target == "" && len(q.Addresses) == 0, through(seen.Chain, q.Target):
		return true
	}
	known := slices.Concat(q.Addresses, seen.Target)
	return !slices.ContainsFunc(all, func(a netip.Addr) bool { return !slices.Contains(known, a) })
}

// through reports whether the aliases pass through target.
func through(chain []record.RR, target string) bool {
	return slices.ContainsFunc(chain, func(rr record.RR) bool {
		return target != "" && rr.Value == undotted(dns.CanonicalName(target))
	})
}

// observeDNS records what the name resolves to, and what its expected target
// does, so that an ALIAS to the right place can be told from a wrong address.
func (v *Verifier) observeDNS(ctx context.Context, s *subject, target string) *record.DNS {
	a, aaaa := s.both()
	seen := dnsOf(a, aaaa)
	if len(seen.Chain) == 0 && (unexplained(a) || unexplained(aaaa)) {
		seen.Chain, seen.Loop = v.trace(ctx, s.name)
	}
	if target != "" {
		seen.Target = v.resolveTarget(ctx, target, seen)
	}
	return seen
}

// dnsOf is what the two address families lead to.
func dnsOf(a, aaaa reply) *record.DNS {
	seen := &record.DNS{A: addressesOf(a), AAAA: addressesOf(aaaa), Loop: a.loop || aaaa.loop, Chain: a.chain}
	if len(aaaa.chain) > len(a.chain) {
		seen.Chain = aaaa.chain
	}
	// The longer-lived of the two is the one a change has to wait for.
	seen.TTL = max(a.lasts, aaaa.lasts)
	return seen
}

func addressesOf(r reply) record.Addresses {
	return record.Addresses{
		Answer: r.answer, Addrs: addrs(r), Authenticated: r.authenticated,
		CheckingDisabled: r.checkingDisabled, EDE: r.ede, Detail: r.detail,
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
	for {
		r := v.resolver.lookup(ctx, at, dns.TypeCNAME)
		if r.answer != record.Answered {
			return chain, false
		}
		if len(chain) == maxChain {
			return chain, true
		}
		target := dns.CanonicalName(r.rrs[0].(*dns.CNAME).Target)
		chain = append(chain, record.RR{Type: "CNAME", Name: undotted(dns.CanonicalName(at)), Value: undotted(target)})
		if seen[target] {
			return chain, true
		}
		seen[target], at = true, target
	}
}

// resolveTarget asks where target leads, unless the name's own aliases pass
// through it, so that the answer is already there.
func (v *Verifier) resolveTarget(ctx context.Context, target string, seen *record.DNS) []netip.Addr {
	if through(seen.Chain, target) {
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
