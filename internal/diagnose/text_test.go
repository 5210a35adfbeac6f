package diagnose

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

func TestFindingOfARetiredTarget(t *testing.T) {
	t.Parallel()
	got := Explain(platform(), question(), seen(to(old+".", elsewhere)), nil)
	want := []record.Finding{{
		Code:     failure.IncorrectCNAME,
		Message:  "blog.shop.example points at shop.oldplatform.example, which is no longer a valid target.",
		Remedy:   "Set CNAME blog.shop.example to blog.shop.example.dns.example.net",
		Expected: []record.RR{{Type: "CNAME", Name: blog, Value: target}},
		Observed: []record.RR{
			{Type: "CNAME", Name: blog, Value: old},
			{Type: "A", Name: old, Value: "93.184.216.34"},
		},
		Fix: &record.Fix{
			Set:    []record.RR{{Type: "CNAME", Name: blog, Value: target}},
			Remove: []record.RR{{Type: "CNAME", Name: blog, Value: old}},
			Zone:   "; remove: " + blog + ". CNAME " + old + ".\n" + blog + ". CNAME " + target + ".",
		},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// sentence is one example of a kind of finding, and what people read of it.
type sentence struct {
	p               record.Platform
	ask             func(*record.Question)
	seen            record.Observation
	message, remedy string
}

func checkSentences(t *testing.T, cases map[string]sentence) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Explain(c.p, explainCase{ask: c.ask}.question(), c.seen, nil)
			if len(got) == 0 {
				t.Fatal("nothing found")
			}
			if diff := cmp.Diff([]string{c.message, c.remedy}, []string{got[0].Message, got[0].Remedy}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestSentencesOnDNS pins what is said of names and where they lead.
func TestSentencesOnDNS(t *testing.T) {
	t.Parallel()
	apex := func(q *record.Question) {
		q.Name, q.Registered, q.Target = "shop.example", "shop.example", "shop.example.dns.example.net"
	}
	noAddresses := record.Platform{Target: "{domain}.dns.example.net"}
	addressesOnly := record.Platform{Addresses: []netip.Addr{edgeAddr, edgeV6}}
	checkSentences(t, map[string]sentence{
		"apex": {
			platform(), apex, seen(plain([]netip.Addr{elsewhere}, nil)),
			"shop.example leads to 93.184.216.34, which does not belong to this platform.",
			"Set A shop.example to 203.0.113.10, or ALIAS shop.example to shop.example.dns.example.net",
		},
		"apex without addresses": {
			noAddresses, apex, seen(both(answer(record.NXDomain), answer(record.NXDomain))),
			"shop.example does not exist in DNS (NXDOMAIN).",
			"Add ALIAS shop.example to shop.example.dns.example.net",
		},
		"platform without target": {
			addressesOnly, func(q *record.Question) { q.Target = "" }, seen(plain([]netip.Addr{elsewhere}, nil)),
			"blog.shop.example leads to 93.184.216.34, which does not belong to this platform.",
			"Set A blog.shop.example to 203.0.113.10 and AAAA blog.shop.example to 2606:4700::10",
		},
		"IPv6": {
			platform(), nil, seen(plain([]netip.Addr{edgeAddr}, []netip.Addr{otherV6})),
			"blog.shop.example has the IPv6 address 2606:4700::1111, which does not belong to this platform; the CA asks IPv6 first.",
			"Remove AAAA blog.shop.example 2606:4700::1111",
		},
		"dangling": {
			platform(), nil, seen(dns(record.DNS{Chain: cname("gone.example"), A: answer(record.NXDomain), AAAA: answer(record.NXDomain)})),
			"blog.shop.example leads to gone.example, which does not exist.",
			"Set CNAME blog.shop.example to blog.shop.example.dns.example.net",
		},
		"loop": {
			platform(), nil, seen(dns(record.DNS{Chain: cname("a.example", blog), Loop: true})),
			"blog.shop.example has no address that a public resolver can find: its CNAME records form a loop.",
			"Set CNAME blog.shop.example to blog.shop.example.dns.example.net",
		},
		"DNSSEC": {
			platform(), nil, seen(both(record.Addresses{Answer: record.ServFail, CheckingDisabled: true, EDE: []uint16{7}}, bogusAnswer)),
			"blog.shop.example resolves only with DNSSEC validation switched off: signature expired (EDE 7).",
			"Tell the DNS provider of shop.example that its DNSSEC signatures fail and have it sign shop.example anew; if it cannot, switch DNSSEC off (delete the DS record of shop.example) at the registrar, where the domain was bought: the site works without.",
		},
	})
}

// TestSentencesOnTheChallenge pins what is said of CAA records and of what
// answers in the platform's place.
func TestSentencesOnTheChallenge(t *testing.T) {
	t.Parallel()
	checkSentences(t, map[string]sentence{
		"CDN": {
			platform(), nil,
			seen(right(), probe(record.Probe{Result: record.ProbeAnswered, Address: edgeAddr, Status: 403, Body: record.BodyHTML, Server: "cloudflare"})),
			"http://blog.shop.example/.well-known/acme-challenge/ does not return the challenge: cloudflare at 203.0.113.10 answers for blog.shop.example with HTTP 403 and a web page.",
			"Exempt http://blog.shop.example/.well-known/acme-challenge/ from the login, route, redirect or rule that answers it now, in your app or in a CDN of yours; if it is in neither, send this entry to the operator of this platform. The DNS records of blog.shop.example are right.",
		},
		"redirect": {
			platform(), nil, seen(right(), answered(edgeAddr, 200, record.BodyHTML, dropHop)),
			"blog.shop.example redirects to https://www.shop.example/, which loses the challenge path.",
			"Exempt http://blog.shop.example/.well-known/acme-challenge/ from that redirect, or make the redirect keep that path, in your app or in a CDN of yours; if it is in neither, send this entry to the operator of this platform. The DNS records of blog.shop.example are right.",
		},
		"CAA": {
			platform(), nil, seen(right(), caa(issueBy("other-ca.example"))),
			"The CAA records of shop.example (the list of CAs that may issue certificates for it) do not allow letsencrypt.org to issue for blog.shop.example. This platform's certificates come from letsencrypt.org: what is there may stay, a record for them has to stand beside it.",
			`Add CAA shop.example 0 issue "letsencrypt.org"`,
		},
		"CAA for another account": {
			platform(), nil, seen(right(), caa(issueBy("letsencrypt.org; accounturi=https://ca.example/acct/8"))),
			"The CAA records of shop.example (the list of CAs that may issue certificates for it) do not allow letsencrypt.org to issue for blog.shop.example: accounturi names another account. This platform's certificates come from letsencrypt.org: what is there may stay, a record for them has to stand beside it.",
			`Add CAA shop.example 0 issue "letsencrypt.org; accounturi=https://ca.example/acct/7"`,
		},
		"critical CAA": {
			platform(), nil, seen(right(), caa(record.CAARecord{Critical: true, Tag: "tbs", Value: "Unknown"})),
			"The CAA records of shop.example (the list of CAs that may issue certificates for it) do not allow letsencrypt.org to issue for blog.shop.example: they hold a critical property that no CA knows.",
			`Remove CAA shop.example 128 tbs "Unknown"`,
		},
		"CAA refused": {
			platform(), nil, seen(right(), caaFailure(record.Refused, true)),
			"The name servers of shop.example answer a CAA query with REFUSED, so the CA must refuse (RFC 8659, section 3).",
			"Ask the DNS provider of shop.example to answer CAA queries (an empty answer is enough), or move the zone to one that does.",
		},
		"silent edge": {
			platform(), nil, seen(right(), failed(edgeAddr, record.ProbeTimeout)),
			"http://blog.shop.example/.well-known/acme-challenge/ cannot be fetched: 203.0.113.10 does not answer in time.",
			"Ask the operator of this platform to open port 80 of 203.0.113.10 to the internet; the DNS records of blog.shop.example are right.",
		},
	})
}

// TestExpectedAndObserved: observed is empty only for a name that does not exist
// and for outages; expected only where removing something is the cure.
func TestExpectedAndObserved(t *testing.T) {
	t.Parallel()
	silent := map[failure.Code]bool{failure.DomainNotFound: true, failure.DNSTimeout: true}
	removing := map[failure.Code]bool{failure.AAAAMismatch: true, failure.DNSTimeout: true}
	for _, c := range explainCases() {
		for _, f := range Explain(platform(), c.question(), c.seen, nil) {
			if (len(f.Observed) == 0) != silent[f.Code] {
				t.Errorf("%s: %s: observed %v", c.name, f.Code, f.Observed)
			}
			if (len(f.Expected) == 0) != removing[f.Code] {
				t.Errorf("%s: %s: expected %v", c.name, f.Code, f.Expected)
			}
		}
	}
}
