package diagnose

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/record"
)

func asking() record.Platform {
	p := platform()
	p.VerifyOwnership, p.Thumbprint = true, "thumbprint"
	return p
}

func proofs(app string) []record.RR { return asking().Proofs(blog, "shop.example", app) }

func askProof(q *record.Question) { q.Proofs = proofs(q.App) }

// standing is what stands at the name, and then at its zone.
func standing(name, zone record.Texts) world {
	return func(o *record.Observation) {
		own := proofs("blog")
		name.Name, zone.Name = own[0].Name, own[1].Name
		o.Ownership = &record.Ownership{Texts: []record.Texts{name, zone}}
	}
}

func holds(values ...string) record.Texts {
	return record.Texts{Answer: record.Answered, Values: values, Zone: "shop.example"}
}

var (
	noText   = record.Texts{Answer: record.NXDomain, Zone: "shop.example"}
	unasked  = record.Texts{Answer: record.NoAnswer}
	failText = record.Texts{Answer: record.ServFail, Detail: "SERVFAIL by 192.0.2.53"}
)

func proofCases() []explainCase {
	own := proofs("blog")
	return []explainCase{
		{name: "no proof", ask: askProof, seen: seen(right(), standing(noText, noText)), want: "ownership-unproven"},
		{name: "no proof is asked for", seen: seen(right(), standing(noText, noText)), want: ""},
		{name: "a proof at the name", ask: askProof, seen: seen(right(), standing(holds(own[0].Value), noText)), want: ""},
		{name: "a proof of the zone", ask: askProof, seen: seen(right(), standing(noText, holds("v=spf1 -all", own[1].Value))), want: ""},
		{name: "as a panel quotes it", ask: askProof, seen: seen(right(), standing(holds(`\"`+strings.ToUpper(own[0].Value)+` \"`), noText)), want: ""},
		{name: "with a last semicolon", ask: askProof, seen: seen(right(), standing(holds(strings.ReplaceAll(own[0].Value, "; ", ";")+";"), noText)), want: ""},
		{name: "the zone's proof at the name", ask: askProof, seen: seen(right(), standing(holds(own[1].Value), noText)), want: "ownership-unproven"},
		{name: "two proofs in one", ask: askProof, seen: seen(right(), standing(holds(own[0].Value+own[0].Value), noText)), want: "ownership-unproven"},
		{name: "another app's proof", ask: askProof, seen: seen(right(), standing(holds(proofs("shop")[0].Value), noText)), want: "ownership-unproven"},
		{name: "a proof behind an alias", ask: askProof, seen: seen(right(), standing(record.Texts{Answer: record.Answered, Alias: "x.test", Values: []string{own[0].Value}}, noText)), want: "ownership-unproven"},
		{name: "one place unasked", ask: askProof, seen: seen(right(), standing(noText, unasked)), want: ""},
		{name: "one place unasked, a proof at the other", ask: askProof, seen: seen(right(), standing(unasked, holds(own[1].Value))), want: ""},
		{name: "a server that fails for it", ask: askProof, seen: seen(right(), standing(failText, noText)), want: "ownership-unproven"},
		{name: "a server that fails for all", ask: askProof, seen: seen(both(bogusAnswer, bogusAnswer), standing(failText, noText)), want: "dnssec-failed"},
		{name: "DNSSEC fails at the name alone", ask: askProof, seen: seen(both(bogusAnswer, bogusAnswer), standing(noText, noText)), want: "dnssec-failed ownership-unproven"},
		{name: "neither a proof nor an address", ask: askProof, seen: seen(plain(nil, nil), standing(noText, noText)), want: "ownership-unproven dns-unresolved"},
	}
}

// TestWhatIsSaidOfProofs pins the words for what stands in a proof's place.
func TestWhatIsSaidOfProofs(t *testing.T) {
	t.Parallel()
	own := proofs("blog")
	for name, c := range map[string]struct {
		at, zone record.Texts
		message  string
		observed []record.RR
	}{
		"nothing":       {noText, noText, "before the first certificate.", []record.RR{{Type: "TXT", Name: own[0].Name, Value: "(none)"}}},
		"an SPF record": {holds("v=spf1 -all"), noText, "before the first certificate.", []record.RR{{Type: "TXT", Name: own[0].Name, Value: "v=spf1 -all"}}},
		"another app's": {noText, holds(proofs("shop")[1].Value), ": the record at _acmsync.shop.example is for the app shop.", nil},
		"its own, copied from the zone": {
			holds(own[1].Value), noText,
			": the record at _acmsync.blog.shop.example is for another domain, for another platform, or from before this platform's account key was replaced.", nil,
		},
		"half of it":          {holds("acmsync-app=blog"), noText, ": the record at _acmsync.blog.shop.example is not whole.", nil},
		"an alias":            {record.Texts{Answer: record.NoData, Alias: "gone.test"}, noText, ": _acmsync.blog.shop.example is an alias for gone.test, which is not followed.", []record.RR{{Type: "CNAME", Name: own[0].Name, Value: "gone.test"}}},
		"a server that fails": {failText, noText, ": _acmsync.blog.shop.example cannot be looked up (SERVFAIL by 192.0.2.53).", []record.RR{{Type: "TXT", Name: own[0].Name, Value: "(servfail)"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := question()
			askProof(&q)
			f := Explain(asking(), q, seen(right(), standing(c.at, c.zone)), nil)[0]
			if !strings.HasSuffix(f.Message, c.message) {
				t.Errorf("message %q", f.Message)
			}
			if want := "Add TXT " + own[0].Name + " with the value \"" + own[0].Value + "\", or, for all names of shop.example at once, TXT " + own[1].Name + " with the value \"" + own[1].Value + "\""; !strings.HasPrefix(f.Remedy, want) {
				t.Errorf("remedy %q, want %q", f.Remedy, want)
			}
			if len(f.Remedy) > 600 || cmp.Diff(own[:1], f.Expected) != "" || c.observed != nil && cmp.Diff(c.observed, f.Observed) != "" {
				t.Errorf("%d characters, expected %v, observed %v", len(f.Remedy), f.Expected, f.Observed)
			}
		})
	}
}

// TestFixesOfProofs pins for each provider what to type for a TXT record, alone
// and beside another, and how Terraform has it.
func TestFixesOfProofs(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, p := range append(providers, provider{name: "somebody unknown", servers: []string{"dns.example"}}) {
		b.WriteString("== " + p.name + "\n")
		for _, at := range []record.Texts{noText, holds("v=spf1 -all")} {
			q := question()
			askProof(&q)
			at.NameServers = []string{p.example()}
			fix := Explain(asking(), q, seen(right(), standing(at, noText)), nil)[0].Fix
			for _, step := range fix.Steps {
				b.WriteString("   " + step + "\n")
			}
			b.WriteString(fix.Zone + "\n" + Terraform(*fix))
		}
		b.WriteString("\n")
	}
	golden(t, "proofs.golden", b.String())
}
