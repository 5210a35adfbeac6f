package diagnose

import (
	"net/netip"

	"github.com/acmsync/acmsync/internal/record"
)

const (
	blog   = "blog.shop.example"
	target = "blog.shop.example.dns.example.net"
	old    = "shop.oldplatform.example"
)

var (
	edgeAddr  = netip.MustParseAddr("203.0.113.10")
	elsewhere = netip.MustParseAddr("93.184.216.34")
	private   = netip.MustParseAddr("10.1.2.3")
	edgeV6    = netip.MustParseAddr("2606:4700::10")
	otherV6   = netip.MustParseAddr("2606:4700::1111")
)

var (
	dropHop = hop("https://www.shop.example/", false)
	keepHop = hop("https://"+blog+"/.well-known/acme-challenge/x", true)
)

func platform() record.Platform {
	return record.Platform{
		Target:        "{domain}.dns.example.net",
		Addresses:     []netip.Addr{edgeAddr},
		LegacyTargets: []string{"*.oldplatform.example"},
		CAAIdentities: []string{"letsencrypt.org"},
		AccountURI:    "https://ca.example/acct/7",
	}
}

func question() record.Question {
	return record.Question{Name: blog, Registered: "shop.example", App: "blog", Target: target}
}

// world builds an observation out of its parts.
type world func(*record.Observation)

func seen(parts ...world) record.Observation {
	o := record.Observation{Name: blog}
	for _, part := range parts {
		part(&o)
	}
	return o
}

func dns(d record.DNS) world {
	return func(o *record.Observation) {
		d.Target = []netip.Addr{edgeAddr}
		o.DNS = &d
	}
}

func cname(values ...string) []record.RR {
	owner, chain := blog, []record.RR(nil)
	for _, v := range values {
		chain = append(chain, record.RR{Type: "CNAME", Name: owner, Value: v})
		owner = v
	}
	return chain
}

func addrs(a ...netip.Addr) record.Addresses {
	if len(a) == 0 {
		return record.Addresses{Answer: record.NoData}
	}
	return record.Addresses{Answer: record.Answered, Addrs: a}
}

func answer(a record.Answer, ede ...uint16) record.Addresses {
	return record.Addresses{Answer: a, EDE: ede}
}

var bogusAnswer = record.Addresses{Answer: record.ServFail, CheckingDisabled: true}

// right is a name as it should be; to leads with a CNAME to addresses.
func right() world { return to(target, edgeAddr) }

func to(value string, a ...netip.Addr) world {
	return dns(record.DNS{Chain: cname(value), A: addrs(a...), AAAA: addrs()})
}

// plain is a name with addresses of its own.
func plain(v4, v6 []netip.Addr) world { return dns(record.DNS{A: addrs(v4...), AAAA: addrs(v6...)}) }

func both(a, aaaa record.Addresses) world { return dns(record.DNS{A: a, AAAA: aaaa}) }

func probe(p record.Probe) world { return func(o *record.Observation) { o.Probe = &p } }

func answered(at netip.Addr, status int, body record.ProbeBody, hops ...record.Hop) world {
	return probe(record.Probe{Result: record.ProbeAnswered, Address: at, Status: status, Body: body, Hops: hops})
}

func failed(at netip.Addr, how record.ProbeResult, hops ...record.Hop) world {
	return probe(record.Probe{Result: how, Address: at, Hops: hops})
}

func hop(location string, keeps bool) record.Hop {
	return record.Hop{URL: "http://" + blog + "/.well-known/acme-challenge/x", Status: 301, Location: location, KeepsPath: keeps}
}

func caa(records ...record.CAARecord) world {
	return func(o *record.Observation) {
		o.CAA = &record.CAA{Zone: "shop.example", Answer: record.Answered, Records: records}
	}
}

func caaFailure(a record.Answer, others bool) world {
	return func(o *record.Observation) {
		o.CAA = &record.CAA{Zone: "shop.example", Answer: a, OthersAnswer: others}
	}
}

func issueBy(value string) record.CAARecord { return record.CAARecord{Tag: "issue", Value: value} }

func problem(kind, detail string) *record.Problem {
	return &record.Problem{Type: record.ErrorURN + kind, Detail: detail, Status: 403, During: "challenge"}
}
