package diagnose

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/record"
)

var edgeAddr2 = netip.MustParseAddr("203.0.113.11")

// each is a probe as verify sums it up: the first is what a CA may meet and would
// be refused at, or goes to first.
func each(all ...record.Probe) world {
	return func(o *record.Observation) {
		p := all[0]
		p.Each = all
		o.Probe = &p
	}
}

func match(at netip.Addr) record.Probe {
	return record.Probe{Result: record.ProbeAnswered, Address: at, Status: 200, Body: record.BodyMatch}
}

func page(at netip.Addr, status int, layer string) record.Probe {
	return record.Probe{Result: record.ProbeAnswered, Address: at, Status: status, Body: record.BodyHTML, Layer: layer}
}

func failing(at netip.Addr, how record.ProbeResult) record.Probe {
	return record.Probe{Result: how, Address: at, Unconnected: how == record.ProbeRefused || how == record.ProbeNotAsked}
}

func redirecting(hop record.Hop, why record.RedirectRefusal) record.Probe {
	return record.Probe{Result: record.ProbeBadRedirect, Address: edgeAddr, Hops: []record.Hop{hop}, Refusal: why}
}

// lookCase is what was seen, and what is found, with a part of the first message.
type lookCase struct {
	name       string
	seen       record.Observation
	want, says string
}

func addressLooks() []lookCase {
	a := func(addrs ...netip.Addr) []netip.Addr { return addrs }
	dual := plain(a(edgeAddr), a(otherV6))
	own := plain(a(edgeAddr), a(edgeV6))
	pair := plain(a(edgeAddr, edgeAddr2), nil)
	return []lookCase{
		{"IPv6 is the wrong one", seen(dual, each(page(otherV6, 404, "Fastly"), match(edgeAddr))), "aaaa-mismatch", "the CA asks IPv6 first: 203.0.113.10 answers right, 2606:4700::1111 does not (HTTP 404 from Fastly with a web page)."},
		{"IPv6 hangs", seen(dual, each(failing(otherV6, record.ProbeTimeout), match(edgeAddr))), "aaaa-mismatch", "2606:4700::1111 does not (no answer in time)"},
		{"nobody at IPv6", seen(dual, each(match(edgeAddr), failing(otherV6, record.ProbeRefused))), "~aaaa-mismatch", ""},
		{"no IPv6 from here", seen(dual, each(match(edgeAddr), failing(otherV6, record.ProbeNotAsked))), "~aaaa-mismatch", ""},
		{"one of two IPv6", seen(plain(a(edgeAddr), a(edgeV6, otherV6)), each(page(otherV6, 404, ""), match(edgeV6), match(edgeAddr))), "~aaaa-mismatch", ""},
		{"our own IPv6 is wrong", seen(own, each(page(edgeV6, 404, ""), match(edgeAddr))), "cdn-challenge-missing", "2606:4700::10 answers for blog.shop.example with HTTP 404 and a web page; 203.0.113.10 answers right."},
		{"our IPv4 is wrong, IPv6 right", seen(own, each(match(edgeV6), page(edgeAddr, 404, ""))), "~cdn-challenge-missing", "203.0.113.10 answers for blog.shop.example with HTTP 404 and a web page; 2606:4700::10 answers right."},
		{"our IPv6 is down", seen(own, each(match(edgeAddr), failing(edgeV6, record.ProbeRefused))), "~challenge-unreachable", "2606:4700::10 refuses the connection; 203.0.113.10 answers right."},
		{"our IPv6 cannot be asked from here", seen(own, each(match(edgeAddr), failing(edgeV6, record.ProbeNotAsked))), "", ""},
		{"our IPv6 cannot be asked, IPv4 is wrong", seen(own, each(page(edgeAddr, 404, ""), failing(edgeV6, record.ProbeNotAsked))), "~cdn-challenge-missing", "2606:4700::10 could not be asked"},
		{"one of ours is wrong", seen(pair, each(page(edgeAddr2, 404, ""), match(edgeAddr))), "~cdn-challenge-missing", "203.0.113.10 answers right"},
		{"all of ours are wrong", seen(pair, each(page(edgeAddr, 404, ""), page(edgeAddr2, 502, ""))), "cdn-challenge-missing", "203.0.113.11: HTTP 502 with a web page"},
		{"one of ours is wrong, one silent", seen(pair, each(page(edgeAddr, 404, ""), failing(edgeAddr2, record.ProbeTimeout))), "~cdn-challenge-missing", "203.0.113.11: no answer in time"},
		{"a foreign one refuses, ours is silent", seen(plain(a(elsewhere, edgeAddr), nil), each(failing(elsewhere, record.ProbeRefused), failing(edgeAddr, record.ProbeTimeout))), "~incorrect-dns", ""},
		{"ours is right, a foreign one is not", seen(plain(a(elsewhere, edgeAddr), nil), each(page(elsewhere, 404, ""), match(edgeAddr))), "~cdn-challenge-missing ~incorrect-dns", ""},
		{"more than are asked", seen(right(), probe(record.Probe{Result: record.ProbeAnswered, Address: edgeAddr, Status: 404, Unasked: 1})), "~cdn-challenge-missing", ""},
	}
}

func answerLooks() []lookCase {
	drop := hop("https://www.shop.example/", false)
	rewrite := drop
	rewrite.KeepsToken, rewrite.Location = true, "https://acme.shop.example/?t=x"
	keep := keepHop
	keep.KeepsToken = true
	with := func(p record.Probe, hops ...record.Hop) world { p.Hops = hops; return probe(p) }
	foreign := plain([]netip.Addr{elsewhere}, nil)
	return []lookCase{
		{"a layer that turns us away", seen(right(), probe(page(edgeAddr, 403, "Cloudflare"))), "~cdn-challenge-missing", "Cloudflare at 203.0.113.10 answers for blog.shop.example with HTTP 403 and a web page."},
		{"a layer elsewhere that turns us away", seen(foreign, probe(page(elsewhere, 403, "Cloudflare"))), "cdn-challenge-missing incorrect-dns", ""},
		{"too often for a firewall", seen(right(), probe(page(edgeAddr, 429, ""))), "~cdn-challenge-missing", ""},
		{"a login", seen(right(), probe(page(edgeAddr, 401, ""))), "cdn-challenge-missing", ""},
		{"another account", seen(right(), answered(edgeAddr, 200, record.BodyThumbprint)), "cdn-challenge-missing", "and the answer of another ACME account."},
		{"a parked page", seen(right(), probe(record.Probe{Result: record.ProbeAnswered, Address: edgeAddr, Status: 200, Body: record.BodyHTML, Parked: true})), "cdn-challenge-missing", "the page of a parked domain"},
		{"parked behind a redirect", seen(right(), with(page(edgeAddr, 200, ""), hop("http://ww1.sedoparking.com/x", true))), "~cdn-challenge-missing", "which answers with HTTP 200 and the page of a parked domain."},
		{"a captive network", seen(right(), probe(page(edgeAddr, 511, ""))), "~cdn-challenge-missing", "a network on the way to 203.0.113.10 wants somebody to log in (HTTP 511)."},
		{"a captive network elsewhere", seen(foreign, probe(page(elsewhere, 511, ""))), "~cdn-challenge-missing ~incorrect-dns", ""},
		{"another host says no", seen(right(), with(page(edgeAddr, 404, "Netlify"), keep)), "~cdn-challenge-missing", "it redirects to https://blog.shop.example/.well-known/acme-challenge/x, where Netlify answers with HTTP 404 and a web page."},
		{"drops the path", seen(right(), with(page(edgeAddr, 200, ""), drop)), "redirect-drops-path", "https://www.shop.example/, which loses the challenge path."},
		{"rewrites the path", seen(right(), with(page(edgeAddr, 200, ""), rewrite)), "~redirect-drops-path", "which rewrites the challenge path."},
		{"rewrites the path and answers right", seen(right(), with(match(edgeAddr), rewrite)), "", ""},
		{"circles", seen(right(), probe(redirecting(keep, record.RedirectLoop))), "challenge-unreachable", "it leads back to where it came from"},
		{"another port", seen(right(), probe(redirecting(keep, record.RedirectPort))), "challenge-unreachable", "only the ports 80 and 443"},
		{"no slash", seen(right(), probe(redirecting(rewrite, record.RedirectSlash))), "challenge-unreachable", "the slash between host and path is missing"},
		{"eleven redirects", seen(right(), probe(redirecting(keep, record.RedirectMany))), "~challenge-unreachable", "more than ten redirects"},
		{"a user name", seen(right(), probe(redirecting(keep, record.RedirectUser))), "~challenge-unreachable", "a user name"},
		{"to nowhere", seen(right(), with(record.Probe{Result: record.ProbeNoAddress, Address: edgeAddr}, keep)), "~challenge-unreachable", "which has no address"},
	}
}

// TestExplainProbes: what each address answers, weighed as a CA would meet it.
// A tilde marks what only advises.
func TestExplainProbes(t *testing.T) {
	t.Parallel()
	p := platform()
	p.Addresses = []netip.Addr{edgeAddr, edgeAddr2, edgeV6}
	for _, c := range append(addressLooks(), answerLooks()...) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found := Explain(p, question(), c.seen, nil)
			if diff := cmp.Diff(c.want, codes(found)); diff != "" {
				t.Fatalf("(-want +got):\n%s%+v", diff, found)
			}
			if len(found) > 0 && !strings.Contains(found[0].Message, c.says) {
				t.Errorf("message %q, want it to say %q", found[0].Message, c.says)
			}
		})
	}
}
