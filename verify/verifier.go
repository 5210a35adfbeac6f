package verify

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/beside"
	"github.com/acmsync/acmsync/internal/record"
)

// DefaultTimeout is how long one observation may take.
const DefaultTimeout = 15 * time.Second

// Config says whom to ask and what may be dialled.
type Config struct {
	// Resolvers are recursive, validating resolvers as host:port, asked in
	// order. Port 53 is filled in.
	Resolvers []string
	// ProbeAllow are ranges that may be dialled although they are not public,
	// for a private platform.
	ProbeAllow []netip.Prefix
	// AuthorityPort is where name servers listen; zero means 53. Anything else
	// is for a lab.
	AuthorityPort int
	// Timeout bounds one observation; zero means [DefaultTimeout].
	Timeout time.Duration
	// Ended is told of every check that has ended, by the name it is of and its
	// own (dns, caa, http, tls), from several goroutines; nil: nobody is.
	Ended func(name, check string)
	// Opened is told of every socket just before it is connected, and to where,
	// from several goroutines; nil: nobody is. It is for tests.
	Opened func(network, address string)
	// Logger gets one debug line per question to a name server; nil: none.
	Logger *slog.Logger
}

// Verifier observes names. It is safe for concurrent use and keeps nothing
// open between calls; what it remembers are answers about names that many
// domains share (a common target, the parents in a CAA climb), for their TTL
// and at most 30 seconds. A name's own records are asked anew each time.
type Verifier struct {
	timeout     time.Duration
	resolver    *resolver
	authorities *authorities
	shared      *cache
	guard       Guard
	dialer      dialer
	ended       func(name, check string)
}

// New returns a Verifier. Nothing is dialled yet.
func New(c Config) *Verifier {
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Ended == nil {
		c.Ended = func(string, string) {}
	}
	if c.AuthorityPort == 0 {
		c.AuthorityPort = 53
	}
	strangers := dialer{guard: NewGuard(c.ProbeAllow...), opened: c.Opened}
	r := newResolver(dialer{named: true, opened: c.Opened}, c.Resolvers, c.Timeout, c.Logger)
	return &Verifier{
		timeout:     c.Timeout,
		resolver:    r,
		authorities: newAuthorities(strangers, c.AuthorityPort, c.Timeout, c.Logger),
		shared:      newCache(r.lookup),
		guard:       strangers.guard,
		dialer:      strangers.within(c.Timeout / 3),
		ended:       c.Ended,
	}
}

// Observe makes the checks that q asks for, side by side, within the timeout.
// Each check that is asked for has a part in the observation, however it
// ended; ctx's end makes the rest "could not ask".
//
// A wildcard has no host to fetch from, so its Probe and Served stay nil.
func (v *Verifier) Observe(ctx context.Context, q record.Question) record.Observation {
	o := record.Observation{Name: q.Name, At: time.Now()}
	ctx, cancel := context.WithTimeout(ctx, v.timeout)
	defer cancel()
	ctx = withAllowance(ctx, maxQuestions)
	s := v.subject(ctx, q)
	host := !s.wildcard()

	var checks beside.Group
	check := func(name string, asked bool, look func()) {
		if asked {
			checks.Go(func() { look(); v.ended(q.Name, name) })
		}
	}
	check("dns", q.DNS, func() { o.DNS = s.look().dns })
	check("caa", q.CAA, func() { o.CAA = v.observeCAA(ctx, s, q) })
	check("txt", q.Ownership && len(q.Proofs) > 0, func() { o.Ownership = v.observeOwnership(ctx, q) })
	check("http", q.Probe && host, func() { o.Probe = v.observeProbe(ctx, s, q) })
	check("tls", q.Served && host, func() { o.Served = v.observeServed(ctx, s, q) })
	checks.Wait()
	return o
}

// subject is the name an observation is about. All of its checks share one
// look at its addresses, so that they agree with each other.
type subject struct {
	name    string // without a trailing dot
	a, aaaa func() reply
	look    func() look
}

func (v *Verifier) subject(ctx context.Context, q record.Question) *subject {
	name := strings.TrimSuffix(q.Name, ".")
	once := func(qtype uint16) func() reply {
		return beside.Once(func() reply { return v.resolver.lookup(ctx, name, qtype) })
	}
	s := &subject{name: name, a: once(dns.TypeA), aaaa: once(dns.TypeAAAA)}
	s.look = beside.Once(func() look { return v.look(ctx, s, q) })
	return s
}

func (s *subject) wildcard() bool { return strings.HasPrefix(s.name, "*.") }

// both asks for the two address families at once.
func (s *subject) both() (a, aaaa reply) { return sideBySide(s.a, s.aaaa) }

func sideBySide[T any](one, two func() T) (first, second T) {
	var asking beside.Group
	asking.Go(func() { second = two() })
	first = one()
	asking.Wait()
	return first, second
}
