package operate_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mdns "github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/internal/record"
)

func codes(v operate.Verdict) []failure.Code {
	var all []failure.Code
	for _, f := range v.Findings {
		all = append(all, f.Code)
	}
	return all
}

func TestVerifyOfANameAsItShouldBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.verify("WWW.Shop.Example.")
	if got.Name != domain || got.Unicode != "" || len(got.Findings) > 0 || got.Blocked() {
		t.Errorf("%q (%q) with %v, want %s with nothing to mend", got.Name, got.Unicode, codes(got), domain)
	}
	want := record.Checks{DNS: record.Pass, CAA: record.Pass, Challenge: record.Pass}
	got.Checks.Issued, got.Checks.Deployed, got.Checks.Served = "", "", ""
	if diff := cmp.Diff(want, got.Checks); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What is wrong in the world is what `acmsync sync` would say of it.
func TestVerifySaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		name  string
		spoil func(*world)
		want  failure.Code
	}{
		"a retired target": {domain, func(w *world) {
			w.dns.Set(domain, "CNAME shop.oldplatform.example.")
			w.dns.Set("shop.oldplatform.example", "A 127.0.0.1")
			w.edge.Behave(domain, edge.Behaviour{Status: 404, Body: "no such app"})
		}, failure.IncorrectCNAME},
		"no such name":      {"nowhere.shop.example", func(*world) {}, failure.DomainNotFound},
		"a CAA set":         {domain, func(w *world) { w.dns.Set("shop.example", `CAA 0 issue "other.test"`) }, failure.CAAForbids},
		"broken signatures": {domain, func(w *world) { w.dns.Fail(domain, 0, dns.Fault{Rcode: mdns.RcodeServerFailure, OnlyWithoutCD: true}) }, failure.DNSSECFailed},
		"a page in the challenge's place": {domain, func(w *world) {
			w.edge.Behave(domain, edge.Behaviour{Status: 200, Body: "<!DOCTYPE html>welcome"})
		}, failure.CDNChallengeMissing},
		"a redirect that loses the path": {domain, func(w *world) {
			w.edge.Behave(domain, edge.Behaviour{Redirect: "http://" + target + ":{httpPort}/"})
		}, failure.RedirectDropsPath},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c.spoil(w)
			got := w.verify(c.name)
			if found := codes(got); len(found) == 0 || found[0] != c.want || !got.Blocked() {
				t.Errorf("found %v, blocked %v, want %s first", found, got.Blocked(), c.want)
			}
		})
	}
}

// A resolver out of reach is our trouble and nobody's failure.
func TestVerifyThatCannotAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.dns.Fail(".", 0, dns.Fault{Rcode: mdns.RcodeRefused, Subtree: true})
	got := w.verify(domain)
	if got.Blocked() || !got.Unseen() {
		t.Errorf("found %v of a world that could not be asked, unseen %v", codes(got), got.Unseen())
	}
	if text := written(t, got, false); !strings.Contains(text, "? nothing could be seen") || strings.Contains(text, "✓") {
		t.Errorf("it is told as\n%s", text)
	}
	for name, check := range map[string]record.Check{"dns": got.Checks.DNS, "caa": got.Checks.CAA, "challenge": got.Checks.Challenge} {
		if check == record.Pass || check == record.Fail {
			t.Errorf("%s: %s, want unknown", name, check)
		}
	}
}

// An apex is right with the platform's addresses, where a CNAME cannot be.
func TestVerifyOfAnApex(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.dns.Set("shop.example", "A 127.0.0.1")
	if got := w.verify("shop.example"); len(got.Findings) > 0 {
		t.Errorf("at the platform's address: %v", codes(got))
	}
	w.dns.Set("shop.example", "A 127.0.0.2")
	got := w.verify("shop.example")
	if found := codes(got); len(found) == 0 || found[0] != failure.IncorrectDNS {
		t.Fatalf("at another address: %v, want %s first", found, failure.IncorrectDNS)
	}
	if remedy := got.Findings[0].Remedy; !strings.HasPrefix(remedy, "Set A shop.example to 127.0.0.1") {
		t.Errorf("remedy %q, want the address an apex can have", remedy)
	}
}

// A request that no edge could answer proves nothing, so it is not sent.
func TestVerifyProbesOnlyWhatCanAnswer(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		name   string
		change func(*record.Platform)
		probed bool
	}{
		"stateless":     {domain, func(*record.Platform) {}, true},
		"listen":        {domain, func(p *record.Platform) { p.ChallengeMode = "listen" }, false},
		"no thumbprint": {domain, func(p *record.Platform) { p.Thumbprint = "" }, false},
		"a wildcard":    {"*.shop.example", func(*record.Platform) {}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.dns.Set("*.shop.example", "CNAME shop.example.dns.platform.example.")
			w.dns.Set("shop.example.dns.platform.example", "A 127.0.0.1")
			c.change(&w.platform)
			got := w.verify(c.name)
			if probed := got.Observation.Probe != nil; probed != c.probed || got.Blocked() {
				t.Errorf("probed %v, want %v; found %v", probed, c.probed, codes(got))
			}
			if want := map[bool]record.Check{true: record.Pass, false: ""}[c.probed]; got.Checks.Challenge != want {
				t.Errorf("challenge %q, want %q", got.Checks.Challenge, want)
			}
			asked := slices.ContainsFunc(w.edge.Requests(), func(r edge.Request) bool { return !r.TLS })
			if asked != c.probed {
				t.Errorf("the edge was asked: %v, want %v", asked, c.probed)
			}
		})
	}
}

// An edge must not pass by remembering what was asked before.
func TestVerifyAsksForANewTokenEachTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verify(domain)
	w.verify(domain)
	var paths []string
	for _, r := range w.edge.Requests() {
		if !r.TLS {
			paths = append(paths, r.Path)
		}
	}
	if len(paths) != 2 || paths[0] == paths[1] {
		t.Errorf("asked for %v, want two tokens", paths)
	}
}

func TestVerifyNamesInBothForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.verify("Bücher.shop.example")
	if got.Name != "xn--bcher-kva.shop.example" || got.Unicode != "bücher.shop.example" {
		t.Errorf("%q and %q", got.Name, got.Unicode)
	}
}

func TestVerifyRefusesWhatIsNoName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, bad := range []string{"", "not_a_name..", "127.0.0.1", "0x7f.1", "a b.example", "*.*.example"} {
		if got, err := operate.Verify(t.Context(), nil, w.platform, operate.Subject{Name: bad}); err == nil {
			t.Errorf("%q: %+v", bad, got)
		}
	}
}

// Without a platform, as strangers use it, the way to a response is looked at,
// and an answer at its end is as good as another.
func TestVerifyWithoutAPlatform(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		host    string
		spoil   func(*world)
		want    []failure.Code
		advises bool
	}{
		"as it should be": {domain, func(*world) {}, nil, false},
		"a page": {domain, func(w *world) {
			w.edge.Behave(domain, edge.Behaviour{Status: 404, Body: "<!DOCTYPE html>no such page"})
		}, nil, false},
		"no such name": {"nowhere.shop.example", func(*world) {}, []failure.Code{failure.DomainNotFound}, false},
		"a path that is lost": {domain, func(w *world) {
			w.edge.Behave(domain, edge.Behaviour{Redirect: "http://" + target + ":{httpPort}/"})
		}, []failure.Code{failure.RedirectDropsPath}, false},
		"a server that fails":     {domain, func(w *world) { w.edge.Behave(domain, edge.Behaviour{Status: 503}) }, []failure.Code{failure.ChallengeUnreach}, false},
		"a closed port":           {domain, func(w *world) { w.platform.ProbePort = 1 }, []failure.Code{failure.ChallengeUnreach}, true},
		"a CA that CAA keeps out": {domain, func(w *world) { w.dns.Set("shop.example", `CAA 0 issue "other.test"`) }, []failure.Code{failure.CAAForbids}, false},
		"leads elsewhere":         {domain, func(w *world) { w.platform.Target = "{domain}.elsewhere.example" }, []failure.Code{failure.IncorrectCNAME}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.platform = record.Platform{
				ProbePort: w.edge.HTTPPort(), ServedPort: w.edge.TLSPort(), ProbeAllow: loopback, CAAIdentities: []string{"ca.test"},
			}
			c.spoil(w)
			got := w.verify(c.host)
			if !slices.Equal(codes(got), c.want) || got.Blocked() != (c.want != nil && !c.advises) || got.Unseen() {
				t.Errorf("found %v, blocked %v, want %v", codes(got), got.Blocked(), c.want)
			}
			if c.want == nil && (got.Checks.DNS != record.Pass || got.Checks.Challenge != record.Unknown) {
				t.Errorf("%+v, want what can be seen from here to pass", got.Checks)
			}
		})
	}
}

// What visitors get over TLS is said, whoever's certificate it is.
func TestVerifyOfWhatVisitorsGet(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		served record.Served
		check  record.Check
		want   string
	}{
		"good":        {record.Served{Answer: record.Answered, ForName: true, Issuer: "R11", NotAfter: at.Add(24 * time.Hour)}, record.Pass, "certificate 01 of R11, until 2026-11-24, at 127.0.0.1"},
		"expired":     {record.Served{Answer: record.Answered, ForName: true, NotAfter: at.Add(-24 * time.Hour)}, record.Fail, "certificate 01, expired at 2026-11-22, at 127.0.0.1"},
		"other names": {record.Served{Answer: record.Answered, NotAfter: at.Add(24 * time.Hour)}, record.Fail, "certificate 01, for other names, at 127.0.0.1"},
		"refused":     {record.Served{Answer: record.Refused, Detail: "it will not"}, record.Fail, "no certificate: it will not"},
		"silent":      {record.Served{Answer: record.TimedOut, Detail: "no answer"}, record.Unknown, "no certificate: no answer"},
	} {
		c.served.Serial, c.served.Address = "01", netip.MustParseAddr("127.0.0.1")
		seen := pictured{Name: domain, At: at, Served: []record.Served{c.served}}
		got, err := operate.Verify(t.Context(), seen, record.Platform{}, operate.Subject{Name: domain})
		if err != nil || got.Checks.Served != c.check || got.Blocked() {
			t.Errorf("%s: %s, blocked %v, %v; want %s", name, got.Checks.Served, got.Blocked(), err, c.check)
		}
		if text := written(t, got, false); !strings.Contains(text, fmt.Sprintf("  tls   %-8s %s\n", c.check, c.want)) {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}

// A wildcard is proved in DNS: nothing has to answer at an address.
func TestVerifyOfAWildcard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.verify("*.shop.example")
	if got.Blocked() || !strings.Contains(written(t, got, false), "ca.test would look up TXT _acme-challenge.shop.example\n") {
		t.Errorf("found %v\n%s", codes(got), written(t, got, false))
	}
	w.dns.Set("shop.example", `CAA 0 issue "ca.test"`, `CAA 0 issuewild ";"`)
	if got = w.verify("*.shop.example"); !slices.Contains(codes(got), failure.CAAForbids) || !got.Blocked() {
		t.Errorf("found %v, want %s", codes(got), failure.CAAForbids)
	}
}
