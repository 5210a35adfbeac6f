package diagnose

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/acmsync/acmsync/internal/record"
)

// TestSeenFromHere is what stands after the CA's words.
func TestSeenFromHere(t *testing.T) {
	t.Parallel()
	rr := func(kind, name, value string) record.RR { return record.RR{Type: kind, Name: name, Value: value} }
	url := "http://" + blog + "/.well-known/acme-challenge/"
	alias, answer := rr("CNAME", blog, target), rr("HTTP", url, "the right answer")
	beyond := dns(record.DNS{Chain: cname(target, "lb.example.net"), A: addrs(edgeAddr), AAAA: addrs()})
	allowed, silent := caa(issueBy("letsencrypt.org")), caaFailure(record.TimedOut, false)
	for name, c := range map[string]struct {
		kind, challenge string
		seen            record.Observation
		want            []record.RR
	}{
		"nobody looked":              {"unauthorized", "", record.Observation{}, nil},
		"the target and its answer":  {"unauthorized", "", seen(right(), probe(match(edgeAddr))), []record.RR{answer, alias}},
		"what is behind the target":  {"connection", "", seen(beyond, probe(match(edgeAddr))), []record.RR{answer, alias}},
		"both addresses answer":      {"unauthorized", "", seen(right(), each(match(edgeAddr), match(edgeAddr2))), []record.RR{answer, alias}},
		"the probe could not be put": {"unauthorized", "", seen(right(), probe(failing(edgeAddr, record.ProbeNotAsked))), []record.RR{alias}},
		"addresses of its own":       {"dns", "", seen(plain([]netip.Addr{edgeAddr}, nil)), []record.RR{rr("A", blog, edgeAddr.String())}},
		"a set that allows":          {"caa", "", seen(right(), allowed), []record.RR{rr("CAA", "shop.example", `0 issue "letsencrypt.org"`)}},
		"a set that cannot be had":   {"caa", "", seen(right(), silent), []record.RR{rr("CAA", "shop.example", "(nothing in time)")}},
		"a TXT record was read":      {"dns", "dns-01", seen(right()), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := question()
			q.Challenge = c.challenge
			found := Explain(platform(), q, c.seen, problem(c.kind, "no"))
			if len(found) == 0 || len(found[0].Observed) == 0 || found[0].Observed[0].Value != "(the CA: no)" {
				t.Fatalf("%+v", found)
			}
			if diff := cmp.Diff(c.want, found[0].Observed[1:], cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
