package verify_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	mdns "github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

func cname(name, value string) record.RR { return record.RR{Type: "CNAME", Name: name, Value: value} }

func TestDNS(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Set("edge.example.net", "A 192.0.2.2", "A 192.0.2.1", "AAAA 2001:db8::1")
	s.Set("www.shop.example", "CNAME www.dns.Example.net.")
	s.Set("www.dns.example.net", "CNAME edge.example.net.")
	s.Set("shop.example", "A 192.0.2.1")
	s.Set("text.shop.example", "TXT hello")
	s.Set("dangling.shop.example", "CNAME gone.old.example.")
	s.Set("loop.shop.example", "CNAME pool.shop.example.")
	s.Set("pool.shop.example", "CNAME loop.shop.example.")
	s.Set("hidden.shop.example", "CNAME laid.shop.example.")
	s.Set("laid.shop.example", "CNAME hidden.shop.example.")
	s.Fail("hidden.shop.example", mdns.TypeA, dns.Fault{Rcode: mdns.RcodeServerFailure})
	s.Fail("hidden.shop.example", mdns.TypeAAAA, dns.Fault{Rcode: mdns.RcodeServerFailure})
	s.Set("*.wild.example", "A 192.0.2.9")
	s.Set("signed.example", "A 192.0.2.1")
	s.Fail("signed.example", 0, dns.Fault{Rcode: mdns.RcodeServerFailure, EDE: 9, OnlyWithoutCD: true})
	s.Fail("down.example", 0, dns.Fault{Rcode: mdns.RcodeServerFailure, EDE: 22, Text: "at \x1b[31m192.0.2.53\u202e"})
	s.Fail("refused.example", 0, dns.Fault{Rcode: mdns.RcodeRefused})

	answered := func(addrs ...string) record.Addresses {
		return record.Addresses{Answer: record.Answered, Addrs: ips(addrs...)}
	}
	none := record.Addresses{Answer: record.NoData}
	gone := record.Addresses{Answer: record.NXDomain}
	failed := func(answer record.Answer, cd bool, ede ...uint16) record.Addresses {
		return record.Addresses{Answer: answer, CheckingDisabled: cd, EDE: ede}
	}
	cases := []struct {
		what, name, target string
		want               record.DNS
	}{
		{"an alias through the target", "www.shop.example", "www.dns.example.net", record.DNS{
			Chain: []record.RR{cname("www.shop.example", "www.dns.example.net"), cname("www.dns.example.net", "edge.example.net")},
			A:     answered("192.0.2.1", "192.0.2.2"), AAAA: answered("2001:db8::1"),
			Target: ips("192.0.2.1", "192.0.2.2", "2001:db8::1"),
		}},
		{"an alias elsewhere", "www.shop.example", "shop.example", record.DNS{
			Chain: []record.RR{cname("www.shop.example", "www.dns.example.net"), cname("www.dns.example.net", "edge.example.net")},
			A:     answered("192.0.2.1", "192.0.2.2"), AAAA: answered("2001:db8::1"), Target: ips("192.0.2.1"),
		}},
		{"an address and no IPv6", "SHOP.example.", "", record.DNS{A: answered("192.0.2.1"), AAAA: none}},
		{"an apex that may be an ALIAS", "shop.example", "edge.example.net", record.DNS{
			A: answered("192.0.2.1"), AAAA: none, Target: ips("192.0.2.1", "192.0.2.2", "2001:db8::1"),
		}},
		{"no data", "text.shop.example", "", record.DNS{A: none, AAAA: none}},
		{"NXDOMAIN", "nope.shop.example", "nope.example.net", record.DNS{A: gone, AAAA: gone}},
		{"a dangling alias", "dangling.shop.example", "", record.DNS{
			Chain: []record.RR{cname("dangling.shop.example", "gone.old.example")}, A: gone, AAAA: gone,
		}},
		{"a loop", "loop.shop.example", "", record.DNS{
			Chain: []record.RR{cname("loop.shop.example", "pool.shop.example"), cname("pool.shop.example", "loop.shop.example")},
			Loop:  true, A: none, AAAA: none,
		}},
		{"a loop behind SERVFAIL", "hidden.shop.example", "", record.DNS{
			Chain: []record.RR{cname("hidden.shop.example", "laid.shop.example"), cname("laid.shop.example", "hidden.shop.example")},
			Loop:  true, A: failed(record.ServFail, false), AAAA: failed(record.ServFail, false),
		}},
		{"a wildcard", "*.wild.example", "", record.DNS{A: answered("192.0.2.9"), AAAA: none}},
		{"broken DNSSEC", "signed.example", "", record.DNS{A: failed(record.ServFail, true, 9), AAAA: failed(record.ServFail, true, 9)}},
		{"a dead zone", "down.example", "", record.DNS{A: failed(record.ServFail, false, 22), AAAA: failed(record.ServFail, false, 22)}},
		{"REFUSED", "refused.example", "", record.DNS{A: failed(record.Refused, false), AAAA: failed(record.Refused, false)}},
		{"no name", "", "", record.DNS{A: failed(record.NoAnswer, false), AAAA: failed(record.NoAnswer, false)}},
		{"a label too long", strings.Repeat("a", 64) + ".example", "", record.DNS{A: failed(record.NoAnswer, false), AAAA: failed(record.NoAnswer, false)}},
	}
	compare := cmp.Options{
		cmpopts.IgnoreFields(record.Addresses{}, "Detail"), cmpopts.EquateEmpty(), cmpopts.EquateComparable(ips("::1")[0]),
	}
	v := newVerifier(s)
	for _, c := range cases {
		got := observe(t, v, record.Question{Name: c.name, Target: c.target, DNS: true})
		if diff := cmp.Diff(&c.want, got.DNS, compare); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, diff)
		}
		if got.CAA != nil || got.Probe != nil || got.Served != nil {
			t.Errorf("%s: parts that were not asked for: %+v", c.what, got)
		}
	}
	detail := observe(t, v, record.Question{Name: "down.example", DNS: true}).DNS.A.Detail
	if want := s.Addr() + " answers SERVFAIL, extended error 22 No Reachable Authority: at [31m192.0.2.53"; detail != want {
		t.Errorf("detail %q, want %q", detail, want)
	}
}

func TestLongChains(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	for i := range 20 {
		s.Set(fmt.Sprintf("hop%d.example", i), fmt.Sprintf("CNAME hop%d.example.", i+1))
	}
	s.Set("hop20.example", "A 192.0.2.1")
	v := newVerifier(s)

	long := observe(t, v, record.Question{Name: "hop0.example", DNS: true}).DNS
	if !long.Loop || len(long.Chain) != 16 {
		t.Errorf("20 aliases: loop %v after %d, want true after 16", long.Loop, len(long.Chain))
	}
	short := observe(t, v, record.Question{Name: "hop5.example", DNS: true}).DNS
	if short.Loop || len(short.Chain) != 15 || short.A.Answer != record.Answered {
		t.Errorf("15 aliases: loop %v after %d, %s", short.Loop, len(short.Chain), short.A.Answer)
	}
}

func TestTruncatedAnswersAreAskedOverTCP(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	var many []string
	for i := range 200 {
		many = append(many, fmt.Sprintf("A 192.0.2.%d", i))
	}
	s.Set("many.example", many...)
	got := observe(t, newVerifier(s), record.Question{Name: "many.example", DNS: true})
	if n := len(got.DNS.A.Addrs); n != 200 {
		t.Errorf("%d addresses, want 200: %+v", n, got.DNS.A)
	}
}

// A silent name server of the domain's is told from a resolver that is out of
// reach by the resolver's answer to something else.
func TestSilence(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Fail("silent.example", 0, dns.Fault{Silent: true})
	v := verify.New(verify.Config{Resolvers: []string{s.Addr()}, Timeout: 3 * time.Second})
	got := observe(t, v, record.Question{Name: "silent.example", DNS: true, CAA: true, Probe: true, ProbeToken: token})
	if got.DNS.A.Answer != record.TimedOut || got.DNS.AAAA.Answer != record.TimedOut {
		t.Errorf("a silent zone: %+v, want time-outs", got.DNS)
	}
	if got.CAA.Answer != record.TimedOut || got.CAA.Zone != "silent.example" || got.CAA.OthersAnswer {
		t.Errorf("a silent zone: %+v", got.CAA)
	}
	if got.Probe.Result != record.ProbeNoAddress {
		t.Errorf("a silent zone: %+v", got.Probe)
	}
	if s.Asked("silent.example", mdns.TypeA) != 3 {
		t.Errorf("%d tries, want 3", s.Asked("silent.example", mdns.TypeA))
	}
}

func TestResolverOutOfReach(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Fail(".", 0, dns.Fault{Silent: true, Subtree: true})
	refusing := newDNS(t)
	refusing.Fail(".", 0, dns.Fault{Rcode: mdns.RcodeRefused, Subtree: true})
	closed := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	everything := record.Question{Name: "a.example", Target: "b.example", DNS: true, CAA: true, Probe: true, ProbeToken: token, Served: true}

	for what, resolvers := range map[string][]string{
		"silent": {s.Addr()}, "refusing": {refusing.Addr()}, "closed": {closed}, "none": nil, "several": {closed, refusing.Addr()},
	} {
		v := verify.New(verify.Config{Resolvers: resolvers, Timeout: 1500 * time.Millisecond})
		got := observe(t, v, everything)
		if got.DNS.A.Answer != record.NoAnswer || got.DNS.AAAA.Answer != record.NoAnswer || got.DNS.A.Detail == "" {
			t.Errorf("%s: DNS %+v", what, got.DNS)
		}
		if got.CAA.Answer != record.NoAnswer || got.CAA.OthersAnswer {
			t.Errorf("%s: CAA %+v", what, got.CAA)
		}
		if got.Probe.Result != record.ProbeNotAsked || got.Served.Answer != record.NoAnswer {
			t.Errorf("%s: probe %+v, served %+v", what, got.Probe, got.Served)
		}
	}
}

// That a resolver worked before says nothing about now, and an outage is
// believed for a moment only.
func TestResolverComesBack(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Set("a.example", "A 192.0.2.1")
	v := verify.New(verify.Config{Resolvers: []string{s.Addr()}, Timeout: 1500 * time.Millisecond})
	if got := observe(t, v, record.Question{Name: "a.example", DNS: true}).DNS.A; got.Answer != record.Answered {
		t.Fatalf("before: %+v", got)
	}
	s.Fail(".", 0, dns.Fault{Silent: true, Subtree: true})
	if got := observe(t, v, record.Question{Name: "a.example", DNS: true}).DNS.A; got.Answer != record.NoAnswer {
		t.Fatalf("while it is out: %+v", got)
	}
	s.Mend(".", 0)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	deadline := time.After(10 * time.Second)
	for observe(t, v, record.Question{Name: "a.example", DNS: true}).DNS.A.Answer != record.Answered {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatal("the resolver is back and not asked")
		}
	}
}

func TestResolversInOrder(t *testing.T) {
	t.Parallel()
	first, second := newDNS(t), newDNS(t)
	for _, s := range []*dns.Server{first, second} {
		s.Set("a.example", "A 192.0.2.1")
		s.Set("b.example", "A 192.0.2.1")
		s.Set("c.example", "A 192.0.2.1")
	}
	first.Fail("b.example", 0, dns.Fault{Rcode: mdns.RcodeServerFailure})
	first.Fail("c.example", 0, dns.Fault{Rcode: mdns.RcodeServerFailure, OnlyWithoutCD: true})
	v := verify.New(verify.Config{Resolvers: []string{first.Addr(), second.Addr()}})

	if got := observe(t, v, record.Question{Name: "a.example", DNS: true}).DNS.A; got.Answer != record.Answered || second.Questions() != 0 {
		t.Errorf("the first answers: %+v, the second was asked %d times", got, second.Questions())
	}
	if got := observe(t, v, record.Question{Name: "b.example", DNS: true}).DNS.A; got.Answer != record.Answered {
		t.Errorf("the first fails: %+v, want the second's answer", got)
	}
	// A resolver that does not validate must not hide that validation fails.
	if got := observe(t, v, record.Question{Name: "c.example", DNS: true}).DNS.A; !got.CheckingDisabled || second.Asked("c.example", 0) != 0 {
		t.Errorf("broken DNSSEC: %+v, the second was asked %d times", got, second.Asked("c.example", 0))
	}
}

// A resolver that answers one alias at a time is followed to the end.
func TestAnswersThatStopShort(t *testing.T) {
	t.Parallel()
	addr := scripted(t, map[string]string{
		"a.example. A":    "a.example. 0 IN CNAME b.example.",
		"b.example. A":    "b.example. 0 IN CNAME c.example.",
		"c.example. A":    "c.example. 0 IN A 192.0.2.1",
		"a.example. AAAA": "a.example. 0 IN CNAME b.example.",
		"b.example. AAAA": "b.example. 0 IN CNAME a.example.",
	})
	v := verify.New(verify.Config{Resolvers: []string{addr}})
	got := observe(t, v, record.Question{Name: "a.example", DNS: true}).DNS
	if diff := cmp.Diff([]record.RR{cname("a.example", "b.example"), cname("b.example", "c.example")}, got.Chain); diff != "" {
		t.Errorf("chain (-want +got):\n%s", diff)
	}
	if got.A.Answer != record.Answered || got.AAAA.Answer != record.NoData || !got.Loop {
		t.Errorf("%+v", got)
	}
}

// scripted serves fixed answer sections by "name type", NODATA for others.
func scripted(t *testing.T, answers map[string]string) string {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	server := &mdns.Server{PacketConn: conn, NotifyStartedFunc: func() { close(ready) }}
	server.Handler = mdns.HandlerFunc(func(w mdns.ResponseWriter, request *mdns.Msg) {
		reply := new(mdns.Msg).SetReply(request)
		q := request.Question[0]
		if text := answers[q.Name+" "+mdns.TypeToString[q.Qtype]]; text != "" {
			rr, err := mdns.NewRR(text)
			if err != nil {
				t.Error(err)
			}
			reply.Answer = []mdns.RR{rr}
		}
		_ = w.WriteMsg(reply)
	})
	done := make(chan error, 1)
	go func() { done <- server.ActivateAndServe() }()
	<-ready
	t.Cleanup(func() { _ = server.Shutdown(); <-done })
	return conn.LocalAddr().String()
}

func TestObserveEndsWithItsContext(t *testing.T) {
	t.Parallel()
	silent, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	v := verify.New(verify.Config{Resolvers: []string{silent.LocalAddr().String()}})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan record.Observation, 1)
	go func() {
		ended <- v.Observe(ctx, record.Question{Name: "a.example", DNS: true, CAA: true, Probe: true, ProbeToken: token, Served: true})
	}()
	if _, _, err := silent.ReadFrom(make([]byte, 512)); err != nil {
		t.Fatal(err)
	}
	cancel()
	select {
	case got := <-ended:
		if got.DNS.A.Answer != record.NoAnswer || got.CAA.Answer != record.NoAnswer || got.Probe.Result != record.ProbeNotAsked || got.Served.Answer != record.NoAnswer {
			t.Errorf("cut off: %+v %+v %+v %+v", got.DNS, got.CAA, got.Probe, got.Served)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Observe outlives its context")
	}
}
