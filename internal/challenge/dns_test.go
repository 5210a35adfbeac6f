package challenge_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/challenge"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

// platform is a resolver, a zone on two servers, and the variables to write it.
func platform(t *testing.T, zone string) (*dns.Server, *dns.Pair, map[string]string) {
	t.Helper()
	resolver, err := dns.New()
	if err != nil {
		t.Fatal(err)
	}
	pair, err := dns.NewPair(resolver, zone)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(pair.Close(), resolver.Close()); err != nil {
			t.Error(err)
		}
	})
	return resolver, pair, map[string]string{
		"DNSUPDATE_NAMESERVER": pair.Primary.Addr(),
		"DNSUPDATE_TSIG_KEY":   dns.UpdateKey, "DNSUPDATE_TSIG_SECRET": dns.UpdateSecret,
		"DNSUPDATE_TSIG_ALGORITHM": "hmac-sha256",
	}
}

func zonesOf(resolver *dns.Server, port int) challenge.Zones {
	return verify.New(verify.Config{
		Resolvers: []string{resolver.Addr()}, AuthorityPort: port, Timeout: 5 * time.Second,
		ProbeAllow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
}

func newDNS(t *testing.T, zones challenge.Zones, provider string, variables map[string]string) *challenge.DNS {
	t.Helper()
	p, err := challenge.NewProvider(provider, variables)
	if err != nil {
		t.Fatal(err)
	}
	return challenge.NewDNS(challenge.DNSConfig{Provider: p, Zones: zones, Thumbprint: "thumbprint"})
}

// put presents, and has the test fail if it cannot.
func put(t *testing.T, d *challenge.DNS, name, token string) {
	t.Helper()
	if err := d.Present(t.Context(), name, token, token+".thumbprint"); err != nil {
		t.Fatal(err)
	}
}

func take(t *testing.T, d *challenge.DNS, name, token string) {
	t.Helper()
	if err := d.CleanUp(t.Context(), name, token); err != nil {
		t.Fatal(err)
	}
}

// TestValuesAtOneNameAreKeptApart: wildcard, apex and a stranger's value share a
// name; each is removed alone, also by a process that did not write it.
func TestValuesAtOneNameAreKeptApart(t *testing.T) {
	t.Parallel()
	const at = "_acme-challenge.shop.example"
	resolver, pair, variables := platform(t, "shop.example")
	one := newDNS(t, zonesOf(resolver, pair.Port), "rfc2136", variables)
	put(t, one, "shop.example", "apex")
	put(t, one, "*.shop.example", "wild")
	put(t, one, "*.shop.example", "wild")
	if got := pair.Primary.TXT(at); len(got) != 2 {
		t.Fatalf("there is %v, want two values", got)
	}
	if missing, err := one.Missing(t.Context(), "*.shop.example", "wild", "wild.thumbprint"); err != nil || len(missing) > 0 {
		t.Errorf("missing %v, %v", missing, err)
	}
	other := newDNS(t, zonesOf(resolver, pair.Port), "rfc2136", variables)
	take(t, other, "shop.example", "apex")
	take(t, other, "shop.example", "never-written")
	left := pair.Primary.TXT(at)
	if missing, err := one.Missing(t.Context(), "*.shop.example", "wild", "wild.thumbprint"); err != nil || len(missing) > 0 || len(left) != 1 {
		t.Errorf("after the other was taken away: %v, missing %v, %v", left, missing, err)
	}
	take(t, one, "*.shop.example", "wild")
	if got := pair.Primary.TXT(at); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

// TestMissingNamesTheServer that lags, is silent, or has lost the zone.
func TestMissingNamesTheServer(t *testing.T) {
	t.Parallel()
	resolver, pair, variables := platform(t, "shop.example")
	d := newDNS(t, zonesOf(resolver, pair.Port), "rfc2136", variables)
	pair.Secondary.Lag(true)
	put(t, d, "shop.example", "apex")
	look := func() []string {
		missing, err := d.Missing(t.Context(), "shop.example", "apex", "apex.thumbprint")
		if err != nil {
			t.Fatal(err)
		}
		return missing
	}
	if got, want := look(), []string{"ns2.shop.example (127.0.0.3) does not have it"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	pair.Secondary.Lag(false)
	if got := look(); len(got) != 0 {
		t.Errorf("got %q, want none", got)
	}
	pair.Secondary.Silence(true)
	if got, want := look(), []string{"ns2.shop.example (127.0.0.3) does not answer"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestWhereARecordBelongs: aliases delegate, wildcards do not.
func TestWhereARecordBelongs(t *testing.T) {
	t.Parallel()
	resolver, pair, _ := platform(t, "shop.example")
	resolver.Set("acme.example.net", "SOA ns. host. 1 1 1 1 0", "NS ns1.shop.example.")
	resolver.Set("_acme-challenge.www.shop.example", "CNAME alias.shop.example.")
	resolver.Set("alias.shop.example", "CNAME www-shop.acme.example.net.")
	resolver.Set("*.wild.shop.example", "CNAME edge.example.net.")
	resolver.Set("_acme-challenge.loop.shop.example", "CNAME _acme-challenge.loop.shop.example.")
	zones := zonesOf(resolver, pair.Port)
	for name, want := range map[string][2]string{
		"shop.example":        {"_acme-challenge.shop.example", "shop.example"},
		"*.shop.example":      {"_acme-challenge.shop.example", "shop.example"},
		"www.shop.example":    {"www-shop.acme.example.net", "acme.example.net"},
		"wild.shop.example":   {"_acme-challenge.wild.shop.example", "shop.example"},
		"a.wild.shop.example": {"_acme-challenge.a.wild.shop.example", "shop.example"},
	} {
		z, err := zones.ChallengeZone(t.Context(), name)
		if err != nil || [2]string{z.Name, z.Zone} != want {
			t.Errorf("%s: %s in %s (%v), want %v", name, z.Name, z.Zone, err, want)
		}
	}
	if _, err := zones.ChallengeZone(t.Context(), "loop.shop.example"); err == nil {
		t.Error("a loop of aliases is followed to somewhere")
	}
	if _, err := zones.ChallengeZone(t.Context(), "nowhere.example.org"); err == nil {
		t.Error("a zone is found where there is none")
	}
}

// TestRefusalsAreTyped and hold no secret.
func TestRefusalsAreTyped(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		spoil   func(*dns.Pair, map[string]string)
		foreign bool
		says    string
	}{
		"the zone is not ours": {func(p *dns.Pair, _ map[string]string) { p.Primary.Refuse(mdns.RcodeNotAuth) }, true, "NOTAUTH"},
		"out of order":         {func(p *dns.Pair, _ map[string]string) { p.Primary.Refuse(mdns.RcodeServerFailure) }, false, "SERVFAIL"},
		"no key": {func(_ *dns.Pair, v map[string]string) {
			delete(v, "DNSUPDATE_TSIG_KEY")
			delete(v, "DNSUPDATE_TSIG_SECRET")
		}, true, "REFUSED"},
		"another secret": {func(_ *dns.Pair, v map[string]string) { v["DNSUPDATE_TSIG_SECRET"] = "b3RoZXI=" }, false, "TSIG"},
		"nobody there":   {func(_ *dns.Pair, v map[string]string) { v["DNSUPDATE_NAMESERVER"] = "127.0.0.1:1" }, false, "refused"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resolver, pair, variables := platform(t, "shop.example")
			c.spoil(pair, variables)
			err := newDNS(t, zonesOf(resolver, pair.Port), "rfc2136", variables).Present(t.Context(), "shop.example", "apex", "apex.thumbprint")
			var u *record.Unanswered
			if !errors.As(err, &u) || u.Foreign != c.foreign || u.Late || !strings.Contains(u.Detail, c.says) {
				t.Fatalf("got %+v (%v), want foreign %t, saying %q", u, err, c.foreign, c.says)
			}
			if secret := variables["DNSUPDATE_TSIG_SECRET"]; secret != "" && strings.Contains(err.Error(), secret) {
				t.Errorf("the secret is in %q", err)
			}
		})
	}
}

// silence is the address of a server that takes connections and says nothing.
func silence(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// TestSilenceAndCancelling: a server that says nothing costs its time-out, and
// who is told to stop stops.
func TestSilenceAndCancelling(t *testing.T) {
	t.Parallel()
	resolver, pair, variables := platform(t, "shop.example")
	variables["DNSUPDATE_DNS_TIMEOUT"] = "1"
	variables["DNSUPDATE_NAMESERVER"] = silence(t)
	d := newDNS(t, zonesOf(resolver, pair.Port), "rfc2136", variables)
	var u *record.Unanswered
	if err := d.Present(t.Context(), "shop.example", "apex", "apex.thumbprint"); !errors.As(err, &u) || !u.Late {
		t.Errorf("got %v, want it to be late", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Present(ctx, "shop.example", "apex", "apex.thumbprint"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want to be cancelled", err)
	}
}
