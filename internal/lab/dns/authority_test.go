package dns_test

import (
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/lab/dns"
)

// authority serves shop.example, of which it delegated team.shop.example.
func authority(t *testing.T) *dns.Server {
	t.Helper()
	s, err := dns.Start(dns.Options{Address: "127.0.0.2", Zones: []string{"shop.example"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	s.Set("shop.example", "SOA ns.shop.example. host.shop.example. 1 1 1 1 60", "A 192.0.2.1")
	s.Set("www.shop.example", "CNAME shop.example.")
	s.Set("out.shop.example", "CNAME edge.example.net.")
	s.Set("edge.example.net", "A 192.0.2.9")
	s.Set("team.shop.example", "NS ns.team.shop.example.")
	s.Set("ns.team.shop.example", "A 192.0.2.53")
	return s
}

func TestAuthority(t *testing.T) {
	t.Parallel()
	s := authority(t)
	cases := []struct {
		what, name, want string
		aa               bool
	}{
		{"its own name", "shop.example", "NOERROR; shop.example. 0 IN A 192.0.2.1", true},
		{"an alias inside", "www.shop.example", "NOERROR; www.shop.example. 0 IN CNAME shop.example.; shop.example. 0 IN A 192.0.2.1", true},
		{"an alias that leaves", "out.shop.example", "NOERROR; out.shop.example. 0 IN CNAME edge.example.net.", true},
		{"no such name", "nope.shop.example", "NXDOMAIN; / shop.example. SOA", true},
		{"what it delegated", "a.team.shop.example", "NOERROR; / team.shop.example. NS", false},
		{"somebody else's", "edge.example.net", "REFUSED", false},
	}
	for _, c := range cases {
		got := ask(t, s, "udp", c.name, mdns.TypeA, false)
		if said(got) != c.want || got.Authoritative != c.aa || got.RecursionAvailable {
			t.Errorf("%s: %s, AA %v, RA %v; want %s, AA %v", c.what, said(got), got.Authoritative, got.RecursionAvailable, c.want, c.aa)
		}
	}
	referred := ask(t, s, "udp", "a.team.shop.example", mdns.TypeA, false)
	if len(referred.Extra) != 2 { // the glue and OPT
		t.Errorf("a referral without glue: %v", referred.Extra)
	}
}

func TestShapedAnswers(t *testing.T) {
	t.Parallel()
	s := authority(t)
	s.Fail("shop.example", mdns.TypeA, dns.Fault{Lame: true})
	if got := ask(t, s, "udp", "shop.example", mdns.TypeA, false); got.Authoritative || len(got.Answer) != 1 {
		t.Errorf("lame: AA %v, %s", got.Authoritative, said(got))
	}
	s.Fail("shop.example", mdns.TypeA, dns.Fault{Truncated: true, NoTCP: true})
	if got := ask(t, s, "udp", "shop.example", mdns.TypeA, false); !got.Truncated || len(got.Answer) != 0 {
		t.Errorf("truncated: TC %v, %s", got.Truncated, said(got))
	}
	request := new(mdns.Msg).SetQuestion("shop.example.", mdns.TypeA)
	if _, _, err := (&mdns.Client{Net: "tcp", Timeout: 100 * time.Millisecond}).Exchange(request, s.Addr()); err == nil {
		t.Error("it answers over TCP")
	}
	s.Fail("shop.example", mdns.TypeA, dns.Fault{NoEDNS: true})
	if got := ask(t, s, "udp", "shop.example", mdns.TypeA, false); got.Rcode != mdns.RcodeFormatError || got.IsEdns0() != nil {
		t.Errorf("EDNS: %s, OPT %v", said(got), got.IsEdns0())
	}
	plain, _, err := new(mdns.Client).Exchange(request, s.Addr())
	if err != nil || plain.Rcode != mdns.RcodeSuccess {
		t.Errorf("without EDNS: %v %v", plain, err)
	}
}

func TestSignedAnswers(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Set("www.shop.example", "CNAME edge.example.net.")
	s.Set("edge.example.net", "A 192.0.2.1")
	s.Sign("shop.example")
	if got := ask(t, s, "udp", "www.shop.example", mdns.TypeA, false); got.AuthenticatedData {
		t.Error("an alias into an unsigned zone is authenticated")
	}
	s.Sign("example.net")
	if got := ask(t, s, "udp", "www.shop.example", mdns.TypeA, false); !got.AuthenticatedData {
		t.Error("an answer from two signed zones is not authenticated")
	}
}
