package verify

import (
	"context"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/record"
)

// maxProofQuestions bounds what the look for a proof may ask, apart from the
// other looks: a name of ten labels, whose zone has four servers, takes 63.
const maxProofQuestions = 96

// observeOwnership looks where a proof of ownership may stand, and at the zone's
// own name servers where the resolvers know of none: they may remember that
// there was nothing.
func (v *Verifier) observeOwnership(ctx context.Context, q record.Question) *record.Ownership {
	ctx = withAllowance(ctx, maxProofQuestions)
	texts := eachAtOnce(q.Proofs, func(rr record.RR) record.Texts {
		return textsOf(rr.Name, v.resolver.ask(ctx, dns.CanonicalName(rr.Name), dns.TypeTXT))
	})
	if q.Authorities || !stands(texts, q.Proofs) {
		texts = eachAtOnce(texts, func(t record.Texts) record.Texts { return v.textsAt(ctx, t) })
	}
	return &record.Ownership{Texts: texts}
}

// stands reports whether one of the records is there just as it is hoped for.
func stands(texts []record.Texts, proofs []record.RR) bool {
	return slices.ContainsFunc(texts, func(t record.Texts) bool {
		return slices.ContainsFunc(proofs, func(p record.RR) bool { return p.Name == t.Name && slices.Contains(t.Values, p.Value) })
	})
}

// textsAt is what the first of the zone's name servers says that answers, or
// else what is known already.
func (v *Verifier) textsAt(ctx context.Context, known record.Texts) record.Texts {
	if known.Answer == record.NoAnswer {
		return known
	}
	z := v.zoneOf(ctx, known.Name, answered(known.Answer))
	if z == nil || len(z.hosts) == 0 {
		return known
	}
	ask := func(h host) asked { return v.authorities.ask(ctx, z, h, dns.CanonicalName(known.Name), dns.TypeTXT) }
	for _, got := range eachAtOnce(z.hosts, ask) {
		if got.good() {
			known = textsOf(known.Name, got)
			break
		}
	}
	known.Zone = z.name
	for _, h := range z.hosts {
		known.NameServers = append(known.NameServers, h.name)
	}
	return known
}

// textsOf reads the TXT records that stand at the name itself. Aliases are not
// followed: with one, perhaps a wildcard's that leads nowhere any more, somebody
// else would have a say about the name.
func textsOf(name string, got asked) record.Texts {
	t := record.Texts{Name: name, Answer: got.answer, Detail: got.detail}
	if !got.good() || got.msg == nil {
		return t
	}
	if t.Answer == record.Answered {
		t.Answer = record.NoData // unless there is a TXT record in it
	}
	for _, rr := range got.msg.Answer {
		if dns.CanonicalName(rr.Header().Name) != dns.CanonicalName(name) {
			continue
		}
		switch rr := rr.(type) {
		case *dns.CNAME:
			t.Alias = undotted(dns.CanonicalName(rr.Target))
		case *dns.TXT:
			// The character-strings of a record are one text (RFC 7208, section
			// 3.3, says so of another such record).
			t.Values, t.Answer = append(t.Values, strings.Join(rr.Txt, "")), record.Answered
		}
	}
	slices.Sort(t.Values) // servers give them in any order
	return t
}
