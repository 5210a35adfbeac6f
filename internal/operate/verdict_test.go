package operate_test

import (
	"encoding/json"
	"errors"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/internal/record"
)

var update = flag.Bool("update", false, "write the golden files anew")

// retired is a name whose CNAME leads to a target of before.
func retired() operate.Verdict {
	at := netip.MustParseAddr("203.0.113.9")
	return operate.Verdict{
		Name:   "blog.shop.example",
		Checks: record.Checks{DNS: record.Fail, CAA: record.Pass, Challenge: record.Fail},
		Observation: record.Observation{
			DNS: &record.DNS{
				Chain: []record.RR{{Type: "CNAME", Name: "blog.shop.example", Value: "old.example"}},
				A:     record.Addresses{Answer: record.Answered, Addrs: []netip.Addr{at}},
			},
			CAA:   &record.CAA{Answer: record.Answered, Zone: "shop.example", Records: []record.CAARecord{{Tag: "issue", Value: "ca.test"}}},
			Probe: &record.Probe{Result: record.ProbeAnswered, Body: record.BodyHTML, Hops: []record.Hop{{URL: "http://blog.shop.example/.well-known/acme-challenge/QTPLWYVFDM7O", Status: 404}}},
			Served: []record.Served{{
				Answer: record.Answered, Serial: "0a1b", Address: at, Issuer: "Old CA", ForName: true,
				NotAfter: time.Date(2027, 2, 21, 0, 0, 0, 0, time.UTC),
			}},
			At: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC),
		},
		Findings: []record.Finding{
			{
				Code: failure.IncorrectCNAME, Message: "It points elsewhere.", Remedy: "Set CNAME.",
				Expected: []record.RR{{Type: "CNAME", Name: "blog.shop.example", Value: "right.example"}},
			},
			{Code: failure.AAAAMismatch, Message: "IPv6 too.", Remedy: "Remove AAAA.", Warning: true},
		},
	}
}

func written(t *testing.T, v operate.Verdict, color bool) string {
	t.Helper()
	var b strings.Builder
	if err := operate.WriteVerdict(&b, v, color); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What people read, without and with colour; it fits 80 columns.
func TestVerdictOnPaper(t *testing.T) {
	t.Parallel()
	v := retired()
	v.Findings[0].Fix = &record.Fix{
		Provider: "Cloudflare", Origin: "shop.example",
		Steps: []string{"At Cloudflare, open shop.example > DNS > Records.", "Edit the CNAME record of blog.shop.example (old.example): Type CNAME, Name blog, Target right.example.", "Set Proxy status to DNS only."},
		Zone:  "; remove: blog.shop.example. CNAME old.example.\nblog.shop.example. CNAME right.example.",
	}
	plain := written(t, v, false)
	golden(t, "verdict.golden", plain)
	golden(t, "verdict-color.golden", written(t, v, true))
	for line := range strings.SplitSeq(plain, "\n") {
		if len([]rune(line)) > 80 {
			t.Errorf("%d columns: %q", len([]rune(line)), line)
		}
	}
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

func TestVerdictAsTerraform(t *testing.T) {
	t.Parallel()
	v := retired()
	v.Findings[0].Fix = &record.Fix{Provider: "Amazon Route 53", Origin: "shop.example", Set: v.Findings[0].Expected}
	var b strings.Builder
	if err := operate.WriteTerraform(&b, v); err != nil {
		t.Fatal(err)
	}
	golden(t, "verdict.tf.golden", b.String())
}

// Each part of what was seen has one line, and none when it was not asked for.
func TestVerdictLines(t *testing.T) {
	t.Parallel()
	none := record.Addresses{Answer: record.NXDomain}
	cases := map[string]struct {
		seen record.Observation
		want string
	}{
		"nothing asked":    {record.Observation{}, "www.shop.example\n  ✓ nothing to mend: nothing seen from here speaks against a certificate\n"},
		"no such name":     {record.Observation{DNS: &record.DNS{A: none, AAAA: none}}, "└─ does not exist (NXDOMAIN)"},
		"no CAA":           {record.Observation{CAA: &record.CAA{Answer: record.NoData}}, "caa   unknown  no records: any CA may issue"},
		"CAA not answered": {record.Observation{CAA: &record.CAA{Answer: record.ServFail, Zone: "shop.example"}}, "└─ shop.example\n                    └─ the name servers fail (SERVFAIL)"},
		"no answer":        {record.Observation{Probe: &record.Probe{Result: record.ProbeTimeout}}, "http  unknown  no answer in time"},
		"two addresses":    {record.Observation{Probe: twoAddresses()}, "203.0.113.9: the response of another ACME account (thumbprint abc) (Fastly)"},
		"nowhere to ask":   {record.Observation{Probe: &record.Probe{Result: record.ProbeNoAddress}}, "http  unknown  not asked: no address"},
		"none at all":      {record.Observation{Served: []record.Served{{Answer: record.NoAnswer, Detail: "it has no address"}}}, "tls   unknown  no certificate: it has no address"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := written(t, operate.Verdict{Name: domain, Observation: c.seen}, false)
			if !strings.Contains(got, c.want) {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

func TestVerdictInBothForms(t *testing.T) {
	t.Parallel()
	got := written(t, operate.Verdict{Name: "xn--bcher-kva.example", Unicode: "bücher.example"}, false)
	if !strings.HasPrefix(got, "bücher.example (xn--bcher-kva.example)\n") {
		t.Errorf("%q", got)
	}
}

// hostile says the same thing in every field that strangers can fill.
func hostile() operate.Verdict {
	evil := "a\x1b[2Jb\u202ec\nd\u0007"
	v := retired()
	v.Unicode = evil
	v.Observation.DNS.Chain[0].Value = evil
	v.Observation.CAA.Zone, v.Observation.CAA.Records[0].Value = evil, evil
	v.Observation.Probe.Hops[0].URL = evil
	v.Observation.Served[0].Serial = evil
	v.Findings[0].Message, v.Findings[0].Remedy = evil, evil
	v.Findings[0].Expected[0].Value, v.Findings[0].Observed = evil, []record.RR{{Type: "TXT", Name: "a", Value: evil}}
	return v
}

// Text of strangers neither moves the cursor nor starts lines of its own.
func TestVerdictIsHarmless(t *testing.T) {
	t.Parallel()
	plainly := retired()
	plainly.Observation.CAA.Zone = "elsewhere.example" // a zone that is no parent has no climb
	got, plain := written(t, hostile(), false), written(t, plainly, false)
	if strings.Count(got, "\n") != strings.Count(plain, "\n") {
		t.Errorf("lines were added:\n%s", got)
	}
	for _, r := range got {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			t.Errorf("%U is printed:\n%q", r, got)
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestVerdictThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	if err := operate.WriteVerdict(fullDisk{}, retired(), false); err == nil {
		t.Error("nobody hears of it")
	}
}

func TestVerdictAsJSON(t *testing.T) {
	t.Parallel()
	got, err := json.MarshalIndent(retired(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "verdict.json.golden", string(got)+"\n")
}

// Lists are lists also when they are empty.
func TestVerdictAsJSONWithNothingFound(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(operate.Verdict{Name: "a.example", Unicode: "ä.example"})
	want := `{"name":"a.example","unicode":"ä.example",` +
		`"checks":{"caa":"unknown","challenge":"unknown","dns":"unknown","served":"unknown"},"findings":[],"seen":{}}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

func TestBlocked(t *testing.T) {
	t.Parallel()
	warning, fault := record.Finding{Warning: true}, record.Finding{}
	for _, c := range []struct {
		findings []record.Finding
		want     bool
	}{{nil, false}, {[]record.Finding{warning}, false}, {[]record.Finding{warning, fault}, true}} {
		if got := (operate.Verdict{Findings: c.findings}).Blocked(); got != c.want {
			t.Errorf("%+v: blocked %v, want %v", c.findings, got, c.want)
		}
	}
}

// twoAddresses answer each in its own way.
func twoAddresses() *record.Probe {
	at := netip.MustParseAddr("203.0.113.9")
	other := record.Probe{Result: record.ProbeAnswered, Address: at, Body: record.BodyThumbprint, Thumbprint: "abc", Layer: "Fastly"}
	p := record.Probe{Result: record.ProbeTimeout, Address: netip.MustParseAddr("2001:db8::1")}
	p.Each = []record.Probe{p, other}
	return &p
}
