package verify_test

import (
	"fmt"
	"strings"
	"testing"

	mdns "github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/record"
)

const proof = "acmsync-app=shop; acmsync-proof=aaaa"

func asks(names ...string) record.Question {
	q := record.Question{Name: strings.TrimPrefix(names[0], "_acmsync."), Ownership: true}
	for _, name := range names {
		q.Proofs = append(q.Proofs, record.RR{Type: "TXT", Name: name, Value: proof})
	}
	return q
}

// saidOf puts what was seen at one name into a line.
func saidOf(t record.Texts) string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", t.Answer, strings.Join(t.Values, "|"), t.Alias))
}

// TestOwnership: what stands where a proof is looked for is told as it stands
// there, and an alias is not followed, wherever it leads.
func TestOwnership(t *testing.T) {
	t.Parallel()
	const at = "_acmsync.www.shop.example"
	txt := `TXT "` + proof + `"`
	for name, c := range map[string]struct {
		set  map[string][]string
		want string
	}{
		"it is there":             {map[string][]string{at: {txt}}, "answered " + proof},
		"beside others":           {map[string][]string{at: {`TXT "v=spf1 -all"`, txt}}, "answered " + proof + "|v=spf1 -all"},
		"in two strings":          {map[string][]string{at: {`TXT "acmsync-app=shop; " "acmsync-proof=aaaa"`}}, "answered " + proof},
		"an alias to one":         {map[string][]string{at: {"CNAME proof.other.test."}, "proof.other.test": {txt}}, "nodata  proof.other.test"},
		"an alias to nothing":     {map[string][]string{at: {"CNAME gone.other.test."}}, "nxdomain  gone.other.test"},
		"a wildcard's alias":      {map[string][]string{"*.shop.example": {"CNAME edge.other.test."}, "edge.other.test": {txt}}, "nodata  edge.other.test"},
		"a wildcard's text":       {map[string][]string{"*.shop.example": {`TXT "hello"`}}, "answered hello"},
		"nothing":                 {nil, "nxdomain"},
		"something of other type": {map[string][]string{at: {"A 192.0.2.1"}}, "nodata"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newDNS(t)
			for owner, rrs := range c.set {
				s.Set(owner, rrs...)
			}
			got := observe(t, newVerifier(s), asks(at))
			if got.Ownership == nil || got.DNS != nil || saidOf(got.Ownership.Texts[0]) != c.want {
				t.Errorf("%+v, want %s", got.Ownership, c.want)
			}
		})
	}
}

// TestOwnershipAtTheAuthorities: what a resolver remembers of a proof's absence
// does not hide it, and what it knows to be there costs one question.
func TestOwnershipAtTheAuthorities(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "fresh.example", "known.example", "broken.example")
	txt := `300 TXT "` + proof + `"`
	for _, host := range w.Hosts {
		host.Set("_acmsync.fresh.example", txt)
	}
	w.Resolver.Set("_acmsync.known.example", txt)
	failing := dns.Fault{Rcode: mdns.RcodeServerFailure}
	w.Resolver.Fail("_acmsync.broken.example", 0, failing)
	for _, host := range w.Hosts {
		host.Fail("_acmsync.broken.example", 0, failing)
	}
	v := inWorld(w, 0)
	got := observe(t, v, asks("_acmsync.www.fresh.example", "_acmsync.fresh.example")).Ownership.Texts
	if saidOf(got[0]) != "nxdomain" || saidOf(got[1]) != "answered "+proof || got[1].Zone != "fresh.example" || len(got[1].NameServers) != 2 {
		t.Errorf("%+v", got)
	}
	got = observe(t, v, asks("_acmsync.known.example")).Ownership.Texts
	if saidOf(got[0]) != "answered "+proof || got[0].Zone != "" || w.Hosts[0].Asked("_acmsync.known.example", mdns.TypeTXT) > 0 {
		t.Errorf("%+v", got)
	}
	got = observe(t, v, asks("_acmsync.broken.example")).Ownership.Texts
	if saidOf(got[0]) != "servfail" || got[0].Detail == "" {
		t.Errorf("%+v", got)
	}
}

// TestOwnershipUnasked: without a resolver nothing is known.
func TestOwnershipUnasked(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	v := newVerifier(s)
	s.Fail(".", 0, dns.Fault{Rcode: mdns.RcodeServerFailure, Subtree: true})
	if got := observe(t, v, asks("_acmsync.www.shop.example")).Ownership.Texts; got[0].Answer != record.NoAnswer {
		t.Errorf("%+v", got)
	}
}
