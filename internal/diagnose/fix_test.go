package diagnose

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/record"
)

var update = flag.Bool("update", false, "write the golden files anew")

// servedBy has a zone's name servers answer what was seen.
func servedBy(servers ...string) world {
	return func(o *record.Observation) {
		view := *o.DNS
		view.Target = nil
		o.DNS.Authority = &record.Authority{Zone: "shop.example", Views: []record.View{{Servers: servers, DNS: view}}}
		for _, s := range servers {
			o.DNS.Authority.Servers = append(o.DNS.Authority.Servers, record.NameServer{Name: s, Answer: record.Answered})
		}
	}
}

func caaServedBy(servers ...string) world {
	return func(o *record.Observation) {
		o.CAA = &record.CAA{Zone: "shop.example", Answer: record.Answered, Records: []record.CAARecord{issueBy("other.example")}, Cut: "shop.example", NameServers: servers}
	}
}

// example is a name server of a provider.
func (p provider) example() string {
	if label, ok := strings.CutSuffix(p.servers[0], "-"); ok {
		return "ns-1." + label + "-12.example"
	}
	return "ns1." + p.servers[0]
}

// fixCases are the four changes that every provider's words are pinned for.
func fixCases(server string) []struct {
	name string
	fix  *record.Fix
} {
	apexAsk := question()
	apexAsk.Name, apexAsk.Registered, apexAsk.Target = "shop.example", "shop.example", "shop.example.dns.example.net"
	first := func(q record.Question, o record.Observation) *record.Fix {
		o.Name = q.Name
		return Explain(platform(), q, o, nil)[0].Fix
	}
	return []struct {
		name string
		fix  *record.Fix
	}{
		{"a CNAME", first(question(), seen(to(old, elsewhere), servedBy(server)))},
		{"an apex", first(apexAsk, seen(plain([]netip.Addr{elsewhere}, nil), servedBy(server)))},
		{"a CAA record", first(question(), seen(right(), caaServedBy(server)))},
		{"an AAAA to remove", first(question(), seen(plain([]netip.Addr{edgeAddr}, []netip.Addr{otherV6}), servedBy(server)))},
	}
}

// TestFixesOfProviders pins what is said to the customers of each provider.
func TestFixesOfProviders(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, p := range append(providers, provider{name: "somebody unknown", servers: []string{"dns.example"}}) {
		b.WriteString("== " + p.name + " (" + p.example() + ")\n")
		for _, c := range fixCases(p.example()) {
			b.WriteString("-- " + c.name + "\n")
			if c.fix == nil {
				t.Fatalf("%s: no fix for %s", p.name, c.name)
			}
			for _, step := range c.fix.Steps {
				b.WriteString("   " + step + "\n")
			}
			b.WriteString(c.fix.Zone + "\n")
		}
		b.WriteString("\n")
	}
	golden(t, "fixes.golden", b.String())
}

func TestFixesAsTerraform(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, p := range providers {
		if _, ok := resources[p.name]; !ok && p.name != "Wix" {
			continue
		}
		b.WriteString("## " + p.name + "\n")
		for _, c := range fixCases(p.example()) {
			b.WriteString(Terraform(*c.fix))
		}
		b.WriteString("\n")
	}
	b.WriteString("## unknown\n" + Terraform(*fixCases("ns.dns.example")[0].fix))
	golden(t, "fixes.tf.golden", b.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestRecognise(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"ada.ns.cloudflare.com bob.ns.cloudflare.com":                         "Cloudflare",
		"ADA.NS.CLOUDFLARE.COM.":                                              "Cloudflare",
		"ns-2048.awsdns-64.com ns-2049.awsdns-65.net ns-2051.awsdns-67.co.uk": "Amazon Route 53",
		"ns1-01.azure-dns.com ns2-01.azure-dns.net ns3-01.azure-dns.org":      "Azure DNS",
		"ada.ns.cloudflare.com ns1.digitalocean.com":                          "", // moved by half
		"ada.ns.cloudflare.com ns1.dns.example":                               "",
		"ns.cloudflare.com.evil.example":                                      "",
		"evilns.cloudflare.com.example":                                       "",
		"notdigitalocean.com":                                                 "",
		"awsdns-64.evil.example":                                              "Amazon Route 53", // a name server's name is its owner's to choose
		"":                                                                    "",
		"ns1.domaincontrol.com\x1b[2J":                                        "",
	}
	for servers, want := range cases {
		got := ""
		if p := recognise(strings.Split(servers, " ")); p != nil {
			got = p.name
		}
		if got != want {
			t.Errorf("%q: %q, want %q", servers, got, want)
		}
	}
	if recognise(nil) != nil {
		t.Error("no name servers are somebody's")
	}
}

// TestProvidersAreToldApart: no name server belongs to two of them.
func TestProvidersAreToldApart(t *testing.T) {
	t.Parallel()
	if len(providers) < 25 {
		t.Errorf("%d providers", len(providers))
	}
	for _, p := range providers {
		for _, end := range p.servers {
			one := provider{servers: []string{end}}.example()
			for _, other := range providers {
				if other.name != p.name && other.serves(one) {
					t.Errorf("%s is %s's and %s's", one, p.name, other.name)
				}
			}
		}
	}
}

// TestProvidersHaveTheirWords: the page to open and the name of the first field
// are the provider's own, but for those whose pages were not at hand.
func TestProvidersHaveTheirWords(t *testing.T) {
	t.Parallel()
	var without []string
	for _, p := range providers {
		if p.page == "" || p.nameLabel == "" {
			without = append(without, p.name)
		}
	}
	if diff := cmp.Diff([]string{"Akamai Edge DNS", "Hurricane Electric"}, without); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What no change of the owner's zone mends has no fix, and neither has what is
// already as it should be.
func TestNoFix(t *testing.T) {
	t.Parallel()
	cloudflare := servedBy("ada.ns.cloudflare.com")
	cases := map[string]record.Observation{
		"a warning":           seen(to(old, elsewhere), cloudflare, answered(elsewhere, 200, record.BodyMatch)),
		"its name servers":    seen(both(answer(record.TimedOut), answer(record.TimedOut))),
		"signatures":          seen(both(bogusAnswer, bogusAnswer)),
		"CAA that fails":      seen(right(), caaFailure(record.ServFail, true)),
		"the platform's 404":  seen(right(), cloudflare, answered(edgeAddr, 404, record.BodyOther)),
		"the platform's hole": seen(dns(record.DNS{Chain: cname(target), A: answer(record.NXDomain), AAAA: answer(record.NXDomain)}), cloudflare),
	}
	for name, o := range cases {
		for _, f := range Explain(platform(), question(), o, nil) {
			if f.Fix != nil {
				t.Errorf("%s: %s has %+v", name, f.Code, *f.Fix)
			}
		}
	}
}

// A provider whose own servers answer in the platform's place is to be told so.
func TestFixOfAProxy(t *testing.T) {
	t.Parallel()
	o := seen(plain([]netip.Addr{elsewhere}, nil), servedBy("ada.ns.cloudflare.com"), answered(elsewhere, 404, record.BodyHTML))
	got := Explain(platform(), question(), o, nil)[0]
	if got.Fix == nil || len(got.Fix.Set) > 0 || !strings.Contains(strings.Join(got.Fix.Steps, " "), "from Proxied to DNS only") {
		t.Errorf("%s: %+v", got.Code, got.Fix)
	}
}

// TestTerraformIsQuoted: nothing of a stranger's leaves its text.
func TestTerraformIsQuoted(t *testing.T) {
	t.Parallel()
	evil := `a"}${file("/etc/passwd")}%{if x}\`
	got := Terraform(record.Fix{Provider: "Cloudflare", Origin: "shop.example", Set: []record.RR{{Type: "CNAME", Name: evil, Value: evil}, {Type: "CAA", Name: "shop.example", Value: evil + " " + evil + " " + evil}}})
	for _, line := range strings.Split(got, "\n") {
		if strings.Count(strings.NewReplacer(`\\`, "", `\"`, "").Replace(line), `"`)%2 != 0 {
			t.Errorf("quotes are left open: %s", line)
		}
		if strings.Contains(strings.ReplaceAll(line, "$${", ""), "${") || strings.Contains(strings.ReplaceAll(line, "%%{", ""), "%{") {
			t.Errorf("an expression: %s", line)
		}
	}
}

// TestFixOfIPv6RemovesRecordsOnly: what addresses answer stands beside the
// records, and is none.
func TestFixOfIPv6RemovesRecordsOnly(t *testing.T) {
	t.Parallel()
	seen := seen(plain([]netip.Addr{edgeAddr}, []netip.Addr{otherV6}), each(page(otherV6, 404, ""), match(edgeAddr)))
	found := Explain(platform(), question(), seen, nil)
	if len(found) == 0 || found[0].Fix == nil {
		t.Fatalf("no fix: %+v", found)
	}
	want := []record.RR{{Type: "AAAA", Name: blog, Value: otherV6.String()}}
	if diff := cmp.Diff(want, found[0].Fix.Remove); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestRetiredTargetIsNotCalledRight, though the platform itself answers there.
func TestRetiredTargetIsNotCalledRight(t *testing.T) {
	t.Parallel()
	found := Explain(platform(), question(), seen(to(old, edgeAddr), answered(edgeAddr, 404, record.BodyOther)), nil)
	if len(found) < 2 {
		t.Fatalf("found %+v", found)
	}
	for _, f := range found {
		if strings.Contains(f.Remedy, "are right") {
			t.Errorf("%s: %s", f.Code, f.Remedy)
		}
	}
}
