package verify

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/record"
)

// resolver asks recursive resolvers.
type resolver struct {
	dialer  dialer
	servers []string
	// patience is how long one try waits for an answer, round by round.
	patience []time.Duration
	// budget bounds one question over all servers and rounds.
	budget time.Duration
	log    *slog.Logger

	// lastGood is when a server last answered some question well, in
	// nanoseconds since began.
	lastGood atomic.Int64
	began    time.Time

	// checking holds a token while somebody checks the servers; the others
	// wait for the result instead of asking too.
	checking chan struct{}
	outage   atomic.Pointer[outage]
}

// outage says that no server can be reached, and how long that is believed.
type outage struct {
	until time.Time
	why   string
}

func newResolver(d dialer, servers []string, timeout time.Duration, log *slog.Logger) *resolver {
	// Two thirds of the whole, so that a slow name leaves time for blame.
	r := &resolver{dialer: d, log: log, began: time.Now(), budget: timeout * 2 / 3, checking: make(chan struct{}, 1)}
	for _, s := range servers {
		if _, _, err := net.SplitHostPort(s); err != nil {
			s = net.JoinHostPort(strings.Trim(s, "[]"), "53")
		}
		r.servers = append(r.servers, s)
	}
	// The last try is the longest, because public resolvers take about five
	// seconds to give up on a dead name server.
	r.patience = []time.Duration{timeout * 2 / 15, timeout * 3 / 15, timeout * 5 / 15}
	return r
}

// asked is how one question ended, aliases not yet followed.
type asked struct {
	answer           record.Answer
	msg              *dns.Msg // nil without an answer
	ede              []uint16
	checkingDisabled bool
	detail           string
}

// good answers say something of the domain itself.
func (a asked) good() bool {
	return answered(a.answer)
}

// silent: nothing came, so it is worth waiting longer.
func (a asked) silent() bool { return a.msg == nil && a.answer != record.Garbled }

// ask puts one question to the servers in order until one gives a good answer.
// Rounds repeat only while no server said anything at all.
func (r *resolver) ask(ctx context.Context, name string, qtype uint16) asked {
	if o := r.outage.Load(); o != nil && time.Now().Before(o.until) {
		return asked{answer: record.NoAnswer, detail: o.why}
	}
	if allowanceOf(ctx).spent() {
		return asked{answer: record.NoAnswer, detail: tooMany}
	}
	start := time.Since(r.began)
	got := r.rounds(ctx, name, qtype)
	if got.good() {
		r.lastGood.Store(int64(time.Since(r.began)))
		return got
	}
	return r.blame(ctx, start, got)
}

// rounds ends with the first good answer, or a failure of DNSSEC alone, which
// a resolver further down must not hide by not validating; else with the first
// refusal; else with the last silence.
func (r *resolver) rounds(ctx context.Context, name string, qtype uint16) asked {
	ctx, cancel := context.WithTimeout(ctx, r.budget)
	defer cancel()
	var worst asked
	for _, patience := range r.patience {
		for _, server := range r.servers {
			got := r.try(ctx, server, name, qtype, patience)
			if got.good() || got.checkingDisabled {
				return got
			}
			if worst.silent() {
				worst = got
			}
		}
		if !worst.silent() || ctx.Err() != nil {
			break
		}
	}
	return worst
}

// try asks one server once; a SERVFAIL is asked again with CD set, because
// only the answer to that tells failed validation from a failed server
// (RFC 4035, section 3.2.2).
func (r *resolver) try(ctx context.Context, server, name string, qtype uint16, patience time.Duration) asked {
	began := time.Now()
	msg, err := r.dialer.exchange(ctx, server, newQuery(name, qtype, false), patience)
	if err != nil {
		r.log.DebugContext(ctx, "dns question", "server", server, "name", name, "type", dns.TypeToString[qtype], "error", err)
		return unanswered(server, err)
	}
	got := classify(server, msg)
	r.log.DebugContext(ctx, "dns question", "server", server, "name", name, "type", dns.TypeToString[qtype],
		"answer", got.answer, "took", time.Since(began))
	if got.answer == record.ServFail {
		again, err := r.dialer.exchange(ctx, server, newQuery(name, qtype, true), patience)
		got.checkingDisabled = err == nil && classify(server, again).good()
	}
	return got
}

// blame decides whom a failure is about. It is the domain's only if the
// resolvers answered something else while the question was pending; otherwise
// we could not ask.
func (r *resolver) blame(ctx context.Context, start time.Duration, failed asked) asked {
	if ctx.Err() != nil {
		return asked{answer: record.NoAnswer, detail: outOfTime}
	}
	if allowanceOf(ctx).spent() {
		return asked{answer: record.NoAnswer, detail: tooMany}
	}
	if why, ok := r.works(ctx, start); !ok {
		return asked{answer: record.NoAnswer, detail: why}
	}
	return failed
}

// works reports whether some server gave a good answer since start, asking for
// the root's name servers, which every resolver knows, if need be.
func (r *resolver) works(ctx context.Context, start time.Duration) (why string, ok bool) {
	select {
	case r.checking <- struct{}{}:
		defer func() { <-r.checking }()
	case <-ctx.Done():
		return outOfTime, false
	}
	if r.lastGood.Load() > int64(start) {
		return "", true
	}
	if o := r.outage.Load(); o != nil && time.Now().Before(o.until) {
		return o.why, false
	}
	why = "no resolver is configured"
	for _, server := range r.servers {
		if why = r.check(ctx, server); why == "" {
			r.lastGood.Store(int64(time.Since(r.began)))
			return "", true
		}
	}
	if ctx.Err() == nil {
		// For a moment nobody else waits for servers known to be out of reach.
		r.outage.Store(&outage{until: time.Now().Add(r.patience[0]), why: why})
	}
	return why, false
}

// check asks one server about the root; why is empty when it works.
func (r *resolver) check(ctx context.Context, server string) (why string) {
	msg, err := r.dialer.exchange(ctx, server, newQuery(".", dns.TypeNS, false), r.patience[0])
	switch {
	case err != nil:
		return fmt.Sprintf("the resolver %s does not answer", server)
	case msg.Rcode != dns.RcodeSuccess:
		return fmt.Sprintf("the resolver %s answers %s even for the root", server, dns.RcodeToString[msg.Rcode])
	}
	return ""
}

// classify reads a message's outcome, aliases left aside.
func classify(server string, msg *dns.Msg) asked {
	got := asked{msg: msg, ede: extendedErrors(msg)}
	switch msg.Rcode {
	case dns.RcodeSuccess:
		got.answer = record.NoData
		if len(msg.Answer) > 0 {
			got.answer = record.Answered
		}
		return got
	case dns.RcodeNameError:
		got.answer = record.NXDomain
		return got
	case dns.RcodeRefused:
		got.answer = record.Refused
	case dns.RcodeNotImplemented:
		got.answer = record.NotImp
	case dns.RcodeFormatError:
		got.answer = record.FormErr
	default: // SERVFAIL, and codes that a resolver never sends to a client
		got.answer = record.ServFail
	}
	got.detail = describe(server, msg)
	return got
}

const outOfTime = "the time for looking ran out"
