package verify

import (
	"context"
	"fmt"
	"strings"

	"github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/record"
)

// observeCAA climbs from the name to its parents until a CAA set is found
// (RFC 8659, section 3). The climb takes the name's own parents, never those
// of an alias's target; each question follows aliases. A wildcard climbs from
// the name below its asterisk. A question that fails ends the climb: the CA
// may not assume that there is no set.
func (v *Verifier) observeCAA(ctx context.Context, s *subject) *record.CAA {
	base := strings.TrimPrefix(s.name, "*.")
	for zone := base; zone != ""; zone = parentOf(zone) {
		r := v.askCAA(ctx, zone, base)
		switch {
		case r.loop:
			return &record.CAA{Zone: zone, Answer: record.ServFail, Detail: "the aliases of " + zone + " lead back to themselves"}
		case r.answer == record.Answered:
			return &record.CAA{Zone: zone, Answer: record.Answered, Records: caaRecords(r.rrs)}
		case r.answer != record.NoData && r.answer != record.NXDomain:
			return v.failedCAA(ctx, s, zone, r)
		}
	}
	return &record.CAA{Answer: record.NoData}
}

// askCAA asks anew at the name itself; its parents are shared with others.
func (v *Verifier) askCAA(ctx context.Context, zone, base string) reply {
	if zone == base {
		return v.resolver.lookup(ctx, zone, dns.TypeCAA)
	}
	return v.shared.lookup(ctx, zone, dns.TypeCAA)
}

// failedCAA finds out whether the server that failed for CAA answers other
// types, which tells a server without CAA support from one that is down.
func (v *Verifier) failedCAA(ctx context.Context, s *subject, zone string, r reply) *record.CAA {
	seen := &record.CAA{Zone: zone, Answer: r.answer, Detail: r.detail}
	if r.checkingDisabled {
		seen.Detail = strings.TrimPrefix(seen.Detail+", but not with DNSSEC validation switched off", ", ")
	}
	if r.answer == record.NoAnswer {
		return seen
	}
	other := s.a
	if zone != s.name {
		other = func() reply { return v.shared.lookup(ctx, zone, dns.TypeA) }
	}
	switch other().answer {
	case record.Answered, record.NoData, record.NXDomain:
		seen.OthersAnswer = true
		seen.Detail = fmt.Sprintf("%s; it answers A", seen.Detail)
	}
	return seen
}

// caaRecords reads a CAA set. The bit with the value 128 means critical, all
// others are reserved and ignored; tags are matched without case (RFC 8659,
// section 4.1), so they are lower-cased here once. The value stays as it was
// published.
func caaRecords(rrs []dns.RR) []record.CAARecord {
	var set []record.CAARecord
	for _, rr := range rrs {
		if caa, ok := rr.(*dns.CAA); ok {
			set = append(set, record.CAARecord{
				Critical: caa.Flag&128 != 0,
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
