package verify

import (
	"context"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/record"
)

// observeCAA looks for the CAA set that binds the CA, and for the same at the
// zone's own name servers where what the resolvers say is in doubt.
func (v *Verifier) observeCAA(ctx context.Context, s *subject, q record.Question) *record.CAA {
	base := strings.TrimPrefix(s.name, "*.")
	seen := v.climb(base, func(at string) reply { return v.askCAA(ctx, at, base) })
	if !answered(seen.Answer) {
		v.otherTypes(ctx, s, seen)
	}
	if seen.Answer == record.NoAnswer || !q.Authorities && !doubtful(seen, q.CAAIdentities) {
		return seen
	}
	at := seen.Zone
	if at == "" {
		at = base
	}
	z := v.zoneOf(ctx, at, answered(seen.Answer) || seen.OthersAnswer)
	if z == nil || len(z.hosts) == 0 {
		return seen
	}
	seen.Cut = z.name
	for _, h := range z.hosts {
		seen.NameServers = append(seen.NameServers, h.name)
	}
	seen.Authority = v.climb(base, func(at string) reply {
		if z.holds(at) {
			return v.firstAt(ctx, z, at, dns.TypeCAA)
		}
		return v.askCAA(ctx, at, base)
	})
	return seen
}

func answered(a record.Answer) bool {
	return a == record.Answered || a == record.NoData || a == record.NXDomain
}

// doubtful reports a failure, and a set that may refuse: one that is not
// plainly for one of the CA's identities. What the set means in the end is not
// asked here.
func doubtful(seen *record.CAA, identities []string) bool {
	if seen.Answer != record.Answered {
		return !answered(seen.Answer)
	}
	plain := func(r record.CAARecord) bool {
		return slices.ContainsFunc(identities, func(id string) bool { return strings.EqualFold(strings.TrimSpace(r.Value), id) })
	}
	return len(identities) > 0 && !slices.ContainsFunc(seen.Records, plain)
}

// climb goes from base to its parents until a CAA set is found (RFC 8659,
// section 3). The climb takes the name's own parents, never those of an alias's
// target; each question follows aliases. A wildcard climbs from the name below
// its asterisk. A question that fails ends the climb: the CA may not assume
// that there is no set.
func (v *Verifier) climb(base string, ask func(at string) reply) *record.CAA {
	lasts := maxLasting
	for at := base; at != ""; at = parentOf(at) {
		r := ask(at)
		lasts = min(lasts, r.lasts)
		seen := &record.CAA{
			Zone: at, Answer: r.answer, Chain: r.chain, TTL: r.lasts, Authenticated: r.authenticated,
			CheckingDisabled: r.checkingDisabled, EDE: r.ede, Detail: r.detail,
		}
		switch {
		case r.loop:
			seen.Loop, seen.Answer = true, record.ServFail
			seen.Detail = "the aliases of " + at + " lead back to themselves"
			return seen
		case r.answer == record.Answered:
			seen.Records = caaRecords(r.rrs)
			return seen
		case !answered(r.answer):
			return seen
		}
	}
	return &record.CAA{Answer: record.NoData, TTL: lasts}
}

// askCAA asks anew at the name itself; its parents are shared with others.
func (v *Verifier) askCAA(ctx context.Context, at, base string) reply {
	if at == base {
		return v.resolver.lookup(ctx, at, dns.TypeCAA)
	}
	return v.shared.lookup(ctx, at, dns.TypeCAA)
}

// firstAt is what the first of the zone's name servers says that answers; if
// none does, what the first of all said stands. They are asked at once, so that
// silent ones are waited for together.
func (v *Verifier) firstAt(ctx context.Context, z *zone, name string, qtype uint16) reply {
	all := eachAtOnce(z.hosts, func(h host) zoneReply { return v.lookupAt(ctx, z, h, name, qtype) })
	for _, r := range all {
		if r.own.good() {
			return r.reply
		}
	}
	return all[0].reply
}

// otherTypes finds out whether the server that failed for CAA answers other
// types, which tells a server without CAA support from one that is down.
func (v *Verifier) otherTypes(ctx context.Context, s *subject, seen *record.CAA) {
	if seen.Answer == record.NoAnswer || seen.Loop {
		return
	}
	if seen.CheckingDisabled {
		seen.Detail = strings.TrimPrefix(seen.Detail+", but not with DNSSEC validation switched off", ", ")
	}
	other := s.a
	if seen.Zone != s.name {
		other = func() reply { return v.shared.lookup(ctx, seen.Zone, dns.TypeA) }
	}
	if answered(other().answer) {
		seen.OthersAnswer = true
		seen.Detail += "; it answers A"
	}
}

// critical are the bits of a CAA record's flags that mean critical: 128 by RFC
// 8659, section 4.1, and 1, which many take for it, so that CAs do, too (Boulder,
// va/caa.go: caaResult, criticalUnknown).
const critical = 128 | 1

// caaRecords reads a CAA set. All other bits are reserved and ignored; tags are matched without case (RFC 8659,
// section 4.1), so they are lower-cased here once. The value stays as it was
// published.
func caaRecords(rrs []dns.RR) []record.CAARecord {
	var set []record.CAARecord
	for _, rr := range rrs {
		if caa, ok := rr.(*dns.CAA); ok {
			set = append(set, record.CAARecord{
				Critical: caa.Flag&critical != 0,
				Flags:    caa.Flag,
				Tag:      strings.ToLower(caa.Tag),
				Value:    caa.Value,
			})
		}
	}
	return set
}

// parentOf is the name one label up; empty above a top-level domain, because
// the climb ends before the root.
func parentOf(name string) string {
	_, parent, _ := strings.Cut(name, ".")
	return parent
}
