package verify_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	mdns "github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/record"
)

func cname(name, value string) record.RR { return record.RR{Type: "CNAME", Name: name, Value: value} }

// dnsCase is a name, what it is meant to point at, and what is seen there.
type dnsCase struct {
	what, name, target string
	want               record.DNS
}

func addresses(texts ...string) record.Addresses {
	return record.Addresses{Answer: record.Answered, Addrs: ips(texts...)}
}

var (
	none = record.Addresses{Answer: record.NoData}
	gone = record.Addresses{Answer: record.NXDomain}
)

func checkDNS(t *testing.T, s *dns.Server, cases []dnsCase) {
	t.Helper()
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
}

func TestDNS(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Set("edge.example.net", "A 192.0.2.2", "A 192.0.2.1", "AAAA 2001:db8::1")
	s.Set("www.shop.example", "CNAME www.dns.Example.net.")
	s.Set("www.dns.example.net", "CNAME edge.example.net.")
	s.Set("shop.example", "A 192.0.2.1")
	s.Set("text.shop.example", "TXT hello")
	s.Set("dangling.shop.example", "CNAME gone.old.example.")
	s.Set("*.wild.example", "A 192.0.2.9")

	checkDNS(t, s, []dnsCase{
		{"an alias through the target", "www.shop.example", "www.dns.example.net", record.DNS{
			Chain: []record.RR{cname("www.shop.example", "www.dns.example.net"), cname("www.dns.example.net", "edge.example.net")},
			A:     addresses("192.0.2.1", "192.0.2.2"), AAAA: addresses("2001:db8::1"),
			Target: ips("192.0.2.1", "192.0.2.2", "2001:db8::1"),
		}},
		{"an alias elsewhere", "www.shop.example", "shop.example", record.DNS{
			Chain: []record.RR{cname("www.shop.example", "www.dns.example.net"), cname("www.dns.example.net", "edge.example.net")},
			A:     addresses("192.0.2.1", "192.0.2.2"), AAAA: addresses("2001:db8::1"), Target: ips("192.0.2.1"),
		}},
		{"an address and no IPv6", "SHOP.example.", "", record.DNS{A: addresses("192.0.2.1"), AAAA: none}},
		{"an apex that may be an ALIAS", "shop.example", "edge.example.net", record.DNS{
			A: addresses("192.0.2.1"), AAAA: none, Target: ips("192.0.2.1", "192.0.2.2", "2001:db8::1"),
		}},
		{"no data", "text.shop.example", "", record.DNS{A: none, AAAA: none}},
		{"NXDOMAIN", "nope.shop.example", "nope.example.net", record.DNS{A: gone, AAAA: gone}},
		{"a dangling alias", "dangling.shop.example", "", record.DNS{
			Chain: []record.RR{cname("dangling.shop.example", "gone.old.example")}, A: gone, AAAA: gone,
		}},
		{"a wildcard", "*.wild.example", "", record.DNS{A: addresses("192.0.2.9"), AAAA: none}},
	})
}

func TestDNSFaults(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Set("loop.shop.example", "CNAME pool.shop.example.")
	s.Set("pool.shop.example", "CNAME loop.shop.example.")
	s.Set("hidden.shop.example", "CNAME laid.shop.example.")
	s.Set("laid.shop.example", "CNAME hidden.shop.example.")
	s.Fail("hidden.shop.example", mdns.TypeA, dns.Fault{Rcode: mdns.RcodeServerFailure})
	s.Fail("hidden.shop.example", mdns.TypeAAAA, dns.Fault{Rcode: mdns.RcodeServerFailure})
	s.Set("signed.example", "A 192.0.2.1")
	s.Fail("signed.example", 0, dns.Fault{Rcode: mdns.RcodeServerFailure, EDE: 9, OnlyWithoutCD: true})
	s.Fail("down.example", 0, dns.Fault{Rcode: mdns.RcodeServerFailure, EDE: 22, Text: "at \x1b[31m192.0.2.53\u202e"})
	s.Fail("refused.example", 0, dns.Fault{Rcode: mdns.RcodeRefused})
	failed := func(answer record.Answer, cd bool, ede ...uint16) record.Addresses {
		return record.Addresses{Answer: answer, CheckingDisabled: cd, EDE: ede}
	}

	checkDNS(t, s, []dnsCase{
		{"a loop", "loop.shop.example", "", record.DNS{
			Chain: []record.RR{cname("loop.shop.example", "pool.shop.example"), cname("pool.shop.example", "loop.shop.example")},
			Loop:  true, A: none, AAAA: none,
		}},
		{"a loop behind SERVFAIL", "hidden.shop.example", "", record.DNS{
			Chain: []record.RR{cname("hidden.shop.example", "laid.shop.example"), cname("laid.shop.example", "hidden.shop.example")},
			Loop:  true, A: failed(record.ServFail, false), AAAA: failed(record.ServFail, false),
		}},
		{"broken DNSSEC", "signed.example", "", record.DNS{A: failed(record.ServFail, true, 9), AAAA: failed(record.ServFail, true, 9)}},
		{"a dead zone", "down.example", "", record.DNS{A: failed(record.ServFail, false, 22), AAAA: failed(record.ServFail, false, 22)}},
		{"REFUSED", "refused.example", "", record.DNS{A: failed(record.Refused, false), AAAA: failed(record.Refused, false)}},
		{"no name", "", "", record.DNS{A: failed(record.NoAnswer, false), AAAA: failed(record.NoAnswer, false)}},
		{"a label too long", strings.Repeat("a", 64) + ".example", "", record.DNS{A: failed(record.NoAnswer, false), AAAA: failed(record.NoAnswer, false)}},
	})
	detail := observe(t, newVerifier(s), record.Question{Name: "down.example", DNS: true}).DNS.A.Detail
	if want := s.Addr() + " answers SERVFAIL, extended error 22 No Reachable Authority: at 192.0.2.53"; detail != want {
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
