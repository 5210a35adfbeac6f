package diagnose

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/record"
)

type explainCase struct {
	name    string
	ask     func(*record.Question)
	seen    record.Observation
	problem *record.Problem
	// want are the codes, space separated; a ~ marks one that only warns.
	want string
}

func explainCases() []explainCase {
	return slices.Concat(dnsCases(), addressCases(), probeCases(), caaCases(), orderCases(), proofCases())
}

func dnsCases() []explainCase {
	loop := record.DNS{Chain: cname("a.example", blog), Loop: true, A: answer(record.ServFail), AAAA: answer(record.ServFail)}
	dangling := func(v string) world {
		return dns(record.DNS{Chain: cname(v), A: answer(record.NXDomain), AAAA: answer(record.NXDomain)})
	}
	byDNS := func(q *record.Question) { q.Challenge = "dns-01" }
	return []explainCase{
		{name: "nothing asked", seen: seen(), want: ""},
		{name: "all well", seen: seen(right(), answered(edgeAddr, 200, record.BodyMatch), caa()), want: ""},
		{name: "could not ask", seen: seen(both(answer(record.NoAnswer), answer(record.NoAnswer)), failed(netip.Addr{}, record.ProbeNotAsked), caaFailure(record.NoAnswer, false)), want: ""},
		{name: "one family unknown is not no address", seen: seen(both(addrs(), answer(record.NoAnswer))), want: ""},
		{name: "time-out", seen: seen(both(answer(record.TimedOut), answer(record.TimedOut))), want: "dns-timeout"},
		{name: "one family has an address", seen: seen(dns(record.DNS{Chain: cname(target), A: addrs(edgeAddr), AAAA: answer(record.TimedOut)})), want: ""},
		{name: "SERVFAIL with EDE 22", seen: seen(both(answer(record.ServFail, 22), answer(record.ServFail, 22))), want: "dns-timeout"},
		{name: "SERVFAIL with EDE 23", seen: seen(both(answer(record.ServFail, 23), answer(record.ServFail))), want: "dns-timeout dns-unresolved"},
		{name: "answered under CD, no EDE", seen: seen(both(bogusAnswer, bogusAnswer)), want: "dnssec-failed"},
		{name: "answered under CD wins over EDE 22", seen: seen(both(record.Addresses{Answer: record.ServFail, CheckingDisabled: true, EDE: []uint16{22}}, addrs())), want: "dnssec-failed"},
		{name: "plain SERVFAIL", seen: seen(both(answer(record.ServFail), answer(record.ServFail))), want: "dns-unresolved"},
		{name: "REFUSED", seen: seen(both(answer(record.Refused), answer(record.Refused))), want: "dns-unresolved"},
		{name: "no address", seen: seen(plain(nil, nil)), want: "dns-unresolved"},
		{name: "right target without address", seen: seen(to(target)), want: "dns-unresolved"},
		{name: "loop", seen: seen(dns(loop)), want: "dns-unresolved"},
		{name: "NXDOMAIN", seen: seen(both(answer(record.NXDomain), answer(record.NXDomain))), want: "domain-not-found"},
		{name: "NXDOMAIN and no address need not hold back DNS validation", ask: byDNS, seen: seen(both(answer(record.NXDomain), answer(record.NXDomain))), want: "~domain-not-found"},
		{name: "no address, DNS validation", ask: byDNS, seen: seen(plain(nil, nil)), want: "~dns-unresolved"},
		{name: "time-out holds back DNS validation too", ask: byDNS, seen: seen(both(answer(record.TimedOut), answer(record.TimedOut))), want: "dns-timeout"},
		{name: "dangling", seen: seen(dangling("gone.example")), want: "incorrect-dns"},
		{name: "dangling at the right target", seen: seen(dangling(target)), want: "incorrect-dns"},
		{name: "dangling at a retired target", seen: seen(dangling(old)), want: "incorrect-cname-target"},
	}
}

func addressCases() []explainCase {
	byDNS := func(q *record.Question) { q.Challenge = "dns-01" }
	apex := func(q *record.Question) { q.Registered = q.Name }
	a := func(addrs ...netip.Addr) []netip.Addr { return addrs }
	match := func(at netip.Addr) world { return answered(at, 200, record.BodyMatch) }
	return []explainCase{
		{name: "ALIAS", ask: apex, seen: seen(plain(a(edgeAddr), nil)), want: ""},
		{name: "CNAME that arrives at the edge another way", seen: seen(to("edge.example.net", edgeAddr)), want: ""},
		{name: "through another name to the target", seen: seen(dns(record.DNS{Chain: cname("www.shop.example", strings.ToUpper(target)+"."), A: addrs(elsewhere), AAAA: addrs()})), want: ""},
		{name: "wrong CNAME", seen: seen(to("other.example", elsewhere), failed(elsewhere, record.ProbeTimeout)), want: "incorrect-cname-target"},
		{name: "wrong CNAME without address", seen: seen(to("other.example")), want: "dns-unresolved incorrect-cname-target"},
		{name: "wrong CNAME, probe answers right", seen: seen(to("cdn.example", elsewhere), match(elsewhere)), want: "~incorrect-cname-target"},
		{name: "wrong CNAME, probe could not be made", seen: seen(to("cdn.example", elsewhere), failed(netip.Addr{}, record.ProbeNotAsked)), want: "~incorrect-cname-target"},
		{name: "wrong CNAME, not probed", seen: seen(to("cdn.example", elsewhere)), want: "incorrect-cname-target"},
		{name: "wrong CNAME, DNS validation", ask: byDNS, seen: seen(to("cdn.example", elsewhere)), want: "~incorrect-cname-target"},
		{name: "retired target that still leads to the edge", seen: seen(to(old, edgeAddr)), want: "incorrect-cname-target"},
		{name: "retired target behind ours", seen: seen(dns(record.DNS{Chain: cname(target, old), A: addrs(edgeAddr), AAAA: addrs()})), want: ""},
		{name: "foreign address", seen: seen(plain(a(elsewhere), nil)), want: "incorrect-dns"},
		{name: "one foreign address of two", seen: seen(plain(a(edgeAddr, elsewhere), nil)), want: "incorrect-dns"},
		{name: "foreign address refuses", seen: seen(plain(a(elsewhere), nil), failed(elsewhere, record.ProbeRefused)), want: "incorrect-dns"},
		{name: "foreign address is silent", seen: seen(plain(a(elsewhere), nil), failed(elsewhere, record.ProbeTimeout)), want: "incorrect-dns"},
		{name: "foreign address, server error", seen: seen(plain(a(elsewhere), nil), answered(elsewhere, 503, record.BodyOther)), want: "incorrect-dns"},
		{name: "foreign address with page", seen: seen(plain(a(elsewhere), nil), answered(elsewhere, 200, record.BodyHTML)), want: "cdn-challenge-missing incorrect-dns"},
		{name: "foreign address with error page", seen: seen(plain(a(elsewhere), nil), answered(elsewhere, 503, record.BodyHTML)), want: "cdn-challenge-missing incorrect-dns"},
		{name: "foreign address redirects away", seen: seen(plain(a(elsewhere), nil), answered(elsewhere, 200, record.BodyHTML, dropHop)), want: "redirect-drops-path incorrect-dns"},
		{name: "foreign address, probe answers right", seen: seen(plain(a(elsewhere), a(otherV6)), match(otherV6)), want: "~incorrect-dns ~aaaa-mismatch"},
		{name: "only IPv6, foreign", seen: seen(plain(nil, a(otherV6))), want: "incorrect-dns"},
		{name: "IPv6 elsewhere", seen: seen(plain(a(edgeAddr), a(otherV6))), want: "aaaa-mismatch"},
		{name: "both elsewhere", seen: seen(plain(a(elsewhere), a(otherV6))), want: "incorrect-dns aaaa-mismatch"},
		{name: "private address", seen: seen(plain(a(private), nil)), want: "reserved-address"},
		{name: "private behind right target", seen: seen(to(target, private)), want: ""},
		{name: "private beside ours", seen: seen(plain(a(edgeAddr, private), nil)), want: "~reserved-address"},
		{name: "wrong CNAME to private", seen: seen(to("intra.example", private)), want: "reserved-address incorrect-cname-target"},
		{name: "redirect to private", seen: seen(right(), failed(edgeAddr, record.ProbeForbidden, keepHop)), want: "reserved-address"},
		{name: "dialer refuses our own address", seen: seen(right(), failed(edgeAddr, record.ProbeForbidden)), want: ""},
		{name: "dialer refuses, DNS not asked", seen: seen(failed(private, record.ProbeForbidden)), want: "reserved-address"},
	}
}

func probeCases() []explainCase {
	return []explainCase{
		{name: "redirect drops the path", seen: seen(right(), answered(edgeAddr, 200, record.BodyHTML, dropHop)), want: "redirect-drops-path"},
		{name: "redirect drops the path, then nothing", seen: seen(right(), failed(edgeAddr, record.ProbeTimeout, dropHop)), want: "redirect-drops-path"},
		{name: "redirect keeps the path and answers", seen: seen(right(), answered(edgeAddr, 200, record.BodyMatch, keepHop)), want: ""},
		{name: "right address, 404", seen: seen(right(), answered(edgeAddr, 404, record.BodyOther)), want: "cdn-challenge-missing"},
		{name: "right address, 403", seen: seen(right(), answered(edgeAddr, 403, record.BodyOther)), want: "~cdn-challenge-missing"},
		{name: "right address, page", seen: seen(right(), answered(edgeAddr, 200, record.BodyHTML)), want: "cdn-challenge-missing"},
		{name: "another account", seen: seen(right(), answered(edgeAddr, 200, record.BodyThumbprint)), want: "cdn-challenge-missing"},
		{name: "404 after a redirect", seen: seen(right(), answered(edgeAddr, 404, record.BodyOther, keepHop)), want: "~cdn-challenge-missing"},
		{name: "525", seen: seen(right(), answered(edgeAddr, 525, record.BodyHTML)), want: "cdn-strict-tls"},
		{name: "526 at a CDN", seen: seen(to("cdn.example", elsewhere), answered(elsewhere, 526, record.BodyHTML)), want: "incorrect-cname-target cdn-strict-tls"},
		{name: "handshake after redirect", seen: seen(right(), failed(edgeAddr, record.ProbeTLS, keepHop)), want: "cdn-strict-tls"},
		{name: "right address, 502", seen: seen(right(), answered(edgeAddr, 502, record.BodyHTML)), want: "challenge-unreachable"},
		{name: "right address, silent", seen: seen(right(), failed(edgeAddr, record.ProbeTimeout)), want: "~challenge-unreachable"},
		{name: "right address, refused", seen: seen(right(), failed(edgeAddr, record.ProbeRefused)), want: "~challenge-unreachable"},
		{name: "redirect loop", seen: seen(right(), failed(edgeAddr, record.ProbeBadRedirect, keepHop)), want: "challenge-unreachable"},
		{name: "nothing to dial", seen: seen(right(), failed(netip.Addr{}, record.ProbeNoAddress)), want: ""},
		{name: "foreign without address of the dial", seen: seen(plain([]netip.Addr{elsewhere}, nil), failed(netip.Addr{}, record.ProbeTimeout)), want: "incorrect-dns"},
	}
}

func caaCases() []explainCase {
	return []explainCase{
		{name: "CAA silent, others answer", seen: seen(right(), caaFailure(record.TimedOut, true)), want: "caa-unsupported"},
		{name: "CAA silent alone", seen: seen(right(), caaFailure(record.TimedOut, false)), want: "~dns-timeout"},
		{name: "CAA refused", seen: seen(right(), caaFailure(record.Refused, false)), want: "caa-unsupported"},
		{name: "CAA not implemented", seen: seen(right(), caaFailure(record.NotImp, false)), want: "caa-unsupported"},
		{name: "CAA SERVFAIL", seen: seen(right(), caaFailure(record.ServFail, false)), want: "caa-unsupported"},
		{name: "everything SERVFAIL", seen: seen(both(answer(record.ServFail), answer(record.ServFail)), caaFailure(record.ServFail, false)), want: "dns-unresolved"},
		{name: "CAA for others", seen: seen(right(), caa(issueBy("other-ca.example"))), want: "caa-forbids"},
	}
}

// orderCases hold several faults at once; each shows which goes first.
func orderCases() []explainCase {
	return []explainCase{
		{name: "time-out before DNSSEC", seen: seen(both(answer(record.TimedOut), bogusAnswer)), want: "dns-timeout dnssec-failed"},
		{name: "DNSSEC before unresolved", seen: seen(both(bogusAnswer, answer(record.Refused))), want: "dnssec-failed dns-unresolved"},
		{name: "unresolved before not found", seen: seen(both(answer(record.NXDomain), answer(record.ServFail))), want: "dns-unresolved domain-not-found"},
		{name: "not found before reserved", seen: seen(both(answer(record.NXDomain), answer(record.NXDomain)), failed(private, record.ProbeForbidden)), want: "domain-not-found reserved-address"},
		{name: "CNAME before redirect", seen: seen(to("redirect.example", elsewhere), answered(elsewhere, 200, record.BodyHTML, dropHop)), want: "incorrect-cname-target redirect-drops-path"},
		{name: "CNAME before CDN", seen: seen(to("cdn.example", elsewhere), answered(elsewhere, 404, record.BodyHTML)), want: "incorrect-cname-target cdn-challenge-missing"},
		{name: "redirect before strict TLS", seen: seen(right(), failed(edgeAddr, record.ProbeTLS, dropHop)), want: "redirect-drops-path cdn-strict-tls"},
		{name: "strict TLS before address", seen: seen(plain([]netip.Addr{elsewhere}, nil), answered(elsewhere, 525, record.BodyHTML)), want: "cdn-strict-tls incorrect-dns"},
		{name: "IPv6 before CAA", seen: seen(plain([]netip.Addr{edgeAddr}, []netip.Addr{otherV6}), caaFailure(record.Refused, true)), want: "aaaa-mismatch caa-unsupported"},
		{name: "CAA before challenge", seen: seen(right(), caa(issueBy(";")), answered(edgeAddr, 500, record.BodyOther)), want: "caa-forbids challenge-unreachable"},
		{name: "unsupported CAA before challenge", seen: seen(right(), caaFailure(record.Refused, true), answered(edgeAddr, 500, record.BodyOther)), want: "caa-unsupported challenge-unreachable"},
		{name: "challenge before the CA", seen: seen(right(), answered(edgeAddr, 500, record.BodyOther)), problem: problem("rateLimited", "too many"), want: "challenge-unreachable rate-limited"},
		{name: "the CA confirms a warning", seen: seen(right(), failed(edgeAddr, record.ProbeTimeout)), problem: problem("connection", "timeout"), want: "challenge-unreachable"},
		{name: "warnings come last", seen: seen(to("cdn.example", elsewhere), answered(elsewhere, 200, record.BodyMatch), caa(issueBy(";"))), want: "caa-forbids ~incorrect-cname-target"},
	}
}

func (c explainCase) question() record.Question {
	q := question()
	if c.ask != nil {
		c.ask(&q)
	}
	return q
}

func codes(findings []record.Finding) string {
	words := make([]string, 0, len(findings))
	for _, f := range findings {
		word := string(f.Code)
		if f.Warning {
			word = "~" + word
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func TestExplain(t *testing.T) {
	t.Parallel()
	for _, c := range explainCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := Explain(platform(), c.question(), c.seen, c.problem)
			if diff := cmp.Diff(c.want, codes(got)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			for _, f := range got {
				if strings.ContainsAny(f.Message+f.Remedy, "{}") {
					t.Errorf("a placeholder is left in %q / %q", f.Message, f.Remedy)
				}
			}
		})
	}
}
