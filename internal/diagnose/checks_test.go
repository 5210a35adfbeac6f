package diagnose

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/record"
)

func served(a record.Answer, sha string) world {
	return func(o *record.Observation) { o.Served = []record.Served{{Answer: a, SHA256: sha, Address: edgeAddr}} }
}

func TestChecks(t *testing.T) {
	t.Parallel()
	const pass, fail, unknown = record.Pass, record.Fail, record.Unknown
	away := []netip.Addr{elsewhere}
	cases := map[string]struct {
		seen record.Observation
		want record.Checks
	}{
		"nothing asked": {seen(), record.Checks{}},
		"all well": {
			seen(right(), caa(), answered(edgeAddr, 200, record.BodyMatch), served(record.Answered, "aa")),
			record.Checks{DNS: pass, CAA: pass, Challenge: pass, Served: pass},
		},
		"could not ask": {
			seen(both(answer(record.NoAnswer), answer(record.NoAnswer)), caaFailure(record.NoAnswer, false), failed(netip.Addr{}, record.ProbeNotAsked), served(record.NoAnswer, "")),
			record.Checks{DNS: unknown, CAA: unknown, Challenge: unknown, Served: unknown},
		},
		"all wrong": {
			seen(plain(away, nil), caa(issueBy(";")), failed(elsewhere, record.ProbeRefused), served(record.Answered, "bb")),
			record.Checks{DNS: fail, CAA: fail, Challenge: fail, Served: fail},
		},
		"no name":                    {seen(both(answer(record.NXDomain), answer(record.NXDomain))), record.Checks{DNS: fail}},
		"CDN in front":               {seen(plain(away, nil), answered(elsewhere, 200, record.BodyMatch)), record.Checks{DNS: pass, Challenge: pass}},
		"silent edge":                {seen(right(), failed(edgeAddr, record.ProbeTimeout)), record.Checks{DNS: pass, Challenge: fail}},
		"refused by our own guard":   {seen(right(), failed(edgeAddr, record.ProbeForbidden)), record.Checks{DNS: pass, Challenge: unknown}},
		"CAA unsupported":            {seen(caaFailure(record.Refused, true)), record.Checks{CAA: fail}},
		"CAA silent":                 {seen(caaFailure(record.TimedOut, false)), record.Checks{CAA: unknown}},
		"no CAA set":                 {seen(caaFailure(record.NoData, false)), record.Checks{CAA: pass}},
		"TLS refused":                {seen(served(record.Refused, "")), record.Checks{Served: fail}},
		"TLS silent":                 {seen(served(record.TimedOut, "")), record.Checks{Served: unknown}},
		"CAA silent, addresses fine": {seen(right(), caaFailure(record.TimedOut, false)), record.Checks{DNS: pass, CAA: unknown}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := question()
			q.ServedSHA256 = "aa"
			if diff := cmp.Diff(c.want, Checks(platform(), q, c.seen)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Without addresses to hold a name against, nothing is said about it.
func TestChecksOfAPlatformThatDoesNotResolve(t *testing.T) {
	t.Parallel()
	o := seen(func(o *record.Observation) { o.DNS = &record.DNS{A: addrs(elsewhere), AAAA: addrs()} })
	p := record.Platform{Target: "{domain}.dns.example.net"}
	if got := Explain(p, question(), o, nil); len(got) != 0 {
		t.Errorf("found %+v", got)
	}
	if got := Checks(p, question(), o).DNS; got != record.Unknown {
		t.Errorf("DNS light %q, want unknown", got)
	}
}
