package verify

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/beside"
	"github.com/acmsync/acmsync/internal/record"
)

// maxRedirects is what Let's Encrypt documents. (Boulder's code follows eleven;
// so a longer chain is no proof that a CA fails.)
const maxRedirects = 10

// observeProbe fetches a challenge-shaped path the way the CA would, from every
// address of the name by itself (at most maxEdges) and side by side, so that
// one that hangs costs nobody else's time.
func (v *Verifier) observeProbe(ctx context.Context, s *subject, q record.Question) *record.Probe {
	if !record.ValidToken(q.ProbeToken) {
		return &record.Probe{Result: record.ProbeNotAsked, Detail: "there is no valid token to ask for"}
	}
	// Less than the whole, so that a server that hangs is told from a look that
	// was cut off.
	limited, cancel := context.WithTimeout(ctx, v.timeout*2/3)
	defer cancel()
	looked := s.look()
	edges, unasked := v.edges(looked.addrs)
	if len(edges) == 0 {
		p := prober{v: v, seen: &record.Probe{}}
		p.nowhere(s.name, looked.addrs, looked.asked)
		return p.seen
	}
	each := make([]record.Probe, len(edges))
	var asking beside.Group
	for i, addr := range edges {
		p := prober{
			v: v, name: s.name, first: addr, seen: &each[i], token: q.ProbeToken, expect: q.ProbeExpect,
			ports: newPorts(q), visited: map[string]bool{}, overall: ctx,
		}
		asking.Go(func() { p.run(limited) })
	}
	asking.Wait()
	return summed(each, unasked)
}

// summed is what a CA may meet and would refuse, or else what it would meet
// first, with all the rest beside it.
func summed(each []record.Probe, unasked int) *record.Probe {
	met := (record.Probe{Each: each}).Met()
	rank := func(p record.Probe) int {
		switch {
		case p.Result == record.ProbeNotAsked:
			return 2
		case p.Matches():
			return 1
		}
		return 0
	}
	worst := slices.MinFunc(met, func(a, b record.Probe) int { return rank(a) - rank(b) })
	worst.Each, worst.Unasked = each, unasked
	return &worst
}

// prober is one probe under way, from one address of the name.
type prober struct {
	v     *Verifier
	name  string
	first netip.Addr
	seen  *record.Probe

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

func (p *prober) run(ctx context.Context) {
	p.seen.Address = p.first
	at, addr := &url.URL{Scheme: "http", Host: p.name, Path: record.ChallengePath + p.token}, p.first
	for at != nil {
		if at = p.visit(ctx, at, addr); at != nil {
			var ok bool
			if addr, ok = p.resolve(ctx, at.Hostname()); !ok {
				return
			}
		}
	}
}

// visit makes one request and returns where it redirects to, nil at the end. The
// body counts as a match only with status 200, because the CA wants that, too.
func (p *prober) visit(ctx context.Context, at *url.URL, addr netip.Addr) *url.URL {
	p.visited[at.String()] = true
	f := fetcher{addr: addr, port: p.ports.of(at), dialer: p.v.dialer}
	got, err := f.get(ctx, at)
	if err != nil {
		p.seen.Unconnected = connectionFailed(err)
		p.end(p.blame(at, err))
		return nil
	}
	p.record(at, got)
	if !got.redirects() {
		p.classify(got)
		p.end(record.ProbeAnswered, "")
		return nil
	}
	return p.redirect(at, got)
}

// record notes an answer; every request that got one is a hop.
func (p *prober) record(at *url.URL, got answer) {
	hop := record.Hop{URL: record.Clean(at.String(), maxURL), Status: got.status}
	if got.redirects() {
		hop.Location = record.Clean(withoutUser(at, got.location), maxURL)
		hop.KeepsPath, hop.KeepsToken = keeps(at, got.location, p.token)
	}
	p.seen.Hops = append(p.seen.Hops, hop)
	p.seen.Status = got.status
	p.seen.Server, p.seen.Via, p.seen.Ray = got.server, got.via, got.ray
	p.seen.Layer = got.layer
}

// withoutUser is a Location without anybody's credentials.
func withoutUser(at *url.URL, location string) string {
	next, err := at.Parse(location)
	if err != nil || next.User == nil {
		return location
	}
	next.User = nil
	return next.String()
}

// redirect judges only whether a CA would follow.
func (p *prober) redirect(at *url.URL, got answer) *url.URL {
	next, err := p.ports.follow(at, got.status, got.location)
	switch {
	case err != nil:
		p.seen.Refusal = err.why
		p.end(record.ProbeBadRedirect, err.Error())
	case p.visited[next.String()]:
		p.seen.Refusal = record.RedirectLoop
		p.end(record.ProbeBadRedirect, "the redirects lead back to "+next.String())
	case len(p.seen.Hops) > maxRedirects:
		p.seen.Refusal = record.RedirectMany
		p.end(record.ProbeBadRedirect, fmt.Sprintf("there are more than %d redirects", maxRedirects))
	default:
		return next
	}
	return nil
}

// resolve finds the one address to try for the host of a redirect: Boulder does
// not fall back there. Addresses that may not be dialled are left out, as a CA
// leaves them out; if that leaves none, the probe ends here.
func (p *prober) resolve(ctx context.Context, host string) (netip.Addr, bool) {
	var all []netip.Addr
	asked := true
	if literal, err := netip.ParseAddr(host); err == nil {
		all = append(all, literal)
	} else {
		all, asked = preferred(p.v.sharedAddresses(ctx, host))
	}
	for _, addr := range all {
		if p.v.guard.Allowed(addr) {
			return addr, true
		}
	}
	p.nowhere(host, all, asked)
	return netip.Addr{}, false
}

// nowhere ends a probe that has no address to go to.
func (p *prober) nowhere(host string, all []netip.Addr, asked bool) {
	switch {
	case len(all) > 0:
		if len(p.seen.Hops) == 0 {
			p.seen.Address = all[0]
		}
		p.end(record.ProbeForbidden, (&ForbiddenError{Address: all[0].String()}).Error())
	case !asked:
		p.end(record.ProbeNotAsked, "the addresses of "+host+" could not be asked for")
	default:
		p.end(record.ProbeNoAddress, host+" has no address")
	}
}

// preferred puts IPv6 before IPv4; asked is false when a family could not be
// asked for, so that having no address proves nothing.
func preferred(a, aaaa reply) (all []netip.Addr, asked bool) {
	all = append(addrs(aaaa), addrs(a)...)
	return all, a.answer != record.NoAnswer && aaaa.answer != record.NoAnswer
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
