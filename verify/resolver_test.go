package verify_test

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mdns "github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

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
		if got.Probe.Result != record.ProbeNotAsked || got.Served[0].Answer != record.NoAnswer {
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
	return answering(t, func(q mdns.Question) string { return answers[q.Name+" "+mdns.TypeToString[q.Qtype]] })
}

// answering serves one record an answer, NODATA where answer gives none.
func answering(t *testing.T, answer func(mdns.Question) string) string {
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
		if text := answer(q); text != "" {
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
		if got.DNS.A.Answer != record.NoAnswer || got.CAA.Answer != record.NoAnswer || got.Probe.Result != record.ProbeNotAsked || got.Served[0].Answer != record.NoAnswer {
			t.Errorf("cut off: %+v %+v %+v %+v", got.DNS, got.CAA, got.Probe, got.Served)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Observe outlives its context")
	}
}

// AD counts only where every zone of the answer is signed.
func TestAuthenticatedAnswers(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Set("www.signed.example", "CNAME edge.example.net.")
	s.Set("signed.example", "A 192.0.2.1", `CAA 0 issue "ca.test"`)
	s.Set("edge.example.net", "A 192.0.2.1")
	s.Sign("signed.example")
	v := newVerifier(s)
	for name, want := range map[string]bool{"signed.example": true, "www.signed.example": false, "edge.example.net": false} {
		if got := observe(t, v, record.Question{Name: name, DNS: true}).DNS.A; got.Authenticated != want {
			t.Errorf("%s: %+v, want %v", name, got, want)
		}
	}
	if got := observe(t, v, record.Question{Name: "www.signed.example", CAA: true}).CAA; !got.Authenticated || got.Zone != "signed.example" {
		t.Errorf("CAA: %+v", got)
	}
}
