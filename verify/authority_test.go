package verify_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

func newWorld(t testing.TB, zones ...string) *dns.World {
	t.Helper()
	w, err := dns.NewWorld("example", zones...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	w.Resolver.Set("edge.test", "300 A 192.0.2.1")
	return w
}

func inWorld(w *dns.World, timeout time.Duration) *verify.Verifier {
	return verify.New(verify.Config{
		Resolvers: []string{w.Resolver.Addr()}, ProbeAllow: loopback, AuthorityPort: w.Port(), Timeout: timeout,
	})
}

// authorityCase is one zone of its own: what the resolver and the two hosts say
// of www in it, and what is wrong with each.
type authorityCase struct {
	zone               string
	resolver, one, two []string
	resolverFault      dns.Fault
	oneFault, twoFault dns.Fault
	hosts              []string // instead of ns1 and ns2
	want, wantTTL      string
}

const (
	right = "300 CNAME edge.test."
	wrong = "600 A 192.0.2.9"
)

func authorityCases() []authorityCase {
	rr := func(texts ...string) []string { return texts }
	silent, refused := dns.Fault{Silent: true, Subtree: true}, dns.Fault{Rcode: mdns.RcodeRefused, Subtree: true}
	failing := dns.Fault{Rcode: mdns.RcodeServerFailure, Subtree: true}
	return []authorityCase{
		{zone: "well.example", resolver: rr(right), one: rr(right), two: rr(right), want: "not asked"},
		{zone: "wrong.example", resolver: rr(wrong), one: rr(wrong), two: rr(wrong), want: "ns1 ns2: 192.0.2.9", wantTTL: "10m0s"},
		{zone: "underway.example", resolver: rr(wrong), one: rr(right), two: rr(right), want: "ns1 ns2: edge.test 192.0.2.1", wantTTL: "5m0s"},
		{zone: "added.example", one: rr(right), two: rr(right), want: "ns1 ns2: edge.test 192.0.2.1"},
		{zone: "removed.example", resolver: rr(wrong), want: "ns1 ns2: nxdomain"},
		{zone: "nodata.example", resolver: rr(wrong), one: rr("TXT x"), two: rr("TXT x"), want: "ns1 ns2: nodata"},
		{zone: "split.example", resolver: rr(wrong), one: rr(right), two: rr(wrong), want: "ns1: edge.test 192.0.2.1; ns2: 192.0.2.9"},
		{zone: "half-silent.example", resolver: rr(wrong), one: rr(right), two: rr(right), twoFault: silent, want: "ns1: edge.test 192.0.2.1; ns2 timeout"},
		{zone: "half-lame.example", resolver: rr(wrong), one: rr(right), two: rr(right), twoFault: dns.Fault{Lame: true}, want: "ns1: edge.test 192.0.2.1; ns2 lame"},
		{zone: "silent.example", resolverFault: failing, oneFault: silent, twoFault: silent, want: "ns1 timeout; ns2 timeout"},
		{zone: "refused.example", resolverFault: failing, oneFault: refused, twoFault: refused, want: "ns1 refused; ns2 refused"},
		{zone: "servfail.example", resolverFault: failing, oneFault: failing, twoFault: failing, want: "ns1 servfail; ns2 servfail"},
		{zone: "lame.example", resolverFault: failing, one: rr(right), two: rr(right), oneFault: dns.Fault{Lame: true}, twoFault: dns.Fault{Lame: true}, want: "ns1 lame; ns2 lame"},
		{zone: "old-edns.example", resolver: rr(wrong), one: rr(right), two: rr(right), oneFault: dns.Fault{NoEDNS: true}, want: "ns1 ns2: edge.test 192.0.2.1"},
		{zone: "tcp.example", resolver: rr(wrong), one: rr(right), two: rr(right), oneFault: dns.Fault{Truncated: true}, want: "ns1 ns2: edge.test 192.0.2.1"},
		{zone: "no-tcp.example", resolver: rr(wrong), one: rr(right), two: rr(right), oneFault: dns.Fault{Truncated: true, NoTCP: true}, want: "ns2: edge.test 192.0.2.1; ns1 timeout"},
		{zone: "no-host.example", resolver: rr(wrong), hosts: rr("300 NS gone.dns.test.", "300 NS ns2.dns.test."), two: rr(right), want: "ns2: edge.test 192.0.2.1; gone lame"},
		{zone: "inward.example", resolver: rr(wrong), hosts: rr("300 NS private.dns.test."), want: "private could-not-ask"},
		{zone: "loop.example", resolver: rr("CNAME www.loop.example."), one: rr(right), two: rr(right), want: "ns1 ns2: edge.test 192.0.2.1"},
		{zone: "tail-loop.example", resolver: rr(wrong), one: rr("CNAME circle.test."), two: rr("CNAME circle.test."), want: "ns1 ns2: circle.test elcric.test circle.test loop"},
	}
}

func (c authorityCase) set(w *dns.World) {
	name := "www." + c.zone
	for i, s := range []*dns.Server{w.Resolver, w.Hosts[0], w.Hosts[1]} {
		if rrs := [][]string{c.resolver, c.one, c.two}[i]; len(rrs) > 0 {
			s.Set(name, rrs...)
		}
		fault := []dns.Fault{c.resolverFault, c.oneFault, c.twoFault}[i]
		switch {
		case reflect.ValueOf(fault).IsZero():
		case fault.Subtree:
			s.Fail(c.zone, 0, fault)
		default:
			s.Fail(name, 0, fault)
		}
	}
	if len(c.hosts) > 0 {
		w.Resolver.Set(c.zone, c.hosts...)
	}
}

// saidBy puts an Authority into one line.
func saidBy(a *record.Authority) string {
	if a == nil {
		return "not asked"
	}
	short := func(name string) string { return strings.TrimSuffix(name, ".dns.test") }
	var parts []string
	for _, v := range a.Views {
		var words, servers []string
		for _, s := range v.Servers {
			servers = append(servers, short(s))
		}
		for _, hop := range v.DNS.Chain {
			words = append(words, hop.Value)
		}
		for _, addr := range slices.Concat(v.DNS.A.Addrs, v.DNS.AAAA.Addrs) {
			words = append(words, addr.String())
		}
		switch {
		case v.DNS.Loop:
			words = append(words, "loop")
		case v.DNS.A.Answer != record.Answered:
			words = append(words, string(v.DNS.A.Answer))
		}
		parts = append(parts, strings.Join(servers, " ")+": "+strings.Join(words, " "))
	}
	for _, s := range a.Servers {
		if s.Answer != record.Answered && s.Answer != record.NoData && s.Answer != record.NXDomain || !s.Addr.IsValid() {
			parts = append(parts, short(s.Name)+" "+string(s.Answer))
		}
	}
	return strings.Join(parts, "; ")
}

// Each row goes from real name servers through the real code; the resolver's
// own answer stays as it is beside theirs.
func TestAuthorities(t *testing.T) {
	t.Parallel()
	cases := authorityCases()
	var zones []string
	for _, c := range cases {
		zones = append(zones, c.zone)
	}
	w := newWorld(t, zones...)
	w.Resolver.Set("private.dns.test", "300 A 10.0.0.1")
	w.Resolver.Set("circle.test", "CNAME elcric.test.")
	w.Resolver.Set("elcric.test", "CNAME circle.test.")
	for _, c := range cases {
		t.Run(c.zone, func(t *testing.T) {
			t.Parallel()
			c.set(w)
			// A Verifier of its own, so that no row profits from another's
			// knowledge of who is silent.
			got := observe(t, inWorld(w, 6*time.Second), record.Question{Name: "www." + c.zone, Target: "edge.test", DNS: true}).DNS
			if text := saidBy(got.Authority); text != c.want {
				t.Fatalf("the authorities: %s\nwant: %s\n%+v", text, c.want, got.Authority)
			}
			if got.Authority != nil && got.Authority.Zone != c.zone {
				t.Errorf("the zone is %s", got.Authority.Zone)
			}
			if c.wantTTL != "" && got.Authority.Views[0].DNS.TTL.String() != c.wantTTL {
				t.Errorf("their TTL is %s, want %s", got.Authority.Views[0].DNS.TTL, c.wantTTL)
			}
			if len(c.resolver) > 0 && c.resolver[0] == wrong && got.TTL != 10*time.Minute {
				t.Errorf("the resolver's TTL is %s", got.TTL)
			}
		})
	}
}

// Names that lead where they should cost nothing more, unless it is asked for.
func TestAuthoritiesAreAskedInDoubtOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "shop.example")
	w.Resolver.Set("www.shop.example", right)
	w.Hosts[0].Set("www.shop.example", wrong)
	w.Hosts[1].Set("www.shop.example", wrong)
	v := inWorld(w, 6*time.Second)
	q := record.Question{Name: "www.shop.example", Target: "edge.test", DNS: true, CAA: true}
	if got := observe(t, v, q); got.DNS.Authority != nil || w.Hosts[0].Questions()+w.Registry.Questions() != 0 {
		t.Errorf("asked %d times: %+v", w.Hosts[0].Questions(), got.DNS)
	}
	q.Authorities = true
	if got := saidBy(observe(t, v, q).DNS.Authority); got != "ns1 ns2: 192.0.2.9" {
		t.Errorf("asked for, they say %s", got)
	}
}

// A silent server costs its own time-out, once for all of its domains, and a
// name beside it nothing.
func TestSilentNameServersAreAskedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "dead.example")
	for _, s := range w.Hosts {
		s.Fail("dead.example", 0, dns.Fault{Silent: true, Subtree: true})
	}
	v := inWorld(w, 6*time.Second)
	for i := range 10 {
		name := fmt.Sprintf("www%d.dead.example", i)
		w.Resolver.Set(name, wrong)
		got := observe(t, v, record.Question{Name: name, Target: "edge.test", DNS: true}).DNS
		if text := saidBy(got.Authority); text != "ns1 timeout; ns2 timeout" {
			t.Fatalf("%s: %s", name, text)
		}
	}
	// Two tries for A and two for AAAA.
	if n := w.Hosts[0].Questions(); n != 4 {
		t.Errorf("a silent server was asked %d times, want 4", n)
	}
}

// The whole of a look at a dead zone stays within its deadline, and says so of
// the zone, not of us.
func TestDeadZoneWithinTheDeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "dead.example")
	for _, s := range []*dns.Server{w.Resolver, w.Hosts[0], w.Hosts[1]} {
		s.Fail("dead.example", 0, dns.Fault{Silent: true, Subtree: true})
	}
	const timeout = 3 * time.Second
	began := time.Now()
	got := observe(t, inWorld(w, timeout), record.Question{
		Name: "www.dead.example", Target: "edge.test", DNS: true, CAA: true, Probe: true, ProbeToken: token, Served: true,
	})
	if took := time.Since(began); took > timeout+timeout/2 {
		t.Errorf("it took %s", took)
	}
	if got.DNS.A.Answer != record.TimedOut || saidBy(got.DNS.Authority) != "ns1 timeout; ns2 timeout" {
		t.Errorf("%+v %s", got.DNS, saidBy(got.DNS.Authority))
	}
}

// However a stranger's zone is made, a look asks a bounded number of questions:
// here every alias leads to another, one an answer, at every level of the climb.
func TestQuestionsAreBounded(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	addr := answering(t, func(q mdns.Question) string {
		if n := asked.Add(1); q.Name != "." {
			return fmt.Sprintf("%s 300 IN CNAME a%d.more.example.", q.Name, n)
		}
		return ". 300 IN NS a."
	})
	v := verify.New(verify.Config{Resolvers: []string{addr}})
	got := observe(t, v, record.Question{
		Name: "a.b.c.d.e.f.g.h.i.example", Target: "edge.test", DNS: true, CAA: true, Authorities: true, Probe: true, ProbeToken: token,
	})
	if n := asked.Load(); n > 128 {
		t.Errorf("%d questions", n)
	}
	if !got.DNS.Loop {
		t.Errorf("%+v", got.DNS)
	}
}

// One who was stopped by the bound could not ask; that is not the name's fault.
func TestWhatIsLeftUnaskedIsUnknown(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	addr := answering(t, func(q mdns.Question) string {
		if asked.Add(1); q.Name == "." {
			return ". 300 IN NS a."
		}
		return ""
	})
	// Each label costs a step of the climb and one of the search for the zone.
	name := strings.Repeat("a.", 120) + "example"
	got := observe(t, verify.New(verify.Config{Resolvers: []string{addr}}), record.Question{Name: name, Target: "edge.test", DNS: true, CAA: true})
	if n := asked.Load(); n > 128 {
		t.Errorf("%d questions", n)
	}
	if got.CAA.Answer != record.NoAnswer && got.CAA.Answer != record.NoData {
		t.Errorf("%+v", got.CAA)
	}
}
