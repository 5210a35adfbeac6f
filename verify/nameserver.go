package verify

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/record"
)

const (
	// maxSilence is how long a name server that was silent is left alone, so
	// that a dead one is not waited for again by each of its domains.
	maxSilence = 30 * time.Second
	// maxSilent bounds how many such servers are remembered.
	maxSilent = 1024
)

// authorities asks name servers directly, without recursion.
type authorities struct {
	dialer   dialer
	port     int
	patience []time.Duration
	log      *slog.Logger

	mu     sync.Mutex
	silent map[netip.Addr]time.Time
}

func newAuthorities(d dialer, port int, timeout time.Duration, log *slog.Logger) *authorities {
	return &authorities{
		dialer: d, port: port, log: log, silent: map[netip.Addr]time.Time{},
		// Two tries: a datagram may be lost.
		patience: []time.Duration{timeout / 15, timeout * 2 / 15},
	}
}

// ask puts one question to one name server of z. Only an answer with authority
// is good; what it says of names outside the zone is left out, as resolvers
// leave it out (RFC 2181, section 5.4.1).
func (a *authorities) ask(ctx context.Context, z *zone, h host, name string, qtype uint16) asked {
	if !h.addr.IsValid() {
		return asked{answer: h.answer, detail: h.detail}
	}
	msg, err := a.tries(ctx, h, name, qtype)
	who := h.name + " (" + h.addr.String() + ")"
	switch {
	case ctx.Err() != nil:
		return asked{answer: record.NoAnswer, detail: outOfTime}
	case errors.Is(err, errTooMany):
		return asked{answer: record.NoAnswer, detail: tooMany}
	case err != nil && ours(err):
		return asked{answer: record.NoAnswer, detail: who + " cannot be reached from here"}
	case err != nil:
		return unanswered(who, err)
	}
	got := classify(who, msg)
	if got.good() && !msg.Authoritative {
		got.answer, got.detail = record.Lame, who+" answers without authority for "+z.name
		return got
	}
	return within(z, got, name)
}

func (a *authorities) tries(ctx context.Context, h host, name string, qtype uint16) (*dns.Msg, error) {
	if a.known(h.addr) {
		return nil, errSilent
	}
	server := net.JoinHostPort(h.addr.String(), strconv.Itoa(a.port))
	query := newQuery(name, qtype, false)
	query.RecursionDesired = false
	var msg *dns.Msg
	var err error
	for _, patience := range a.patience {
		msg, err = a.dialer.exchange(ctx, server, query, patience)
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	a.log.DebugContext(ctx, "dns question to an authority", "server", h.name, "address", h.addr, "name", name,
		"type", dns.TypeToString[qtype], "error", err)
	if timedOut(err) && ctx.Err() == nil {
		a.note(h.addr)
	}
	return msg, err
}

var errSilent = errors.New("the name server did not answer a moment ago")

func (a *authorities) known(addr netip.Addr) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return time.Now().Before(a.silent[addr])
}

func (a *authorities) note(addr netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.silent) >= maxSilent {
		clear(a.silent)
	}
	a.silent[addr] = time.Now().Add(maxSilence)
}

// within cuts an answer off where it leaves the zone, so that the rest is asked
// of the resolvers.
func within(z *zone, got asked, name string) asked {
	if !got.good() {
		return got
	}
	var kept []dns.RR
	targets := map[string]string{}
	for _, rr := range got.msg.Answer {
		owner := dns.CanonicalName(rr.Header().Name)
		if !z.holds(owner) {
			continue
		}
		kept = append(kept, rr)
		if alias, ok := rr.(*dns.CNAME); ok {
			targets[owner] = dns.CanonicalName(alias.Target)
		}
	}
	got.msg.Answer = kept
	at := dns.CanonicalName(name)
	for range maxChain {
		next, ok := targets[at]
		if !ok {
			break
		}
		if at = next; !z.holds(at) {
			got.answer, got.msg.Ns = record.Answered, nil
			break
		}
	}
	return got
}

// zoneReply is what one name server leads to.
type zoneReply struct {
	reply
	// own is how the server itself answered, whatever became of the rest.
	own asked
}

// lookup asks one name server of z for name and follows aliases that leave the
// zone through the resolvers.
func (v *Verifier) lookupAt(ctx context.Context, z *zone, h host, name string, qtype uint16) zoneReply {
	trail := newTrail(name, qtype)
	own := v.authorities.ask(ctx, z, h, trail.at, qtype)
	if !trail.read(own) {
		trail.join(v.shared.lookup(ctx, trail.at, qtype))
	}
	return zoneReply{reply: trail.reply, own: own}
}

// join takes in what the chain's end, asked for elsewhere, led to.
func (t *trail) join(rest reply) {
	lasts, chain := min(t.lasts, rest.lasts), append(t.chain, rest.chain...)
	loop := rest.loop || len(chain) > maxChain
	for _, hop := range rest.chain {
		loop = loop || t.seen[dns.CanonicalName(hop.Value)]
	}
	t.reply = rest
	t.lasts, t.chain, t.loop = lasts, chain[:min(len(chain), maxChain)], loop
	if loop {
		t.answer, t.rrs = record.NoData, nil
	}
}
