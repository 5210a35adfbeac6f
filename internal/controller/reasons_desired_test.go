package controller_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/record"
)

var longName = strings.Repeat("long", 12) + "." + strings.Repeat("name", 5) + ".shop.example"

func desiredWays() []way {
	private := "    runtime: private\n    acm: true\n"
	return []way{
		{name: "no web process", app: private + "    web: 0\n", want: failure.NoWebProcess, remedy: "web: 1"},
		{name: "web process unknown", app: private, want: failure.NoWebProcess, remedy: "web: 1"},
		{name: "no web process here", app: "    web: 0\n", want: failure.NoWebProcess, remedy: "web: 1"},
		{name: "behind a fence", app: private + "    web: 1\n    trustedIPs: true\n", want: failure.TrustedIPs, remedy: "trustedIPs"},
	}
}

// TestReasonsOfPolicy are reasons that lie between what the owner wrote and what
// the operator allows. The CA is never asked about such a name.
func TestReasonsOfPolicy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy    func(*controller.Config)
		domains   []string // the last one fails, the first is issued
		want      failure.Code
		attention string
		remedy    string
	}{
		"a common name of 64": {
			func(c *controller.Config) { c.Policy.CommonName = true },
			[]string{"www.shop.example", longName},
			failure.NameTooLong, "owner", "acme.commonName",
		},
		"one domain more": {
			func(c *controller.Config) { c.Policy.MaxDomainsPerApp = 2 },
			[]string{"a.shop.example", "b.shop.example", "c.shop.example"},
			failure.TooManyDomains, "operator", "policy.maxDomainsPerApp",
		},
		"no wildcards here": {
			func(c *controller.Config) { c.Policy.AllowWildcards = false },
			[]string{"www.shop.example", "*.shop.example"},
			failure.WildcardsNotAllowed, "operator", "policy.allowWildcards",
		},
		"a wildcard over http": {
			func(c *controller.Config) { c.Policy.DNSProvider = true },
			[]string{"www.shop.example", "*.shop.example"},
			failure.WildcardNeedsDNS, "owner", "challenge: dns-01",
		},
		"a wildcard and no provider": {
			func(*controller.Config) {},
			[]string{"www.shop.example", "*.shop.example"},
			failure.WildcardNeedsDNS, "operator", "challenge: dns-01",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := begin(t, c.policy)
			w.shop(c.domains...)
			w.pass()
			bad := c.domains[len(c.domains)-1]
			w.wantIssued(c.domains[:len(c.domains)-1]...)
			e := w.entry("shop", bad)
			if e.Reason != string(c.want) || e.Attention != c.attention || e.Status != "Failing" || !strings.Contains(e.Remedy, c.remedy) {
				t.Errorf("%s, %s for %s: %s\n%s", e.Status, e.Reason, e.Attention, e.Message, e.Remedy)
			}
			for _, r := range w.CA.Requests() {
				if slices.Contains(r.Names, bad) {
					t.Errorf("the CA was asked: %+v", r)
				}
			}
		})
	}
}

// TestClaimedByAnotherApp: who has the name keeps it, and both are told.
func TestClaimedByAnotherApp(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example")
	w.pass()
	w.push(apps(app("blog", "www.shop.example"), app("shop", "www.shop.example")))
	w.pass()
	w.wantIssued("www.shop.example")
	e := w.entry("blog", "www.shop.example")
	if e.Reason != string(failure.ClaimedByAnotherApp) || e.Attention != "owner" || !strings.Contains(e.Remedy, "shop") {
		t.Errorf("%+v", e)
	}
}

// TestLongNamesAreIssued: without a common name in the request there is no limit
// of 64 characters.
func TestLongNamesAreIssued(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop(longName)
	w.pass()
	w.wantIssued(longName)
}

// TestOneBadNameAmongMany: the app's other names are issued, a thousand of them.
func TestOneBadNameAmongMany(t *testing.T) {
	t.Parallel()
	w := begin(t, func(c *controller.Config) { c.Policy.Limits = noLimits() })
	names := make([]string, 1000)
	if testing.Short() {
		names = names[:120]
	}
	for i := range names {
		names[i] = fmt.Sprintf("d%04d.shop.example", i)
	}
	w.Point(names...)
	w.DNS.Remove(names[60], 0)
	w.push(apps(app("shop", names...)))
	w.pass()
	if e := w.entry("shop", names[60]); e.Reason != string(failure.DomainNotFound) {
		t.Errorf("%+v", e)
	}
	w.wantIssued(slices.Delete(slices.Clone(names), 60, 61)...)
	if n := w.CA.Count(ca.NewOrder); n != len(names)-1 {
		t.Errorf("%d orders", n)
	}
}

// TestIPv6OfThePlatform: an AAAA record is no fault where the platform's edge is
// behind it, and the CA comes to it first.
func TestIPv6OfThePlatform(t *testing.T) {
	t.Parallel()
	if !hasIPv6() {
		t.Skip("this machine has no IPv6 loopback")
	}
	six := netip.MustParseAddr(otherEdge6)
	w := begin(t, func(c *controller.Config) { c.Policy.Platform.Addresses = append(c.Policy.Platform.Addresses, six) })
	const name = "www.shop.example"
	elsewhere(edge.Behaviour{Thumbprint: w.config.Policy.Platform.Thumbprint})(w, name)
	w.DNS.Set(name, "A 127.0.0.1", "AAAA "+otherEdge6)
	answers(edge.Behaviour{Status: 404})(w, name) // over IPv4 it would fail
	w.push(apps(app("shop", name)))
	w.pass()
	w.wantIssued(name)
	d := w.domain(name)
	if len(d.Findings) > 0 || d.Checks.DNS != record.Pass || d.Checks.Challenge != record.Pass {
		t.Errorf("%+v, %v", d.Checks, d.Findings)
	}
}
