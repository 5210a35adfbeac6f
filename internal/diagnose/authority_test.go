package diagnose_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

const typeAny = 0

// zoneCase is one zone, NAME.example, in which www is looked at: what the
// resolver remembers, what the zone's two name servers say, and what is wrong
// with them. In texts {} is the zone.
type zoneCase struct {
	name string
	// resolver, one and two are "owner record" lines; all goes to each.
	all, resolver, one, two []string
	// faults are by server (r, 1 or 2), then owner; type 0 and below.
	faults []zoneFault
	// recheck asks the name servers although the resolver's answer is right.
	recheck bool
	want    string
	// message and remedy are parts of the first finding's.
	message, remedy string
}

type zoneFault struct {
	servers, owner string
	qtype          uint16
	dns.Fault
}

func (c zoneCase) zone() string { return c.name + ".example" }

func (c zoneCase) fill(text string) string { return strings.ReplaceAll(text, "{}", c.zone()) }

func (c zoneCase) set(w *dns.World) {
	servers := map[rune]*dns.Server{'r': w.Resolver, '1': w.Hosts[0], '2': w.Hosts[1]}
	for which, lines := range map[string][]string{"r12": c.all, "r": c.resolver, "1": c.one, "2": c.two} {
		byOwner := map[string][]string{}
		for _, line := range lines {
			owner, rr, _ := strings.Cut(c.fill(line), " ")
			byOwner[owner] = append(byOwner[owner], rr)
		}
		for _, server := range which {
			for owner, rrs := range byOwner {
				servers[server].Set(owner, rrs...)
			}
		}
	}
	for _, fault := range c.faults {
		for _, server := range fault.servers {
			servers[server].Fail(c.fill(fault.owner), fault.qtype, fault.Fault)
		}
	}
}

// follow runs the cases in one world: real name servers, the real resolver
// code, then Explain.
func follow(t *testing.T, cases []zoneCase) {
	t.Helper()
	var zones []string
	for _, c := range cases {
		zones = append(zones, c.zone())
	}
	w, err := dns.NewWorld("example", zones...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	w.Resolver.Set("*.edge.test", "300 A 192.0.2.1")
	for _, c := range cases {
		c.set(w)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { t.Parallel(); c.check(t, w) })
	}
}

func (c zoneCase) check(t *testing.T, w *dns.World) {
	p := record.Platform{
		Target: "{domain}.edge.test", Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, CAAIdentities: []string{"ca.example"},
		ProbeAllow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")},
	}
	v := verify.New(verify.Config{Resolvers: []string{w.Resolver.Addr()}, ProbeAllow: p.ProbeAllow, AuthorityPort: w.Port(), Timeout: 6 * time.Second})
	name := "www." + c.zone()
	q := record.Question{
		Name: name, Target: p.TargetFor(name, "", ""), Addresses: p.Addresses, DNS: true, CAA: true,
		Authorities: c.recheck, CAAIdentities: p.CAAIdentities,
	}
	seen := v.Observe(t.Context(), q)
	found := diagnose.Explain(p, q, seen, nil)
	if got := codesOf(found); got != c.want {
		t.Fatalf("found %q, want %q\nDNS %+v\n%+v\nCAA %+v\n%+v", got, c.want, seen.DNS, seen.DNS.Authority, seen.CAA, found)
	}
	if len(found) == 0 {
		found = []record.Finding{{}}
	}
	if !strings.Contains(found[0].Message, c.fill(c.message)) {
		t.Errorf("message %q lacks %q", found[0].Message, c.fill(c.message))
	}
	if !strings.Contains(found[0].Remedy, c.fill(c.remedy)) {
		t.Errorf("remedy %q lacks %q", found[0].Remedy, c.fill(c.remedy))
	}
}

const (
	good   = "www.{} 300 CNAME www.{}.edge.test."
	astray = "www.{} 600 A 192.0.2.9"
)

var (
	silence  = dns.Fault{Silent: true, Subtree: true}
	refusal  = dns.Fault{Rcode: 5, Subtree: true}
	breaking = dns.Fault{Rcode: 2, Subtree: true}
)

func lines(texts ...string) []string { return texts }

func everywhere(servers string, f dns.Fault) zoneFault { return zoneFault{servers, "{}", typeAny, f} }

// TestPropagation: "not yet everywhere" is told from "wrong".
func TestPropagation(t *testing.T) {
	t.Parallel()
	follow(t, []zoneCase{
		{name: "well", all: lines(good)},
		{name: "well-rechecked", all: lines(good), recheck: true},
		{name: "wrong", all: lines(astray), want: "incorrect-dns", message: "leads to 192.0.2.9", remedy: "Remove A www.{} 192.0.2.9, then set CNAME www.{} to www.{}.edge.test"},
		{
			name: "underway", resolver: lines(astray), one: lines(good), two: lines(good), want: "~incorrect-dns",
			message: "already answer CNAME www.{} to www.{}.edge.test and A www.{}.edge.test to 192.0.2.1, and caches may hold the old answer by 20", remedy: "Nothing to change",
		},
		{name: "added", one: lines(good), two: lines(good), want: "~domain-not-found", message: "caches may hold the old answer by 20"},
		{name: "removed", resolver: lines(good), recheck: true, want: "domain-not-found", remedy: "Add CNAME www.{} to www.{}.edge.test"},
		{name: "broken", resolver: lines(good), one: lines(astray), two: lines(astray), recheck: true, want: "incorrect-dns", message: "192.0.2.9"},
		{
			name: "divided", resolver: lines(astray), one: lines(good), two: lines(astray), want: "~incorrect-dns",
			message: "So say ns2.dns.test; the other name servers of {} already have the change.", remedy: "Wait until ns2.dns.test have the change too",
		},
		{name: "one-silent", resolver: lines(astray), one: lines(good), faults: []zoneFault{everywhere("2", silence)}, want: "~incorrect-dns", message: "A change is under way"},
		{name: "unlooped", resolver: lines("www.{} CNAME www.{}."), one: lines(good), two: lines(good), want: "~dns-unresolved", message: "A change is under way"},
		{
			name: "parked", all: lines(astray), resolver: lines("{} NS ns1.sedoparking.com."),
			want: "incorrect-dns", message: "the zone is parked at ns1.sedoparking.com",
		},
		{name: "from-wrong-to-wrong", resolver: lines(astray), one: lines("www.{} A 192.0.2.8"), two: lines("www.{} A 192.0.2.8"), want: "incorrect-dns", message: "192.0.2.8"},
	})
}

// TestNameServers: what is silent, lame or refuses is told apart and named.
func TestNameServers(t *testing.T) {
	t.Parallel()
	lame := dns.Fault{Lame: true}
	at := func(servers string, f dns.Fault) zoneFault { return zoneFault{servers, "www.{}", typeAny, f} }
	signature := func(ede uint16) []zoneFault {
		return []zoneFault{everywhere("r", dns.Fault{Rcode: 2, EDE: ede, OnlyWithoutCD: true, Subtree: true})}
	}
	cases := []zoneCase{
		{name: "healthy", all: lines(good)},
		{name: "silent", faults: []zoneFault{everywhere("r", breaking), everywhere("12", silence)}, want: "dns-timeout", message: "ns1.dns.test does not answer, ns2.dns.test does not answer", remedy: "answer for it at ns1.dns.test and ns2.dns.test"},
		{name: "silent-ede", faults: []zoneFault{everywhere("r", dns.Fault{Rcode: 2, EDE: 22, Subtree: true}), everywhere("12", silence)}, want: "dns-timeout"},
		{name: "refused", faults: []zoneFault{everywhere("r", breaking), everywhere("12", refusal)}, want: "dns-unresolved", message: "ns1.dns.test answers REFUSED, ns2.dns.test answers REFUSED", remedy: "set the NS records of {} at its registrar"},
		{name: "lame", all: lines(good), faults: []zoneFault{everywhere("r", breaking), at("12", lame)}, want: "dns-unresolved", message: "ns1.dns.test does not serve {}, ns2.dns.test does not serve {}", remedy: "Ask the DNS provider of {} to answer for it at"},
		{name: "mixed", all: lines(good), faults: []zoneFault{everywhere("r", breaking), at("1", lame), everywhere("2", silence)}, want: "dns-unresolved", message: "ns1.dns.test does not serve {}, ns2.dns.test does not answer"},
		{name: "outage-of-the-resolver", all: lines(good), faults: []zoneFault{everywhere("r", breaking)}, want: "dns-unresolved", message: "its name servers answer SERVFAIL"},
		{name: "nothing-there", all: lines("www.{} TXT x"), want: "dns-unresolved", message: "neither an A nor an AAAA record"},
		{name: "no-such-name", want: "domain-not-found", message: "does not exist in DNS (NXDOMAIN)"},
		{name: "old-servers", resolver: lines(astray), one: lines(good), two: lines(good), faults: []zoneFault{everywhere("r12", dns.Fault{NoEDNS: true, Subtree: true})}, want: "~incorrect-dns"},
		{name: "cut-short", resolver: lines(good), faults: []zoneFault{at("r", dns.Fault{Truncated: true})}},
	}
	for ede, text := range map[uint16]string{
		6: "DNSSEC bogus", 7: "signature expired", 8: "signature not yet valid", 9: "DNSKEY missing", 10: "signatures missing", 11: "no zone key", 12: "NSEC missing",
	} {
		name := "ede-" + strings.ReplaceAll(strings.ToLower(text), " ", "-")
		cases = append(cases, zoneCase{
			name: name, all: lines(good), faults: signature(ede), want: "dnssec-failed", message: text + " (EDE ", remedy: "Tell the DNS provider of {} that",
		})
	}
	follow(t, cases)
}

// TestAddressesOfZones: what a name's own records can lead to.
func TestAddressesOfZones(t *testing.T) {
	t.Parallel()
	follow(t, []zoneCase{
		{name: "addresses", all: lines("www.{} A 192.0.2.1")},
		{name: "wildcard-right", all: lines("*.{} A 192.0.2.1")},
		{name: "wildcard-astray", all: lines("*.{} A 192.0.2.9"), want: "incorrect-dns", remedy: "Set CNAME www.{} to www.{}.edge.test (what answers now seems to come of *.{}"},
		{name: "wildcard-hidden", all: lines("*.{} A 192.0.2.1", "a.www.{} TXT x"), want: "dns-unresolved", message: "neither an A nor an AAAA record"},
		{name: "dual", all: lines("www.{} A 192.0.2.1", "www.{} A 192.0.2.9"), want: "incorrect-dns", message: "leads to 192.0.2.9"},
		{name: "six", all: lines("www.{} A 192.0.2.1", "www.{} AAAA 2001:db8::9"), want: "aaaa-mismatch", remedy: "Remove AAAA www.{} 2001:db8::9"},
		{name: "circle", all: lines("www.{} CNAME b.{}.", "b.{} CNAME www.{}."), want: "dns-unresolved", message: "form a loop"},
		{name: "dangling", all: lines("www.{} CNAME gone.{}."), want: "incorrect-dns", message: "gone.{}, which does not exist"},
		{name: "through-another", all: lines("www.{} CNAME b.{}.", "b.{} CNAME www.{}.edge.test.")},
	})
}
