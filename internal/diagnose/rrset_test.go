package diagnose

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/record"
)

const route53 = "ns-1.awsdns-12.example"

// fixOf is the fix of the first finding for the apex of shop.example.
func fixOf(t *testing.T, p record.Platform, o record.Observation) record.Fix {
	t.Helper()
	ask := question()
	ask.Name, ask.Registered, ask.Target, o.Name = "shop.example", "shop.example", "shop.example.dns.example.net", "shop.example"
	found := Explain(p, ask, o, nil)
	if len(found) == 0 || found[0].Fix == nil {
		t.Fatalf("no fix: %+v", found)
	}
	return *found[0].Fix
}

func twoAddresses() record.Platform {
	p := platform()
	p.Addresses = append(p.Addresses, edgeAddr2)
	return p
}

// TestFixOfARecordSet: where a name has one set of a type, it is changed as a
// whole, and what is not in the way stays in it.
func TestFixOfARecordSet(t *testing.T) {
	t.Parallel()
	a := func(addrs ...netip.Addr) []netip.Addr { return addrs }
	forbids := func(records ...record.CAARecord) record.Observation {
		o := seen(plain(a(edgeAddr), nil), caaServedBy(route53))
		o.CAA.Records = records
		return o
	}
	wrongV6 := seen(plain(a(edgeAddr), a(edgeV6, otherV6)), servedBy(route53), each(page(otherV6, 404, ""), match(edgeAddr)))
	dual := platform()
	dual.Addresses = append(dual.Addresses, edgeV6)
	cases := map[string]struct {
		platform record.Platform
		seen     record.Observation
		step, tf string
	}{
		"a CAA set that stays": {
			platform(), forbids(issueBy("one.example"), issueBy("two.example")),
			`Edit the CAA record of shop.example: leave the lines that are there, and add a line with Value 0 issue "letsencrypt.org".`,
			`records = ["0 issue \"one.example\"", "0 issue \"two.example\"", "0 issue \"letsencrypt.org\""]`,
		},
		"a CAA record that forbids by itself": {
			platform(), forbids(issueBy("letsencrypt.org"), record.CAARecord{Critical: true, Tag: "tbs", Value: "x"}),
			`Edit the CAA record of shop.example: take out 128 tbs "x", and leave the other lines.`,
			`records = ["0 issue \"letsencrypt.org\""]`,
		},
		"two addresses": {
			twoAddresses(), seen(plain(a(elsewhere), nil), servedBy(route53)),
			"Edit the A record of shop.example (93.184.216.34): Type A, Record name left empty, Value 203.0.113.10 and 203.0.113.11 (a line each).",
			`records = ["203.0.113.10", "203.0.113.11"]`,
		},
		"two addresses, of which one is there": {
			twoAddresses(), seen(plain(a(edgeAddr, elsewhere), nil), servedBy(route53)),
			"Edit the A record of shop.example: take out 93.184.216.34, leave the other lines, and add a line with Value 203.0.113.11.",
			`records = ["203.0.113.10", "203.0.113.11"]`,
		},
		"one IPv6 address of two": {
			dual, wrongV6,
			"Edit the AAAA record of shop.example: take out 2606:4700::1111, and leave the other lines.",
			`records = ["2606:4700::10"]`,
		},
	}
	for name, c := range cases {
		fix := fixOf(t, c.platform, c.seen)
		if steps := strings.Join(fix.Steps, "\n"); !strings.Contains(steps, c.step) || strings.Contains(steps, "Create") || strings.Contains(steps, "Delete") {
			t.Errorf("%s:\n%s\nwant\n%s", name, steps, c.step)
		}
		if tf := Terraform(fix); !strings.Contains(tf, c.tf) || strings.Count(tf, "resource \"") != 1 {
			t.Errorf("%s:\n%s\nwant\n%s", name, tf, c.tf)
		}
	}
}

// TestOneResourceForASet: no two resources of one name and type, at any
// provider whose resources are sets.
func TestOneResourceForASet(t *testing.T) {
	t.Parallel()
	for _, p := range providers {
		fix := fixOf(t, twoAddresses(), seen(plain([]netip.Addr{elsewhere}, nil), servedBy(p.example())))
		want := 2
		if known, ok := resources[p.name]; !ok {
			want = 0
		} else if known.sets {
			want = 1
		}
		tf := Terraform(fix)
		if got := strings.Count(tf, "resource \""); got != want {
			t.Errorf("%s: %d resources, want %d:\n%s", p.name, got, want, tf)
		}
		for _, addr := range []netip.Addr{edgeAddr, edgeAddr2} {
			if !strings.Contains(tf, addr.String()) {
				t.Errorf("%s: no %s:\n%s", p.name, addr, tf)
			}
		}
	}
}

// TestSetThatCannotBeWritten: a value that is shown other than it stands there
// would be changed by a set that is written from it.
func TestSetThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	for _, value := range []string{strings.Repeat("x", 300) + ".example", "one.example\x1b[2J", `one.example; a="b"`, `back\slash`} {
		o := seen(right(), caaServedBy(route53))
		o.CAA.Records = []record.CAARecord{issueBy(value)}
		tf := Terraform(fixOf(t, platform(), o))
		if strings.Contains(tf, "resource \"") || !strings.Contains(tf, `# shop.example. CAA 0 issue "letsencrypt.org"`) {
			t.Errorf("%q:\n%s", value, tf)
		}
	}
}

// TestCAAWithParameters: what a resource is not known to take is a comment.
func TestCAAWithParameters(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"DigitalOcean", "NS1", "UltraDNS"} {
		rr := record.RR{Type: "CAA", Name: "shop.example", Value: `0 issue "letsencrypt.org; accounturi=https://ca.example/acct/7"`}
		tf := Terraform(record.Fix{Provider: name, Origin: "shop.example", Set: []record.RR{rr}})
		if tf != "# "+zoneLine(rr)+"\n" {
			t.Errorf("%s:\n%s", name, tf)
		}
	}
}
