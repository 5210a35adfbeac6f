package verify

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// maxRedirects is what Let's Encrypt documents. (Boulder follows eleven; a
// chain that long is worth mending.)
const maxRedirects = 10

// observeProbe fetches a challenge-shaped path the way the CA would. The body
// counts as a match only with status 200, because the CA wants that, too.
func (v *Verifier) observeProbe(ctx context.Context, s *subject, q record.Question) *record.Probe {
	p := &prober{
		v: v, subject: s, seen: &record.Probe{}, token: q.ProbeToken, expect: q.ProbeExpect,
		ports: newPorts(q), visited: map[string]bool{}, overall: ctx,
	}
	if !record.ValidToken(q.ProbeToken) {
		p.end(record.ProbeNotAsked, "there is no valid token to ask for")
		return p.seen
	}
	// Less than the whole, so that a server that hangs is told from a look that
	// was cut off.
	ctx, cancel := context.WithTimeout(ctx, v.timeout*2/3)
	defer cancel()
	next := &url.URL{Scheme: "http", Host: s.name, Path: record.ChallengePath + q.ProbeToken}
	for next != nil {
		next = p.visit(ctx, next)
	}
	return p.seen
}

// prober is one probe under way.
type prober struct {
	v       *Verifier
	subject *subject
	seen    *record.Probe

	token, expect string
	ports         ports
	visited       map[string]bool
	// overall is the observation's context: once it has ended, whatever fails
	// says nothing about the server.
	overall context.Context
}

func (p *prober) end(result record.ProbeResult, detail string) {
	p.seen.Result = result
	p.seen.Detail = record.Clean(detail, maxDetail)
}

// visit makes one request and returns where it redirects to, nil at the end.
func (p *prober) visit(ctx context.Context, at *url.URL) *url.URL {
	p.visited[at.String()] = true
	addrs, ok := p.resolve(ctx, at)
	if !ok {
		return nil
	}
	got, err := p.fetch(ctx, at, addrs)
	if err != nil {
		p.end(p.blame(at, err))
		return nil
	}
	p.record(at, got)
	if !got.redirects() {
		p.seen.Body = classifyBody(got, p.token, p.expect)
		p.end(record.ProbeAnswered, "")
		return nil
	}
	return p.redirect(at, got)
}

// record notes an answer; every request that got one is a hop.
func (p *prober) record(at *url.URL, got answer) {
	hop := record.Hop{URL: record.Clean(at.String(), maxURL), Status: got.status}
	if got.redirects() {
		hop.Location = record.Clean(got.location, maxURL)
		hop.KeepsPath = keepsPath(at, got.location, p.token)
	}
	p.seen.Hops = append(p.seen.Hops, hop)
	p.seen.Status = got.status
	p.seen.Server, p.seen.Via, p.seen.Ray = got.server, got.via, got.ray
}

// redirect judges only whether a CA would follow.
func (p *prober) redirect(at *url.URL, got answer) *url.URL {
	next, err := p.ports.follow(at, got.status, got.location)
	switch {
	case err != nil:
		p.end(record.ProbeBadRedirect, err.Error())
	case p.visited[next.String()]:
		p.end(record.ProbeBadRedirect, "the redirects lead back to "+next.String())
	case len(p.seen.Hops) > maxRedirects:
		p.end(record.ProbeBadRedirect, fmt.Sprintf("there are more than %d redirects", maxRedirects))
	default:
		return next
	}
	return nil
}

// resolve finds the addresses to try for a URL's host, in order. The first
// host may be tried twice, IPv6 first and then IPv4; a redirect's host gets one
// try, as with Boulder. Addresses that may not be dialled are left out, as a CA
// leaves them out; if that leaves none, the probe ends here.
func (p *prober) resolve(ctx context.Context, at *url.URL) ([]netip.Addr, bool) {
	host := at.Hostname()
	all, asked := []netip.Addr{}, true
	switch literal, err := netip.ParseAddr(host); {
	case err == nil:
		all = append(all, literal)
	case len(p.seen.Hops) == 0:
		seen := p.subject.look()
		all, asked = seen.addrs, seen.asked
	default:
		all, asked = preferred(p.v.sharedAddresses(ctx, host))
	}
	var may []netip.Addr
	for _, addr := range all {
		if p.v.guard.Allowed(addr) {
			may = append(may, addr)
		}
	}
	switch {
	case len(may) > 0:
		return firstOfEach(may, len(p.seen.Hops) == 0), true
	case len(all) > 0:
		p.reached(all[0])
		p.end(record.ProbeForbidden, (&ForbiddenError{Address: all[0].String()}).Error())
	case !asked:
		p.end(record.ProbeNotAsked, "the addresses of "+host+" could not be asked for")
	default:
		p.end(record.ProbeNoAddress, host+" has no address")
	}
	return nil, false
}

// reached notes where the first connection went.
func (p *prober) reached(addr netip.Addr) {
	if len(p.seen.Hops) == 0 {
		p.seen.Address = addr
	}
}

// preferred puts IPv6 before IPv4; asked is false when a family could not be
// asked for, so that having no address proves nothing.
func preferred(a, aaaa reply) (all []netip.Addr, asked bool) {
	all = append(addrs(aaaa), addrs(a)...)
	return all, a.answer != record.NoAnswer && aaaa.answer != record.NoAnswer
}

// firstOfEach takes one address, or one of each family.
func firstOfEach(addrs []netip.Addr, both bool) []netip.Addr {
	picked := addrs[:1:1]
	for _, addr := range addrs[1:] {
		if both && addr.Is4() != picked[0].Is4() {
			return append(picked, addr)
		}
	}
	return picked
}

// fetch makes the request at the first address, and at the second if no
// connection could be made to the first.
func (p *prober) fetch(ctx context.Context, at *url.URL, addrs []netip.Addr) (answer, error) {
	var got answer
	var err error
	for i, addr := range addrs {
		p.reached(addr)
		patience := p.v.timeout / 3
		if i == 0 && len(addrs) > 1 {
			patience = p.v.timeout / 5
		}
		f := fetcher{addr: addr, port: p.ports.of(at), guard: p.v.guard, dialTimeout: patience}
		if got, err = f.get(ctx, at); !connectionFailed(err) {
			break
		}
	}
	return got, err
}

// blame puts a failed request into the record's words.
func (p *prober) blame(at *url.URL, err error) (record.ProbeResult, string) {
	if p.overall.Err() != nil {
		return record.ProbeNotAsked, outOfTime
	}
	result, what := blame(err)
	return result, fmt.Sprintf("%s (port %d) %s", at.Hostname(), p.ports.of(at), what)
}

// pause is how long a request whose connection broke waits before its one
// repetition.
const pause = 100 * time.Millisecond
