package operate_test

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/internal/record"
)

// pictured is what an observer saw, for the README.
type pictured record.Observation

func (p pictured) Observe(context.Context, record.Question) record.Observation {
	return record.Observation(p)
}

// A domain that was left at the platform of old, served by a known provider,
// whose zone moreover lets another CA issue only.
func picture() (pictured, record.Platform) {
	const name = "www.shop.example"
	old, edge := netip.MustParseAddr("93.184.216.34"), netip.MustParseAddr("203.0.113.10")
	servers := []string{"ada.ns.cloudflare.com", "bob.ns.cloudflare.com"}
	dns := record.DNS{
		Chain: []record.RR{{Type: "CNAME", Name: name, Value: "shop.oldplatform.example"}},
		A:     record.Addresses{Answer: record.Answered, Addrs: []netip.Addr{old}}, AAAA: record.Addresses{Answer: record.NoData},
	}
	view := dns
	dns.Target = []netip.Addr{edge}
	dns.Authority = &record.Authority{Zone: "shop.example", Views: []record.View{{Servers: servers, DNS: view}}}
	for _, s := range servers {
		dns.Authority.Servers = append(dns.Authority.Servers, record.NameServer{Name: s, Answer: record.Answered})
	}
	seen := record.Observation{
		Name: name, DNS: &dns,
		CAA: &record.CAA{
			Zone: "shop.example", Answer: record.Answered, Records: []record.CAARecord{{Tag: "issue", Value: "digicert.com"}},
			Cut: "shop.example", NameServers: servers,
		},
		Probe: &record.Probe{
			Result: record.ProbeAnswered, Address: old, Status: 404, Body: record.BodyOther, Server: "nginx",
			Hops: []record.Hop{{URL: "http://" + name + "/.well-known/acme-challenge/QTPLWYVFDM7O3KJX2ZJ5", Status: 404}},
		},
		Served: []record.Served{{
			Answer: record.Answered, Address: old, Serial: "04a1f9", Issuer: "DigiCert TLS RSA CA", ForName: true,
			NotAfter: time.Date(2027, 2, 21, 0, 0, 0, 0, time.UTC),
		}},
		At: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC),
	}
	return pictured(seen), record.Platform{
		Target: "{domain}.dns.example.net", Addresses: []netip.Addr{edge}, LegacyTargets: []string{"*.oldplatform.example"},
		CAAIdentities: []string{"letsencrypt.org"}, ProbePort: 80, ServedPort: 443,
		ChallengeMode: "stateless", Thumbprint: ours,
	}
}

// The README's picture of verify is what it prints. With -update it is written
// anew.
func TestREADME(t *testing.T) {
	t.Parallel()
	seen, platform := picture()
	v, err := operate.Verify(t.Context(), seen, platform, operate.Subject{Name: seen.Name})
	if err != nil {
		t.Fatal(err)
	}
	want := "```console\n$ acmsync verify " + seen.Name + "\n" + written(t, v, false) + "```\n"
	path := filepath.Join("..", "..", "README.md")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- verify:begin -->\n", "<!-- verify:end -->\n"
	before, rest, begins := strings.Cut(string(content), begin)
	have, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		t.Fatal("README.md has lost its markers of verify")
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("README.md (-want +have); write it anew with -update:\n%s", diff)
	}
}
