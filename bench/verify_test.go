//go:build unix

package bench

import (
	"context"
	"fmt"
	"net/netip"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

const (
	// looksAtOnce is the default of policy.concurrency.
	looksAtOnce = 16
	// maxQuestions is what a healthy domain may ask of the resolver.
	maxQuestions = 6
	thumbprint   = "ourThumbprintAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

// BenchmarkVerify looks at 1,000 healthy domains, each a registered domain of its
// own: DNS, CAA, the probe and a handshake. With dead ones among them, of which the
// resolver says that their name servers do not answer (EDE 22), the healthy ones
// must ask no more than before.
// It fails if a healthy domain is not seen to be, or asks too many questions.
func BenchmarkVerify(b *testing.B) {
	for _, dead := range []int{0, 20} {
		b.Run(fmt.Sprintf("1000-healthy-%d-dead", dead), func(b *testing.B) {
			s := newSight(b, 1000, dead)
			rounds := 0
			for b.Loop() {
				must(b, s.look(b.Context()))
				rounds++
			}
			asked := 0
			for _, name := range s.healthy {
				asked += s.asked(name)
			}
			each := float64(asked) / float64(rounds*len(s.healthy))
			b.ReportMetric(each, "questions/healthy-domain")
			b.ReportMetric(b.Elapsed().Seconds()/float64(rounds), "s/round")
			if each > maxQuestions {
				b.Fatalf("%.1f questions a domain, more than %d", each, maxQuestions)
			}
		})
	}
}

// sight is a world to look at.
type sight struct {
	names         *dns.Server
	edge          *edge.Edge
	platform      record.Platform
	healthy, dead []string
}

func newSight(b *testing.B, healthy, dead int) *sight {
	b.Helper()
	names, err := dns.New()
	must(b, err)
	at, err := edge.New(edge.Options{Thumbprint: thumbprint})
	must(b, err)
	b.Cleanup(func() {
		must(b, names.Close())
		must(b, at.Close())
	})
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	s := &sight{names: names, edge: at, platform: record.Platform{
		Target: "edge.platform.test", Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, ProbeAllow: loopback,
	}}
	names.Set("edge.platform.test", "300 A 127.0.0.1")
	for i := range healthy {
		s.healthy = append(s.healthy, fmt.Sprintf("www.healthy%d.test", i))
		names.Set(s.healthy[i], "CNAME edge.platform.test.")
	}
	for i := range dead {
		s.dead = append(s.dead, fmt.Sprintf("www.dead%d.test", i))
		names.Fail(s.dead[i], 0, dns.Fault{Rcode: 2, EDE: 22})
	}
	return s
}

// look observes every name once, as a pass with default concurrency does.
func (s *sight) look(ctx context.Context) error {
	v := verify.New(verify.Config{Resolvers: []string{s.names.Addr()}, ProbeAllow: s.platform.ProbeAllow, AuthorityPort: s.names.Port()})
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(looksAtOnce)
	for i, name := range s.healthy {
		if i < len(s.dead) {
			group.Go(func() error { return s.one(ctx, v, s.dead[i], true) })
		}
		group.Go(func() error { return s.one(ctx, v, name, false) })
	}
	return group.Wait()
}

func (s *sight) one(ctx context.Context, v *verify.Verifier, name string, wrong bool) error {
	q := record.Question{
		Name: name, Target: s.platform.Target, Addresses: s.platform.Addresses, DNS: true, CAA: true, Probe: true, Served: true,
		ProbeToken: "token", ProbeExpect: "token." + thumbprint, ProbePort: s.edge.HTTPPort(), ServedPort: s.edge.TLSPort(),
	}
	found := diagnose.Explain(s.platform, q, v.Observe(ctx, q), nil)
	if (len(found) > 0) != wrong {
		return fmt.Errorf("%s: found %+v", name, found)
	}
	return nil
}

// asked counts the questions about a name and its parents. Type 28 is AAAA, 257
// is CAA.
func (s *sight) asked(name string) int {
	n := s.names.Asked(name, 1) + s.names.Asked(name, 28)
	return n + s.names.Asked(name, 257) + s.names.Asked(name[len("www."):], 257)
}
