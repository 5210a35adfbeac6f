package verify

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/beside"
	"github.com/acmsync/acmsync/internal/record"
)

const (
	// maxServers is how many name servers of a zone are asked.
	maxServers = 4
	// maxReferrals is how many delegations are followed below a top-level
	// domain.
	maxReferrals = 4
)

// zone is a zone and the name servers it is delegated to.
type zone struct {
	name  string // without a trailing dot
	hosts []host
}

// host is a name server; without an address it cannot be asked, and answer and
// detail say why.
type host struct {
	name   string
	addr   netip.Addr
	answer record.Answer
	detail string
}

func (z *zone) holds(name string) bool { return below(z.name, name) }

// below reports whether name is parent or lies under it, root dots or not.
func below(parent, name string) bool { return dns.IsSubDomain(dns.Fqdn(parent), dns.Fqdn(name)) }

// zoneOf finds the closest zone that holds name; nil: it cannot be found. Where
// the resolvers answer for the name they know its name servers. Where they do
// not, they know as little of its name servers, so the delegation is looked up
// at the servers above it, from the top-level domain down.
func (v *Verifier) zoneOf(ctx context.Context, name string, answers bool) *zone {
	name = strings.TrimPrefix(strings.ToLower(name), "*.")
	if answers {
		return v.knownZone(ctx, name)
	}
	top := name[strings.LastIndexByte(name, '.')+1:]
	z := v.knownZone(ctx, top)
	for range maxReferrals {
		child := v.delegated(ctx, z, name)
		if child == nil {
			break
		}
		z = child
	}
	return z
}

// knownZone climbs from name to the first name that has NS records, in one step
// where the zone says who it is (RFC 2308, section 2). The root is not asked.
func (v *Verifier) knownZone(ctx context.Context, name string) *zone {
	for at := name; at != "" && at != "."; {
		r := v.shared.lookup(ctx, at, dns.TypeNS)
		if r.answer == record.Answered && len(r.chain) == 0 {
			return &zone{name: at, hosts: v.hosts(ctx, at, r.rrs, nil)}
		}
		next := parentOf(at)
		if len(r.chain) == 0 && r.soa != at && r.soa != "" && below(r.soa, at) {
			next = r.soa
		}
		at = next
	}
	return nil
}

// delegated asks the servers of z for the delegation towards name.
func (v *Verifier) delegated(ctx context.Context, z *zone, name string) *zone {
	if z == nil {
		return nil
	}
	for _, got := range eachAtOnce(z.hosts, func(h host) asked { return v.authorities.ask(ctx, z, h, name, dns.TypeNS) }) {
		if got.msg == nil {
			continue
		}
		if owner, rrs := referral(got.msg, z.name, name); owner != "" {
			return &zone{name: owner, hosts: v.hosts(ctx, owner, rrs, got.msg.Extra)}
		}
	}
	return nil
}

// eachAtOnce does the same for all, side by side, and keeps their order: silent
// servers are waited for together.
func eachAtOnce[T, R any](all []T, do func(T) R) []R {
	results := make([]R, len(all))
	var doing beside.Group
	for i, one := range all {
		doing.Go(func() { results[i] = do(one) })
	}
	doing.Wait()
	return results
}

// referral reads where a server points to: NS records of a zone between its own
// and the name (RFC 1034, section 4.2.1).
func referral(msg *dns.Msg, own, name string) (zone string, rrs []dns.RR) {
	if msg.Authoritative || len(msg.Answer) > 0 || msg.Rcode != dns.RcodeSuccess {
		return "", nil
	}
	for _, rr := range msg.Ns {
		owner := undotted(dns.CanonicalName(rr.Header().Name))
		between := owner != own && below(own, owner) && below(owner, name)
		if rr.Header().Rrtype == dns.TypeNS && between && (zone == "" || zone == owner) {
			zone, rrs = owner, append(rrs, rr)
		}
	}
	return zone, rrs
}

// hosts finds the addresses of a zone's name servers, in order of their names:
// resolvers rotate them. Of a top-level domain one is enough, they agree.
func (v *Verifier) hosts(ctx context.Context, zone string, rrs, glue []dns.RR) []host {
	var names []string
	for _, rr := range rrs {
		if ns, ok := rr.(*dns.NS); ok {
			names = append(names, undotted(dns.CanonicalName(ns.Ns)))
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	limit := maxServers
	if !strings.Contains(zone, ".") {
		limit = 1
	}
	return eachAtOnce(names[:min(limit, len(names))], func(name string) host { return v.host(ctx, zone, name, glue) })
}

// host takes an address from the resolvers. Only for a server inside a zone
// that they cannot resolve is the delegation's own word taken (glue, RFC 9471).
func (v *Verifier) host(ctx context.Context, zone, name string, glue []dns.RR) host {
	h := host{name: record.Clean(name, maxURL)}
	var all []netip.Addr
	if glue != nil && below(zone, name) {
		all = glueOf(name, glue)
	} else {
		r := v.shared.lookup(ctx, name, dns.TypeA)
		if all = addrs(r); len(all) == 0 && r.answer != record.NoAnswer {
			r = v.shared.lookup(ctx, name, dns.TypeAAAA)
			all = addrs(r)
		}
		if h.answer = r.answer; answered(r.answer) {
			h.answer = record.Lame // delegated to a server that is not there
		}
	}
	for _, addr := range all {
		if v.guard.Allowed(addr) {
			h.addr = addr
			return h
		}
	}
	h.detail = h.name + ", a name server of " + zone + ", has no address"
	if len(all) > 0 {
		h.answer, h.detail = record.NoAnswer, (&ForbiddenError{Address: all[0].String()}).Error()
	}
	return h
}

func glueOf(name string, glue []dns.RR) []netip.Addr {
	var own []dns.RR
	for _, rr := range glue {
		if undotted(dns.CanonicalName(rr.Header().Name)) == name {
			own = append(own, rr)
		}
	}
	found := addrs(reply{rrs: own})
	slices.SortStableFunc(found, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() })
	return found
}
