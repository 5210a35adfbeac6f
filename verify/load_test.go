package verify_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"

	mdns "github.com/miekg/dns"
	"golang.org/x/sync/errgroup"

	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

// observeMany makes every check for n names, 16 at a time; each has a target
// of its own that leads to a common edge.
func observeMany(ctx context.Context, v *verify.Verifier, edge web, n int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for i := range n {
		group.Go(func() error {
			got := v.Observe(ctx, record.Question{
				Name: manyName(i), Target: manyName(i) + ".dns.example.net", DNS: true, CAA: true, Probe: true, Served: true,
				ProbeToken: token, ProbeExpect: expect, ProbePort: edge.http, ServedPort: edge.https,
			})
			if got.DNS.A.Answer != record.Answered || got.CAA.Zone != "shop.example" || got.Probe.Body != record.BodyMatch || got.Served[0].Answer != record.Answered {
				return fmt.Errorf("%s: %+v %+v %+v %+v", got.Name, got.DNS, got.CAA, got.Probe, got.Served)
			}
			return nil
		})
	}
	return group.Wait()
}

func manyName(i int) string { return fmt.Sprintf("www%d.shop.example", i) }

func setMany(s *dns.Server, n int) {
	s.Set("edge.example.net", "A 127.0.0.1")
	s.Set("shop.example", `300 CAA 0 issue "ca.test"`)
	for i := range n {
		s.Set(manyName(i), "CNAME "+manyName(i)+".dns.example.net.")
		s.Set(manyName(i)+".dns.example.net", "CNAME edge.example.net.")
	}
}

func answerRight(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, expect) }

func TestQuestionsPerName(t *testing.T) {
	t.Parallel()
	const names = 100
	s := newDNS(t)
	setMany(s, names)
	if err := observeMany(context.Background(), newVerifier(s), newWeb(t, answerRight), names); err != nil {
		t.Fatal(err)
	}
	// A, AAAA and CAA of the name itself; its parent's CAA once for all.
	if got, want := s.Questions(), 3*names+1; got != want {
		t.Errorf("%d questions for %d names, want %d", got, names, want)
	}
}

func TestSharedAnswers(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Set("edge.example.net", "300 A 192.0.2.1", "300 AAAA 2001:db8::1")
	s.Set("fleeting.example.net", "A 192.0.2.1", "AAAA 2001:db8::1")
	s.Set("shop.example", "300 A 192.0.2.1", "300 AAAA 2001:db8::1")
	v := newVerifier(s)
	look := func(v *verify.Verifier, target string) {
		got := observe(t, v, record.Question{Name: "shop.example", Target: target, DNS: true}).DNS
		if len(got.Target) != 2 {
			t.Errorf("%s: %+v", target, got)
		}
	}
	for range 3 {
		look(v, "edge.example.net")
		look(v, "fleeting.example.net")
	}
	if got := s.Asked("edge.example.net", mdns.TypeA); got != 1 {
		t.Errorf("a shared target was asked for %d times, want 1", got)
	}
	if got := s.Asked("fleeting.example.net", mdns.TypeA); got != 3 {
		t.Errorf("a target with a TTL of zero was asked for %d times, want 3", got)
	}
	if got := s.Asked("shop.example", mdns.TypeA); got != 6 {
		t.Errorf("the name itself was asked for %d times, want 6: its answers are never kept", got)
	}
	look(newVerifier(s), "edge.example.net")
	if got := s.Asked("edge.example.net", mdns.TypeA); got != 2 {
		t.Errorf("a new Verifier asked %d times in all, want 2", got)
	}
}

func BenchmarkObserve1000(b *testing.B) {
	s := newDNS(b)
	setMany(s, 1000)
	edge := newWeb(b, answerRight)
	for b.Loop() {
		if err := observeMany(context.Background(), newVerifier(s), edge, 1000); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(s.Questions())/float64(b.N)/1000, "questions/name")
}
