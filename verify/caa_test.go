package verify_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	mdns "github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/record"
)

func setCAA(s *dns.Server) {
	s.Set("shop.example", `CAA 0 issue "ca.test; validationmethods=http-01"`, `CAA 128 TBS "x"`, `CAA 1 IssueWild ";"`)
	s.Set("own.shop.example", `CAA 0 iodef "mailto:a@shop.example"`)
	s.Set("deep.www.shop.example", "A 192.0.2.1")
	s.Set("alias.plain.example", "CNAME shop.example.")
	s.Set("far.plain.example", "CNAME www.shop.example.")
	s.Set("www.tld", "A 192.0.2.1")
	s.Set("tld", `CAA 0 issue "registry.test"`)
	s.Set("loop.example", "CNAME pool.example.")
	s.Set("pool.example", "CNAME loop.example.")

	s.Set("www.nocaa.example", "A 192.0.2.1")
	s.Set("nocaa.example", "A 192.0.2.1")
	s.Fail("nocaa.example", mdns.TypeCAA, dns.Fault{Rcode: mdns.RcodeNotImplemented, Subtree: true})
	s.Set("parent.example", "A 192.0.2.1")
	s.Set("www.parent.example", "A 192.0.2.1")
	s.Fail("parent.example", mdns.TypeCAA, dns.Fault{Rcode: mdns.RcodeServerFailure})
	s.Fail("down.example", 0, dns.Fault{Rcode: mdns.RcodeServerFailure, Subtree: true})
	s.Set("below.stopped.example", `CAA 0 issue "ca.test"`)
	s.Fail("stopped.example", mdns.TypeCAA, dns.Fault{Rcode: mdns.RcodeServerFailure})
}

// The rows follow RFC 8659, section 3 (the climb) and section 4.1 (the
// record).
func TestCAA(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	setCAA(s)
	shop := &record.CAA{Zone: "shop.example", Answer: record.Answered, Records: []record.CAARecord{
		{Tag: "issue", Value: "ca.test; validationmethods=http-01"}, {Flags: 128, Critical: true, Tag: "tbs", Value: "x"}, {Flags: 1, Critical: true, Tag: "issuewild", Value: ";"},
	}}
	circle := []record.RR{cname("loop.example", "pool.example"), cname("pool.example", "loop.example")}
	at := func(set *record.CAA, zone string, chain ...record.RR) *record.CAA {
		c := *set
		c.Zone, c.Chain = zone, chain
		return &c
	}
	cases := []struct {
		what, name string
		want       *record.CAA
	}{
		{"at the name", "shop.example", shop},
		{"at a parent", "deep.www.shop.example", shop},
		{"below a name that does not exist", "not.there.shop.example", shop},
		{"the closest set wins", "a.own.shop.example", &record.CAA{Zone: "own.shop.example", Answer: record.Answered, Records: []record.CAARecord{{Tag: "iodef", Value: "mailto:a@shop.example"}}}},
		{"a wildcard climbs from its base", "*.shop.example", shop},
		{"a wildcard below the set", "*.a.shop.example", shop},
		{"a question follows aliases", "alias.plain.example", at(shop, "alias.plain.example", cname("alias.plain.example", "shop.example"))},
		{"the climb does not (RFC 8659, not RFC 6844)", "far.plain.example", &record.CAA{Answer: record.NoData}},
		{"the top-level domain counts", "www.tld", &record.CAA{Zone: "tld", Answer: record.Answered, Records: []record.CAARecord{{Tag: "issue", Value: "registry.test"}}}},
		{"none anywhere", "plain.example", &record.CAA{Answer: record.NoData}},
		{"no CAA support", "www.nocaa.example", &record.CAA{Zone: "www.nocaa.example", Answer: record.NotImp, OthersAnswer: true}},
		{"an error at a parent", "www.parent.example", &record.CAA{Zone: "parent.example", Answer: record.ServFail, OthersAnswer: true}},
		{"a set below an error", "below.stopped.example", &record.CAA{Zone: "below.stopped.example", Answer: record.Answered, Records: []record.CAARecord{{Tag: "issue", Value: "ca.test"}}}},
		{"everything is down", "www.down.example", &record.CAA{Zone: "www.down.example", Answer: record.ServFail}},
		{"a wildcard over a failure", "*.nocaa.example", &record.CAA{Zone: "nocaa.example", Answer: record.NotImp, OthersAnswer: true}},
		{"aliases in a circle", "loop.example", &record.CAA{Zone: "loop.example", Answer: record.ServFail, Loop: true, Chain: circle}},
	}
	v := newVerifier(s)
	for _, c := range cases {
		got := observe(t, v, record.Question{Name: c.name, CAA: true})
		if diff := cmp.Diff(c.want, got.CAA, cmpopts.IgnoreFields(record.CAA{}, "Detail"), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, diff)
		}
	}
	if n := s.Asked(".", mdns.TypeCAA); n != 0 {
		t.Errorf("the climb reached the root %d times", n)
	}
}

func TestWildcardsHaveNoHost(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Set("*.shop.example", "A 127.0.0.1")
	got := observe(t, newVerifier(s), record.Question{Name: "*.shop.example", DNS: true, CAA: true, Probe: true, ProbeToken: token, Served: true})
	if got.Probe != nil || got.Served != nil || got.DNS == nil || got.CAA == nil {
		t.Errorf("a wildcard's observation: %+v", got)
	}
}
