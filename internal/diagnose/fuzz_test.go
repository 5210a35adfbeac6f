package diagnose_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// FuzzExplain feeds text and states of strangers' making to every check.
// Whatever they are, findings are clean, complete and about what was asked.
func FuzzExplain(f *testing.F) {
	f.Add("www.shop.example", "cdn.example.", "8.8.8.8", `letsencrypt.org; accounturi=x`, "https://x.example/", "rateLimited", "slow down", uint64(0))
	f.Add("a.example", "\x1b[31mred\u202e", "::1", `;;\"`, "javascript:\n", "caa", "see https://ca.example/sfe/v1/unpause?jwt=SECRET paused", uint64(0x1234567))
	f.Add("*.a.example", "{name}", "10.0.0.1", "a-;b=", "\xff\xfe", "", "During secondary validation", ^uint64(0))
	f.Fuzz(func(t *testing.T, name, value, addr, caa, location, kind, detail string, bits uint64) {
		w := hostile{value: value, caa: caa, location: location, bits: bits}
		if a, err := netip.ParseAddr(addr); err == nil {
			w.addrs = []netip.Addr{a}
		}
		p := record.Platform{
			Target: "{domain}.dns.example.net", LegacyTargets: []string{"*.old.example", value},
			Addresses: []netip.Addr{netip.MustParseAddr("203.0.113.10")}, CAAIdentities: []string{"letsencrypt.org"},
		}
		q := record.Question{Name: name, App: value, Registered: []string{"", name}[w.pick(2)], Challenge: []string{"", "dns-01", "tls-alpn-01"}[w.pick(3)]}
		asking := record.Platform{VerifyOwnership: true, Thumbprint: "thumbprint"}
		q.Proofs = asking.Proofs("www.shop.example", "shop.example", "shop")[:w.pick(3)]
		problem := &record.Problem{Type: record.ErrorURN + kind, Detail: detail, Status: w.pick(600), Subproblems: []record.Subproblem{{Type: kind, Detail: value, Name: name}}}
		seen := w.observation(name)
		for _, finding := range diagnose.Explain(p, q, seen, problem) {
			checkFinding(t, finding)
		}
		checkExclusive(t, diagnose.Explain(p, q, seen, nil))
		checkFinding(t, diagnose.FromProblem(p, q, problem, time.Time{}))
		checkClean(t, diagnose.Detail(problem), 300)
		if lights := diagnose.Checks(p, q, record.Observation{}); lights != (record.Checks{}) {
			t.Errorf("lights without an observation: %+v", lights)
		}
		_ = diagnose.Checks(p, q, seen)
	})
}

func checkFinding(t *testing.T, f record.Finding) {
	t.Helper()
	const longest = 2000
	if row := failure.Of(f.Code); row.Code != f.Code {
		t.Errorf("%q is not a reason", f.Code)
	}
	if f.Message == "" || f.Remedy == "" {
		t.Errorf("%s says nothing", f.Code)
	}
	texts := []string{f.Message, f.Remedy}
	for _, rr := range append(f.Expected, f.Observed...) {
		texts = append(texts, rr.Type, rr.Name, rr.Value)
	}
	if f.Fix != nil {
		texts = append(texts, f.Fix.Provider, f.Fix.Origin)
		texts = append(texts, f.Fix.Steps...)
		texts = append(texts, strings.Split(f.Fix.Zone, "\n")...)
		texts = append(texts, strings.Split(diagnose.Terraform(*f.Fix), "\n")...)
	}
	for _, text := range texts {
		checkClean(t, text, longest)
		if strings.Contains(text, "unpause?jwt=") {
			t.Errorf("a link that grants something is published: %q", text)
		}
	}
}

// checkExclusive: of these reasons only one can be true of one probe, or of one
// look-up.
func checkExclusive(t *testing.T, findings []record.Finding) {
	t.Helper()
	have := map[failure.Code]bool{}
	for _, f := range findings {
		have[f.Code] = true
	}
	if have[failure.CDNChallengeMissing] && (have[failure.RedirectDropsPath] || have[failure.CDNStrictTLS]) || have[failure.CAAUnsupported] && have[failure.CAAForbids] {
		t.Errorf("found together: %v", have)
	}
}

// hostile builds an observation out of a few strings, and bits for the states.
type hostile struct {
	value, caa, location string
	addrs                []netip.Addr
	bits                 uint64
}

// pick draws a number below n.
func (h *hostile) pick(n uint64) int {
	got := h.bits % n
	h.bits = h.bits/n ^ h.bits<<17
	return int(got)
}

func (h *hostile) answer() record.Answer {
	return []record.Answer{
		record.Answered, record.NoData, record.NXDomain, record.ServFail, record.Refused, record.NotImp,
		record.FormErr, record.TimedOut, record.NoAnswer, "", record.Answer(h.value),
	}[h.pick(11)]
}

func (h *hostile) addresses() record.Addresses {
	a := record.Addresses{Answer: h.answer(), CheckingDisabled: h.pick(2) == 1, EDE: []uint16{uint16(h.pick(30))}, Detail: h.value}
	if h.pick(2) == 1 {
		a.Addrs = h.addrs
	}
	return a
}

// authority adds what name servers of a stranger's say.
func (h *hostile) authority(o *record.Observation, name string) {
	o.At, o.DNS.TTL = time.Unix(int64(h.bits>>20), 0), time.Duration(h.bits)
	a := &record.Authority{Zone: h.value}
	if h.pick(2) == 1 { // a provider that is recognised
		h.value, o.CAA.NameServers = "ns."+h.value+".ns.cloudflare.com", []string{"a.ns.cloudflare.com"}
	}
	for range h.pick(5) {
		a.Servers = append(a.Servers, record.NameServer{Name: h.value, Answer: h.answer(), Detail: h.value})
	}
	for range h.pick(3) {
		a.Views = append(a.Views, record.View{Servers: []string{h.value, name}, DNS: record.DNS{A: h.addresses(), AAAA: h.addresses()}})
	}
	o.DNS.Authority = a
	o.CAA.Loop, o.CAA.Cut, o.CAA.CheckingDisabled = h.pick(4) == 1, h.value, h.pick(2) == 1
	if h.pick(2) == 1 {
		o.CAA.Chain = []record.RR{{Type: h.value, Name: h.value, Value: h.caa}}
		o.CAA.Authority = &record.CAA{Zone: h.value, Answer: h.answer(), Records: o.CAA.Records[:h.pick(2)]}
	}
}

func (h *hostile) observation(name string) record.Observation {
	o := record.Observation{Name: name, Ownership: &record.Ownership{}}
	for range h.pick(3) {
		t := record.Texts{Name: h.value, Answer: h.answer(), Detail: h.value, Alias: h.location[:h.pick(2)*len(h.location)], Zone: h.value}
		t.Values, t.NameServers = []string{h.value, "acmsync-app=" + h.caa, h.location}[:h.pick(4)], []string{h.value}
		o.Ownership.Texts = append(o.Ownership.Texts, t)
	}
	o.DNS = &record.DNS{A: h.addresses(), AAAA: h.addresses(), Loop: h.pick(4) == 1}
	if h.pick(2) == 1 {
		o.DNS.Chain = []record.RR{{Type: h.value, Name: name, Value: h.value}}
	}
	o.CAA = &record.CAA{Zone: h.value, Answer: h.answer(), OthersAnswer: h.pick(2) == 1, Records: []record.CAARecord{
		{Tag: "issue", Value: h.caa, Critical: h.pick(2) == 1}, {Tag: h.value, Value: h.caa, Critical: h.pick(2) == 1},
	}}
	if h.pick(2) == 1 {
		h.authority(&o, name)
	}
	results := []record.ProbeResult{
		record.ProbeAnswered, record.ProbeRefused, record.ProbeTimeout, record.ProbeTLS, record.ProbeForbidden,
		record.ProbeBadRedirect, record.ProbeNoAddress, record.ProbeNotAsked, "",
	}
	o.Probe = &record.Probe{
		Result: results[h.pick(9)], Status: h.pick(700), Body: []record.ProbeBody{"html", "other", "thumbprint"}[h.pick(3)],
		Server: h.value, Via: h.value, Detail: h.value,
	}
	if h.pick(2) == 1 {
		o.Probe.Hops = []record.Hop{{URL: h.location, Location: h.location, KeepsPath: h.pick(2) == 1}}
	}
	if len(h.addrs) > 0 {
		o.Probe.Address = h.addrs[0]
	}
	return o
}

// checkClean asks of a whole sentence what record.Clean gives its parts. (That
// white space is single it does not ask: a name may be empty.)
func checkClean(t *testing.T, s string, max int) {
	t.Helper()
	if n := utf8.RuneCountInString(s); n > max && n > 0 {
		t.Errorf("%d characters, more than %d: %q", n, max, s)
	}
	if !utf8.ValidString(s) {
		t.Errorf("invalid UTF-8: %q", s)
	}
	if i := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("an unprintable character at %d: %q", i, s)
	}
}
