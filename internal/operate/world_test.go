package operate_test

import (
	"net/netip"
	"testing"

	"go.uber.org/goleak"

	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	ours   = "ourThumbprintAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	domain = "www.shop.example"
	target = "www.shop.example.dns.platform.example"
)

// world is a DNS, a platform's edge on loopback and a verifier that may look at
// it, with one domain as it should be.
type world struct {
	t        *testing.T
	dns      *dns.Server
	edge     *edge.Edge
	platform record.Platform
}

func newWorld(t *testing.T) *world {
	t.Helper()
	names, err := dns.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, names.Close()) })
	web, err := edge.New(edge.Options{Thumbprint: ours})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, web.Close()) })
	names.Set(domain, "CNAME "+target+".")
	names.Set(target, "A 127.0.0.1")
	return &world{t: t, dns: names, edge: web, platform: record.Platform{
		Target: "{domain}.dns.platform.example", Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")},
		LegacyTargets: []string{"*.oldplatform.example"}, ProbeAllow: loopback, CAAIdentities: []string{"ca.test"},
		Thumbprint: ours, ChallengeMode: "stateless", ProbePort: web.HTTPPort(), ServedPort: web.TLSPort(),
	}}
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func closed(t *testing.T, err error) {
	if err != nil {
		t.Error(err)
	}
}

func (w *world) verify(written string) operate.Verdict {
	w.t.Helper()
	v := verify.New(verify.Config{Resolvers: []string{w.dns.Addr()}, ProbeAllow: loopback})
	got, err := operate.Verify(w.t.Context(), v, w.platform, operate.Subject{Name: written})
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}
