package diagnose_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

// The lab's world: our edge, somebody else's at the same ports, and an address
// where nothing listens.
const (
	ourEdge    = "127.0.0.1"
	otherEdge  = "127.0.0.2"
	nobodyHome = "127.0.0.3"
	thumbprint = "ourThumbprintAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	stranger   = "somebodyElsesThumbprintAAAAAAAAAAAAAAAAAAAA"
)

type labCase struct {
	name    string
	records map[string][]string
	faults  map[uint16]dns.Fault
	ours    edge.Behaviour
	theirs  edge.Behaviour
	want    string
}

const (
	typeA   = 1
	typeCAA = 257
)

func labCases() []labCase {
	good := map[string][]string{"{}": {"CNAME {}.dns.example.net."}}
	at := func(rrs ...string) map[string][]string { return map[string][]string{"{}": rrs} }
	page := edge.Behaviour{Status: 404, Body: "<!doctype html><title>not here</title>"}
	return []labCase{
		{name: "well", records: good},
		{name: "alias", records: at("A " + ourEdge)},
		{name: "missing", want: "domain-not-found"},
		{name: "bare", records: at(`TXT "nothing else"`), want: "dns-unresolved"},
		{name: "loop", records: map[string][]string{"{}": {"CNAME b.{}."}, "b.{}": {"CNAME {}."}}, want: "dns-unresolved"},
		{name: "bogus", records: good, faults: map[uint16]dns.Fault{0: {Rcode: 2, EDE: 6, OnlyWithoutCD: true}}, want: "dnssec-failed"},
		{name: "outage", records: good, faults: map[uint16]dns.Fault{0: {Rcode: 2, EDE: 22}}, want: "dns-timeout"},
		{name: "dangling", records: at("CNAME gone.example.com."), want: "incorrect-dns"},
		{name: "retired", records: at("CNAME shop.oldplatform.example."), want: "incorrect-cname-target"},
		{name: "retired-alive", records: at("CNAME alive.oldplatform.example."), want: "~incorrect-cname-target"},
		{name: "elsewhere", records: at("CNAME other.example.com."), want: "incorrect-cname-target"},
		{name: "cdn", records: at("CNAME other.example.com."), theirs: edge.Behaviour{Thumbprint: thumbprint}, want: "~incorrect-cname-target"},
		{name: "page-elsewhere", records: at("A " + otherEdge), theirs: page, want: "cdn-challenge-missing incorrect-dns"},
		{name: "nobody-elsewhere", records: at("A " + nobodyHome), want: "incorrect-dns"},
		{name: "private", records: at("A 10.1.2.3"), want: "reserved-address"},
		{name: "ipv6", records: at("A "+ourEdge, "AAAA ::1"), want: "~aaaa-mismatch"},
		{name: "drops", records: good, ours: edge.Behaviour{Redirect: "http://well.shop.example/"}, want: "redirect-drops-path"},
		{name: "strict", records: good, ours: edge.Behaviour{Redirect: "https://{host}{path}", NoTLS: true}, want: "cdn-strict-tls"},
		{name: "inward", records: good, ours: edge.Behaviour{Redirect: "http://169.254.169.254{path}"}, want: "reserved-address"},
		{name: "circles", records: good, ours: edge.Behaviour{Redirect: "http://{host}{path}"}, want: "challenge-unreachable"},
		{name: "page", records: good, ours: page, want: "cdn-challenge-missing"},
		{name: "broken", records: good, ours: edge.Behaviour{Status: 503}, want: "challenge-unreachable"},
		{name: "account", records: good, ours: edge.Behaviour{Thumbprint: stranger}, want: "cdn-challenge-missing"},
		{name: "reset", records: good, ours: edge.Behaviour{Reset: true}, want: "~challenge-unreachable"},
		{name: "caa", records: map[string][]string{"{}": good["{}"], "{}.dns.example.net": {"A " + ourEdge, `CAA 0 issue "other-ca.example"`}}, want: "caa-forbids"},
		{name: "nocaa", records: good, faults: map[uint16]dns.Fault{typeCAA: {Rcode: 4}}, want: "caa-unsupported"},
		{name: "mute-caa", records: at("A " + ourEdge), faults: map[uint16]dns.Fault{typeCAA: {Rcode: 2}}, want: "caa-unsupported"},
	}
}

// TestOfRealObservations follows each reason from a real name server and real
// edges through verify to the finding.
func TestOfRealObservations(t *testing.T) {
	t.Parallel()
	names, ours, theirs := startLab(t)
	p := record.Platform{
		Target: "{domain}.dns.example.net", LegacyTargets: []string{"*.oldplatform.example"},
		Addresses: []netip.Addr{netip.MustParseAddr(ourEdge)}, CAAIdentities: []string{"ca.example"},
		ProbeAllow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
	}
	v := verify.New(verify.Config{Resolvers: []string{names.Addr()}, ProbeAllow: p.ProbeAllow, Timeout: 10 * time.Second})
	for _, c := range labCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			name := c.name + ".shop.example"
			for owner, rrs := range c.records {
				names.Set(named(owner, name), namedAll(rrs, name)...)
			}
			for qtype, fault := range c.faults {
				names.Fail(name, qtype, fault)
			}
			ours.Behave(name, c.ours)
			theirs.Behave(name, c.theirs)
			q := record.Question{
				Name: name, Target: p.TargetFor(name, "", ""), Addresses: p.Addresses, DNS: true, CAA: true, Probe: true,
				ProbeToken: "token", ProbeExpect: "token." + thumbprint, ProbePort: ours.HTTPPort(), ServedPort: ours.TLSPort(),
			}
			seen := v.Observe(t.Context(), q)
			if got := codesOf(diagnose.Explain(p, q, seen, nil)); got != c.want {
				t.Errorf("found %q, want %q\nDNS %+v\nCAA %+v\nprobe %+v", got, c.want, seen.DNS, seen.CAA, seen.Probe)
			}
		})
	}
}

func startLab(t *testing.T) (*dns.Server, *edge.Edge, *edge.Edge) {
	t.Helper()
	names, err := dns.New()
	if err != nil {
		t.Fatal(err)
	}
	ours, err := edge.New(edge.Options{Addresses: []string{ourEdge}, Thumbprint: thumbprint})
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := edge.New(edge.Options{Addresses: []string{otherEdge}, HTTPPort: ours.HTTPPort(), TLSPort: ours.TLSPort()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, closer := range []func() error{names.Close, ours.Close, theirs.Close} {
			if err := closer(); err != nil {
				t.Error(err)
			}
		}
	})
	names.Set("shop.oldplatform.example", "A "+nobodyHome)
	names.Set("alive.oldplatform.example", "A "+ourEdge)
	names.Set("other.example.com", "A "+otherEdge)
	names.Set("*.shop.example.dns.example.net", "A "+ourEdge)
	return names, ours, theirs
}

func named(text, name string) string { return strings.ReplaceAll(text, "{}", name) }

func namedAll(texts []string, name string) []string {
	var filled []string
	for _, text := range texts {
		filled = append(filled, named(text, name))
	}
	return filled
}

func codesOf(findings []record.Finding) string {
	var words []string
	for _, f := range findings {
		word := string(f.Code)
		if f.Warning {
			word = "~" + word
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}
