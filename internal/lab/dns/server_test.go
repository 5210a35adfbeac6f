package dns_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mdns "github.com/miekg/dns"
	"go.uber.org/goleak"

	"github.com/acmsync/acmsync/internal/lab/dns"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T) *dns.Server {
	t.Helper()
	s, err := dns.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// ask sends one question; network is "udp" or "tcp".
func ask(t *testing.T, s *dns.Server, network, name string, qtype uint16, cd bool) *mdns.Msg {
	t.Helper()
	request := new(mdns.Msg).SetQuestion(mdns.Fqdn(name), qtype)
	request.SetEdns0(1232, true)
	request.CheckingDisabled = cd
	client := &mdns.Client{Net: network, Timeout: 5 * time.Second}
	reply, _, err := client.Exchange(request, s.Addr())
	if err != nil {
		t.Fatalf("asking %s %s: %v", name, mdns.TypeToString[qtype], err)
	}
	return reply
}

// said puts a reply into one line: rcode, answers, and what is in authority.
func said(m *mdns.Msg) string {
	parts := []string{mdns.RcodeToString[m.Rcode]}
	for _, rr := range m.Answer {
		parts = append(parts, strings.ReplaceAll(rr.String(), "\t", " "))
	}
	for _, rr := range m.Ns {
		parts = append(parts, "/ "+rr.Header().Name+" "+mdns.TypeToString[rr.Header().Rrtype])
	}
	return strings.Join(parts, "; ")
}

func TestAnswersLikeAResolver(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Set("shop.example", "SOA ns.shop.example. host.shop.example. 1 1 1 1 60", "NS ns.shop.example.", `CAA 128 issue "ca.test"`)
	s.Set("www.shop.example", "CNAME edge.example.net.")
	s.Set("edge.example.net", "300 A 192.0.2.1", "A 192.0.2.2")
	s.Set("dangling.shop.example", "CNAME gone.example.org.")
	s.Set("loop.shop.example", "CNAME pool.shop.example.")
	s.Set("pool.shop.example", "CNAME loop.shop.example.")
	s.Set("*.wild.shop.example", "A 192.0.2.3")

	cases := []struct {
		what, name string
		qtype      uint16
		want       string
	}{
		{"an alias with its address", "WWW.shop.example", mdns.TypeA, "NOERROR; www.shop.example. 0 IN CNAME edge.example.net.; edge.example.net. 300 IN A 192.0.2.1; edge.example.net. 0 IN A 192.0.2.2"},
		{"an alias without the type", "www.shop.example", mdns.TypeAAAA, "NOERROR; www.shop.example. 0 IN CNAME edge.example.net.; / . SOA"},
		{"the alias itself", "www.shop.example", mdns.TypeCNAME, "NOERROR; www.shop.example. 0 IN CNAME edge.example.net."},
		{"no data", "shop.example", mdns.TypeA, "NOERROR; / shop.example. SOA"},
		{"an empty non-terminal", "example", mdns.TypeA, "NOERROR; / . SOA"},
		{"CAA", "shop.example", mdns.TypeCAA, `NOERROR; shop.example. 0 IN CAA 128 issue "ca.test"`},
		{"name servers", "shop.example", mdns.TypeNS, "NOERROR; shop.example. 0 IN NS ns.shop.example."},
		{"the root", ".", mdns.TypeNS, "NOERROR; . 0 IN NS a.root-servers.test."},
		{"no such name", "nope.shop.example", mdns.TypeA, "NXDOMAIN; / shop.example. SOA"},
		{"an alias to no such name", "dangling.shop.example", mdns.TypeA, "NXDOMAIN; dangling.shop.example. 0 IN CNAME gone.example.org.; / . SOA"},
		{"a loop", "loop.shop.example", mdns.TypeA, "NOERROR; loop.shop.example. 0 IN CNAME pool.shop.example.; pool.shop.example. 0 IN CNAME loop.shop.example."},
		{"a wildcard", "any.wild.shop.example", mdns.TypeA, "NOERROR; any.wild.shop.example. 0 IN A 192.0.2.3"},
		{"a wildcard by its own name", "*.wild.shop.example", mdns.TypeA, "NOERROR; *.wild.shop.example. 0 IN A 192.0.2.3"},
	}
	for _, c := range cases {
		for _, network := range []string{"udp", "tcp"} {
			if diff := cmp.Diff(c.want, said(ask(t, s, network, c.name, c.qtype, false))); diff != "" {
				t.Errorf("%s over %s (-want +got):\n%s", c.what, network, diff)
			}
		}
	}
}

func TestChangesAreSeenAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	steps := []struct {
		do   func()
		want string
	}{
		{func() {}, "NXDOMAIN; / . SOA"},
		{func() { s.Set("a.example", "A 192.0.2.1", "TXT hello") }, "NOERROR; a.example. 0 IN A 192.0.2.1"},
		{func() { s.Set("a.example", "A 192.0.2.2") }, "NOERROR; a.example. 0 IN A 192.0.2.2"},
		{func() { s.Set("a.example", "CNAME b.example.") }, "NXDOMAIN; a.example. 0 IN CNAME b.example.; / . SOA"},
		{func() { s.Set("a.example", "A 192.0.2.3", "TXT x") }, "NOERROR; a.example. 0 IN A 192.0.2.3"},
		{func() { s.Remove("a.example", mdns.TypeA) }, "NOERROR; / . SOA"},
		{func() { s.Remove("a.example", mdns.TypeTXT) }, "NXDOMAIN; / . SOA"},
		{func() { s.Set("a.example") }, "NOERROR; / . SOA"},
		{func() { s.Remove("a.example", 0) }, "NXDOMAIN; / . SOA"},
	}
	for i, step := range steps {
		step.do()
		if diff := cmp.Diff(step.want, said(ask(t, s, "udp", "a.example", mdns.TypeA, false))); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
	}
	if got := ask(t, s, "udp", "example", mdns.TypeA, false); got.Rcode != mdns.RcodeNameError {
		t.Errorf("the parent outlives its last child: %s", said(got))
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Set("shop.example", "A 192.0.2.1")
	s.Set("www.shop.example", "CNAME shop.example.")
	s.Fail("shop.example", 0, dns.Fault{Rcode: mdns.RcodeServerFailure, EDE: 9, Text: "no DNSKEY", OnlyWithoutCD: true, Subtree: true})

	for _, name := range []string{"shop.example", "www.shop.example", "other.shop.example"} {
		broken := ask(t, s, "udp", name, mdns.TypeA, false)
		if broken.Rcode != mdns.RcodeServerFailure {
			t.Errorf("%s: %s, want SERVFAIL", name, said(broken))
		}
		opt := broken.IsEdns0()
		if opt == nil || len(opt.Option) != 1 || opt.Option[0].String() != "9 (DNSKEY Missing): (no DNSKEY)" {
			t.Errorf("%s: no extended error in %v", name, opt)
		}
		if got := ask(t, s, "udp", name, mdns.TypeA, true); got.Rcode == mdns.RcodeServerFailure {
			t.Errorf("%s under CD: %s", name, said(got))
		}
	}
	s.Mend("shop.example", 0)
	if got := ask(t, s, "udp", "www.shop.example", mdns.TypeA, false); len(got.Answer) != 2 {
		t.Errorf("mended: %s", said(got))
	}
}

func TestFaultOfOneType(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Set("a.example", "A 192.0.2.1")
	s.Fail("a.example", mdns.TypeCAA, dns.Fault{Rcode: mdns.RcodeNotImplemented})
	if got := ask(t, s, "udp", "a.example", mdns.TypeCAA, false); got.Rcode != mdns.RcodeNotImplemented {
		t.Errorf("CAA: %s", said(got))
	}
	if got := ask(t, s, "udp", "a.example", mdns.TypeA, false); len(got.Answer) != 1 {
		t.Errorf("A: %s", said(got))
	}
}

func TestSilence(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Fail("a.example", mdns.TypeA, dns.Fault{Silent: true})
	request := new(mdns.Msg).SetQuestion("a.example.", mdns.TypeA)
	_, _, err := (&mdns.Client{Timeout: 100 * time.Millisecond}).Exchange(request, s.Addr())
	var timeout net.Error
	if !errors.As(err, &timeout) && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a silent server gave %v, want a timeout", err)
	}
	if s.Asked("a.example", mdns.TypeA) != 1 {
		t.Error("the question was not counted")
	}
}

func TestLargeAnswersAreTruncatedOverUDP(t *testing.T) {
	t.Parallel()
	s := start(t)
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf("A 192.0.2.%d", i))
	}
	s.Set("many.example", many...)
	if got := ask(t, s, "udp", "many.example", mdns.TypeA, false); !got.Truncated || len(got.Answer) == 100 {
		t.Errorf("over UDP: truncated %v, %d answers", got.Truncated, len(got.Answer))
	}
	if got := ask(t, s, "tcp", "many.example", mdns.TypeA, false); got.Truncated || len(got.Answer) != 100 {
		t.Errorf("over TCP: truncated %v, %d answers", got.Truncated, len(got.Answer))
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	s := start(t)
	ask(t, s, "udp", "a.example", mdns.TypeA, false)
	ask(t, s, "tcp", "A.example", mdns.TypeA, false)
	ask(t, s, "udp", "a.example", mdns.TypeAAAA, false)
	got := []int{s.Questions(), s.Asked("a.EXAMPLE.", mdns.TypeA), s.Asked("a.example", 0), s.Asked("b.example", 0)}
	if diff := cmp.Diff([]int{3, 2, 3, 0}, got); diff != "" {
		t.Errorf("all, A, every type, another name (-want +got):\n%s", diff)
	}
}

func TestSetRefusesWhatIsNoRecord(t *testing.T) {
	t.Parallel()
	s := start(t)
	defer func() {
		if recover() == nil {
			t.Error("a mistyped record was accepted")
		}
	}()
	s.Set("a.example", "A not-an-address")
}

// TestRaw: a record's bytes are sent as they are, over TCP where they are many.
func TestRaw(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, size := range []int{4, 5000} {
		data := append([]byte{0xc0, 12, 0xff, 0, 0, 1, 0, 0, 0, 0, byte(size >> 8), byte(size)}, make([]byte, size)...)
		s.Fail("a.example", 0xff00, dns.Fault{Raw: func(int) []byte { return data }})
		if got := ask(t, s, "udp", "a.example", 0xff00, false); got.Truncated != (size > 1232) {
			t.Errorf("%d bytes over UDP: truncated %v", size, got.Truncated)
		}
		if got := ask(t, s, "tcp", "a.example", 0xff00, false); len(got.Answer) != 1 || int(got.Answer[0].Header().Rdlength) != size {
			t.Errorf("%d bytes over TCP: %v", size, got.Answer)
		}
	}
}
