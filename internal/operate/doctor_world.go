package operate

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/acmsync/acmsync/internal/record"
)

// Resolver is one of platform.resolvers.
type Resolver struct {
	Addr string
	Observer
}

// askedWithout is what resolvers are asked for while there is no domain: no
// resolver needs anybody to know that it does not exist (RFC 6761, section 6.4).
const askedWithout = "acmsync.invalid"

// resolvers asks each resolver by itself, side by side. Any answer will do:
// what it says is about the name.
func (i Installation) resolvers(ctx context.Context, domains []record.Domain) []Check {
	name := askedWithout
	if len(domains) > 0 {
		name = strings.TrimPrefix(domains[0].Name(), "*.")
	}
	checks := make([]Check, len(i.Resolvers))
	var asking sync.WaitGroup
	for n, r := range i.Resolvers {
		asking.Go(func() {
			seen := r.Observe(ctx, record.Question{Name: name, DNS: true})
			checks[n] = resolver(r.Addr, seen.DNS)
		})
	}
	asking.Wait()
	return checks
}

func resolver(addr string, seen *record.DNS) Check {
	c := Check{Name: "resolver " + addr, OK: true, Detail: "answers"}
	if seen == nil {
		return c
	}
	silent := []record.Answer{record.TimedOut, record.NoAnswer, record.Refused}
	if slices.Contains(silent, seen.A.Answer) && slices.Contains(silent, seen.AAAA.Answer) {
		c.OK, c.Detail = false, fmt.Sprintf("%s: %s", seen.A.Answer, record.Clean(seen.A.Detail, 300))
		c.Remedy = "see platform.resolvers, and whether this machine may ask it on port 53 (UDP and TCP)"
	}
	return c
}

// mostProbed is how many names the edges are asked for.
const mostProbed = 3

// edges: the platform's addresses must answer challenges for our account, in
// mode stateless. Names that do not lead there say nothing of it.
func (i Installation) edges(ctx context.Context, domains []record.Domain, thumbprint string) Check {
	var names []string
	for _, d := range domains {
		if d.Mode == record.Auto && d.Challenge == "http-01" && !d.Gone() && len(names) < mostProbed {
			names = append(names, d.Name())
		}
	}
	seen := make([]answers, len(names))
	var asking sync.WaitGroup
	for n, name := range names {
		asking.Go(func() { seen[n] = i.probe(ctx, name, thumbprint) })
	}
	asking.Wait()
	var all answers
	for _, one := range seen {
		all.ours += one.ours
		all.others = append(all.others, one.others...)
	}
	return all.check(thumbprint)
}

// answers are how the platform's addresses answer challenges.
type answers struct {
	ours   int
	others []string
}

func (i Installation) probe(ctx context.Context, name, thumbprint string) (out answers) {
	token := rand.Text()
	seen := i.Edges.Observe(ctx, record.Question{
		Name: name, Probe: true, ProbeToken: token, ProbeExpect: token + "." + thumbprint, ProbePort: i.Platform.ProbePort,
		ServedPort: i.Platform.ServedPort, Target: i.Platform.TargetFor(name, "", ""), Addresses: i.Platform.Addresses,
	})
	if seen.Probe == nil {
		return out
	}
	for _, p := range seen.Probe.Met() {
		switch {
		case !i.edge(p.Address) || len(p.Hops) > 1:
		case p.Body == record.BodyMatch:
			out.ours++
		case p.Body == record.BodyThumbprint:
			out.others = append(out.others, fmt.Sprintf("%s answers for another account (%s)", p.Address, record.Clean(p.Thumbprint, 64)))
		}
	}
	return out
}

// edge reports whether an address is the platform's, as far as it says which
// are.
func (i Installation) edge(addr netip.Addr) bool {
	return len(i.Platform.Addresses) == 0 || slices.Contains(i.Platform.Addresses, addr)
}

func (a answers) check(thumbprint string) Check {
	c := Check{Name: "challenges", OK: true}
	slices.Sort(a.others)
	others := slices.Compact(a.others)
	switch {
	case len(others) > 0:
		c.OK, c.Detail = false, listed(others)
		c.Remedy = "put the thumbprint " + thumbprint + " into that edge's configuration, and reload it"
	case a.ours > 0:
		c.Detail = "edges answer for our account"
	default:
		c.Detail = "no name leads to an edge that could be asked; see: acmsync status"
	}
	return c
}
