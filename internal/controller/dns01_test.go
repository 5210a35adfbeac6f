package controller_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/record"
)

// zoned starts a world whose dns-01 records are written into the zone.
func zoned(t *testing.T, zone string, change ...any) (*world, *dns.Pair) {
	t.Helper()
	w := begin(t, change...)
	pair, err := dns.NewPair(w.DNS, zone)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pair.Close(); err != nil {
			t.Error(err)
		}
	})
	w.plan.DNSServer, w.plan.DNSPort = pair.Primary.Addr(), pair.Port
	w.rig = w.another(change...)
	return w, pair
}

// byDNS is an app whose domains are proved in DNS.
func byDNS(name string, domains ...string) string {
	entry := "  - name: " + name + "\n    challenge: dns-01\n    domains:\n"
	for _, d := range quoted(domains) {
		entry += "      - " + d + "\n"
	}
	return entry
}

// wantClean checks that nothing is left in the zone.
func wantClean(t *testing.T, pair *dns.Pair) {
	t.Helper()
	if p, s := pair.Primary.Records(), pair.Secondary.Records(); p != 0 || s != 0 {
		t.Errorf("%d records are left at the primary, %d at the secondary", p, s)
	}
}

// TestWildcardAndApexByDNS: both have their records at one name at one time,
// the CA is told only when the secondary that lags has them too, and neither
// order's clean-up takes the other's.
func TestWildcardAndApexByDNS(t *testing.T) {
	t.Parallel()
	const at = "_acme-challenge.shop.example"
	w, pair := zoned(t, "shop.example")
	w.Point("*.shop.example")
	w.PointApex("shop.example")
	pair.Secondary.Lag(true)
	var early atomic.Int32
	w.CA.Before(ca.Challenge, func() {
		if pair.Secondary.Records() == 0 {
			early.Add(1)
		}
	})
	w.push(apps(byDNS("shop", "shop.example", "*.shop.example")))
	done := make(chan controller.Result, 1)
	go func() { done <- w.Pass(t.Context()) }()
	eventually(t, "both values at one name", func() bool { return len(pair.Primary.TXT(at)) == 2 })
	pair.Secondary.Lag(false)
	if r := <-done; r.Failure != nil {
		t.Fatal(r.Failure)
	}
	if n := early.Load(); n > 0 {
		t.Errorf("the CA was told %d times before the secondary had a record", n)
	}
	for _, name := range []string{"shop.example", "*.shop.example"} {
		if d := w.domain(name); d.State != record.CertIssued || d.Checks.Challenge != record.Skipped {
			t.Errorf("%s is %s, challenge %s, findings %v", name, d.State, d.Checks.Challenge, d.Findings)
		}
	}
	w.wantServed("any.shop.example", w.domain("*.shop.example").Certificate.Serial)
	wantClean(t, pair)
}

// TestPrivateAppByDNS: nothing has to run, and no address has to lead anywhere.
func TestPrivateAppByDNS(t *testing.T) {
	t.Parallel()
	w, pair := zoned(t, "shop.example")
	w.push("apiVersion: acmsync/v1\napps:\n  - {name: shop, runtime: private, acm: true, web: 0, trustedIPs: true, challenge: dns-01, domains: [www.shop.example]}\n")
	w.pass()
	if d := w.domain("www.shop.example"); d.State != record.CertIssued {
		t.Errorf("it is %s, %v", d.State, d.Findings)
	}
	wantClean(t, pair)
}

// TestDelegatedChallenge: the owner's zone is not ours, but an alias leads from
// its _acme-challenge into one that is.
func TestDelegatedChallenge(t *testing.T) {
	t.Parallel()
	w, pair := zoned(t, "acme.platform.example")
	w.Point("www.owner.example")
	w.DNS.Set("_acme-challenge.www.owner.example", "CNAME www-owner.acme.platform.example.")
	w.push(apps(byDNS("shop", "www.owner.example")))
	w.pass()
	w.wantIssued("www.owner.example")
	if pair.Primary.Updates() < 2 {
		t.Errorf("%d updates", pair.Primary.Updates())
	}
	wantClean(t, pair)
}

// TestRecordThatDoesNotSpread: the CA is not told, the operator is; once the
// server catches up the same order goes on.
func TestRecordThatDoesNotSpread(t *testing.T) {
	t.Parallel()
	w, pair := zoned(t, "shop.example", func(b *blueprint) { b.Propagation = time.Second })
	w.plan.Propagation = time.Second
	w.rig = w.another(func(b *blueprint) { *b = w.plan })
	w.Point("www.shop.example")
	pair.Secondary.Lag(true)
	w.push(apps(byDNS("shop", "www.shop.example")))
	w.pass()
	d := w.entry("shop", "www.shop.example")
	if d.Reason != "dns-timeout" || d.Attention != "operator" || d.Status != "Failing" {
		t.Errorf("got %s (%s), attention %s: %s", d.Reason, d.Status, d.Attention, d.Message)
	}
	if n := w.CA.Count(ca.Challenge); n != 0 {
		t.Errorf("the CA was told %d times", n)
	}
	pair.Secondary.Lag(false)
	w.forward(5 * time.Minute)
	w.pass()
	w.wantIssued("www.shop.example")
	if n := w.CA.Count(ca.NewOrder); n != 1 {
		t.Errorf("%d orders, want one", n)
	}
	wantClean(t, pair)
}

// TestWaitingForDNSBlocksNobody: one worker, and an order that waits for a
// server that lags.
func TestWaitingForDNSBlocksNobody(t *testing.T) {
	t.Parallel()
	w, pair := zoned(t, "shop.example", func(c *controller.Config) { c.Concurrency = 1 })
	w.Point("a.shop.example", "b.other.example", "c.other.example")
	pair.Secondary.Lag(true)
	w.push(apps(byDNS("shop", "a.shop.example"), app("other", "b.other.example", "c.other.example")))
	done := make(chan controller.Result, 1)
	go func() { done <- w.Pass(t.Context()) }()
	eventually(t, "the others' certificates", func() bool {
		return len(w.CA.CertificatesFor("b.other.example")) == 1 && len(w.CA.CertificatesFor("c.other.example")) == 1
	})
	pair.Secondary.Lag(false)
	if r := <-done; r.Failure != nil {
		t.Fatal(r.Failure)
	}
	w.wantIssued("a.shop.example", "b.other.example", "c.other.example")
}

// TestProviderThatRefuses: whose zone it is decides who must act.
func TestProviderThatRefuses(t *testing.T) {
	t.Parallel()
	cases := map[int]string{mdns.RcodeRefused: "owner", mdns.RcodeServerFailure: "operator"}
	for rcode, who := range cases {
		t.Run(mdns.RcodeToString[rcode], func(t *testing.T) {
			t.Parallel()
			w, pair := zoned(t, "shop.example")
			w.Point("www.shop.example")
			pair.Primary.Refuse(rcode)
			w.push(apps(byDNS("shop", "www.shop.example")))
			w.pass()
			if d := w.entry("shop", "www.shop.example"); d.Reason != "incorrect-dns" || d.Attention != who {
				t.Errorf("got %s, attention %s: %s %s", d.Reason, d.Attention, d.Message, d.Remedy)
			}
			pair.Primary.Refuse(0)
			w.forward(5 * time.Minute)
			w.pass()
			w.wantIssued("www.shop.example")
			wantClean(t, pair)
		})
	}
}

// TestNoProvider: what cannot be answered is said before the CA is asked.
func TestNoProvider(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.Point("*.shop.example", "www.shop.example")
	w.push(apps(byDNS("shop", "*.shop.example", "www.shop.example")))
	w.pass()
	got := []string{}
	for _, name := range []string{"*.shop.example", "www.shop.example"} {
		d := w.entry("shop", name)
		got = append(got, d.Reason+" "+d.Attention)
	}
	if want := []string{"wildcard-needs-dns operator", "challenge-unreachable owner"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n := w.CA.Count(ca.NewOrder); n != 0 {
		t.Errorf("the CA got %d orders", n)
	}
}
