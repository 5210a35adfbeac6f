package verify

import (
	"context"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/record"
)

// maxChain is how many aliases are followed. Resolvers give up at 8 to 16.
const maxChain = 16

// maxLasting is what resolvers cap TTLs at (RFC 8767, section 4).
const maxLasting = 7 * 24 * time.Hour

// reply is what a name and type led to, aliases followed.
type reply struct {
	answer record.Answer
	chain  []record.RR // the aliases, the name's own first
	loop   bool        // the chain returns to itself or is too long
	rrs    []dns.RR    // of the type asked for, at the chain's end
	// lasts is how long caches may keep the reply, ttl how long we do;
	// failures hold not at all.
	lasts, ttl time.Duration
	// soa is the zone that says that there is nothing, if it said so.
	soa              string
	ede              []uint16
	authenticated    bool
	checkingDisabled bool
	detail           string
}

// lookup asks for name and follows aliases to their end, asking again where
// the server's answer stops short of it.
func (r *resolver) lookup(ctx context.Context, name string, qtype uint16) reply {
	if _, ok := dns.IsDomainName(name); !ok || name == "" {
		return reply{answer: record.NoAnswer, detail: "this is not a domain name"}
	}
	trail := newTrail(name, qtype)
	for {
		got := r.ask(ctx, trail.at, qtype)
		if trail.read(got) {
			return trail.reply
		}
	}
}

// trail is a chain of aliases being followed.
type trail struct {
	reply
	at    string // canonical: lower case, with a trailing dot
	qtype uint16
	seen  map[string]bool
}

func newTrail(name string, qtype uint16) *trail {
	at := dns.CanonicalName(name)
	return &trail{reply: reply{lasts: maxLasting, ttl: maxShared, authenticated: true}, at: at, qtype: qtype, seen: map[string]bool{at: true}}
}

// read takes one answer in and reports whether it was the last.
func (t *trail) read(got asked) (done bool) {
	t.answer, t.detail = got.answer, got.detail
	t.ede, t.checkingDisabled = got.ede, got.checkingDisabled
	if !got.good() {
		t.lasts, t.ttl, t.authenticated = 0, 0, false
		return true
	}
	t.authenticated = t.authenticated && got.msg.AuthenticatedData
	before := len(t.chain)
	t.follow(got.msg.Answer)
	if t.loop {
		t.answer = record.NoData
		return true
	}
	t.collect(got.msg.Answer)
	switch {
	case got.answer == record.NXDomain:
		t.nothing(got.msg)
		return true
	case len(t.rrs) > 0:
		t.answer = record.Answered
		return true
	case len(t.chain) > before && !hasSOA(got.msg):
		return false // the answer stops at an alias: ask for its target
	}
	t.answer = record.NoData
	t.nothing(got.msg)
	return true
}

// nothing notes who says that there is none, and for how long.
func (t *trail) nothing(msg *dns.Msg) {
	t.holds(negativeTTL(msg))
	for _, rr := range msg.Ns {
		if rr.Header().Rrtype == dns.TypeSOA {
			t.soa = undotted(dns.CanonicalName(rr.Header().Name))
		}
	}
}

// follow walks the aliases of an answer section from where the trail is. Their
// order in the section means nothing.
func (t *trail) follow(section []dns.RR) {
	if t.qtype == dns.TypeCNAME {
		return
	}
	next := map[string]*dns.CNAME{}
	for _, rr := range section {
		if alias, ok := rr.(*dns.CNAME); ok {
			next[dns.CanonicalName(alias.Hdr.Name)] = alias
		}
	}
	for alias := next[t.at]; alias != nil; alias = next[t.at] {
		if len(t.chain) == maxChain {
			t.loop = true
			return
		}
		target := dns.CanonicalName(alias.Target)
		t.chain = append(t.chain, record.RR{Type: "CNAME", Name: undotted(t.at), Value: undotted(target)})
		t.holds(seconds(alias.Hdr.Ttl))
		t.at = target
		if t.seen[target] {
			t.loop = true
			return
		}
		t.seen[target] = true
	}
}

// collect takes the records of the type asked for from the chain's end.
func (t *trail) collect(section []dns.RR) {
	for _, rr := range section {
		if rr.Header().Rrtype == t.qtype && dns.CanonicalName(rr.Header().Name) == t.at {
			t.rrs = append(t.rrs, rr)
			t.holds(seconds(rr.Header().Ttl))
		}
	}
}

func (t *trail) holds(ttl time.Duration) {
	t.lasts, t.ttl = min(t.lasts, ttl), min(t.ttl, ttl)
}

// negativeTTL is how long "there is none" holds (RFC 2308, section 5).
func negativeTTL(msg *dns.Msg) time.Duration {
	for _, rr := range msg.Ns {
		if soa, ok := rr.(*dns.SOA); ok {
			return seconds(min(soa.Hdr.Ttl, soa.Minttl))
		}
	}
	return 0
}

// hasSOA tells an end without data from an answer that stops short (RFC 2308,
// section 2.2).
func hasSOA(msg *dns.Msg) bool {
	for _, rr := range msg.Ns {
		if rr.Header().Rrtype == dns.TypeSOA {
			return true
		}
	}
	return false
}

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }

func undotted(name string) string {
	if name == "." {
		return name
	}
	return strings.TrimSuffix(name, ".")
}
