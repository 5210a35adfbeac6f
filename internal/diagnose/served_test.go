package diagnose

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

var morning = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

type edgeCase struct {
	seen   []record.Served
	target string // the domain's own
	light  record.Check
	says   []string // what the message holds; none: no finding
	why    string   // why nothing is known
}

func edgeCases() map[string]edgeCase {
	six := netip.MustParseAddr("2001:db8::1")
	at := func(addr netip.Addr, edit func(*record.Served)) record.Served {
		s := record.Served{Answer: record.Answered, Address: addr, SHA256: "aa", Serial: "0aaa", Issuer: "R11", NotAfter: morning.Add(90 * 24 * time.Hour)}
		edit(&s)
		return s
	}
	right := func(*record.Served) {}
	other := func(s *record.Served) { s.SHA256, s.Serial, s.Issuer = "bb", "0bbb", "Other\x1b[31m CA" }
	expired := func(s *record.Served) { other(s); s.NotAfter = morning.Add(-time.Hour) }
	refused := func(s *record.Served) {
		*s = record.Served{Answer: record.Refused, Address: s.Address, Detail: s.Address.String() + " port 443 refuses the connection"}
	}
	silent := func(s *record.Served) {
		*s = record.Served{Answer: record.TimedOut, Address: s.Address, Detail: "silent"}
	}
	target := func(edit func(*record.Served)) func(*record.Served) {
		return func(s *record.Served) { edit(s); s.AtTarget = true }
	}
	return map[string]edgeCase{
		"right":                      {seen: []record.Served{at(edgeAddr, right)}, light: record.Pass},
		"another":                    {seen: []record.Served{at(edgeAddr, other)}, light: record.Fail, says: []string{edgeAddr.String(), "serial 0bbb, issuer Other CA, expires 2027"}},
		"an expired one":             {seen: []record.Served{at(edgeAddr, expired)}, light: record.Fail, says: []string{"expired 2026-11-23T09:00:00Z"}},
		"refused":                    {seen: []record.Served{at(edgeAddr, refused)}, light: record.Fail, says: []string{"but the edge at " + edgeAddr.String() + " port 443 refuses the connection"}},
		"one of two":                 {seen: []record.Served{at(edgeAddr, right), at(six, target(other))}, light: record.Fail, says: []string{"2001:db8::1"}},
		"both":                       {seen: []record.Served{at(edgeAddr, other), at(six, target(refused))}, light: record.Fail, says: []string{edgeAddr.String(), ", and the edge at 2001:db8::1"}},
		"silent":                     {seen: []record.Served{at(edgeAddr, silent)}, light: record.Unknown, why: "silent"},
		"one is silent":              {seen: []record.Served{at(edgeAddr, right), at(six, silent)}, light: record.Pass},
		"where the target leads":     {seen: []record.Served{at(elsewhere, target(other))}, light: record.Fail, says: []string{elsewhere.String()}},
		"a CDN":                      {seen: []record.Served{at(elsewhere, other)}, light: record.Skipped, why: elsewhere.String() + " is not an address of the platform"},
		"a CDN that refuses":         {seen: []record.Served{at(elsewhere, refused)}, light: record.Skipped, why: elsewhere.String() + " is not an address of the platform"},
		"a CDN beside us":            {seen: []record.Served{at(edgeAddr, right), at(elsewhere, other)}, light: record.Pass},
		"a target of the domain's":   {seen: []record.Served{at(elsewhere, target(other))}, target: "cdn.example", light: record.Skipped, why: elsewhere.String() + " is not an address of the platform"},
		"that leads to the platform": {seen: []record.Served{at(edgeAddr, target(other))}, target: "cdn.example", light: record.Fail, says: []string{edgeAddr.String()}},
		"no address":                 {seen: []record.Served{{Answer: record.NoAnswer, Detail: "it has no address"}}, light: record.Unknown, why: "it has no address"},
	}
}

// TestNotServed: only an edge that is certainly the platform's, and certainly
// wrong, is one.
func TestNotServed(t *testing.T) {
	t.Parallel()
	mine := record.Certificate{SHA256: "aa", Serial: "0aaa", Issuer: "R11", NotAfter: morning.Add(90 * 24 * time.Hour)}
	for name, c := range edgeCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := question()
			q.ServedSHA256 = mine.SHA256
			if c.target != "" {
				q.Target = c.target
			}
			o := record.Observation{Name: q.Name, Served: c.seen}
			if light := Checks(platform(), q, o).Served; light != c.light {
				t.Errorf("the light is %s, want %s", light, c.light)
			}
			if why := UnknownServed(platform(), q, o); why != c.why {
				t.Errorf("nothing is known because %q, want %q", why, c.why)
			}
			f, wrong := NotServed(platform(), q, o, mine, morning)
			if wrong != (len(c.says) > 0) {
				t.Fatalf("%v: %+v", wrong, f)
			}
			for _, part := range c.says {
				if !strings.Contains(f.Message, part) {
					t.Errorf("%q does not say %q", f.Message, part)
				}
			}
		})
	}
}

// TestNotServedShowsWhatWasSeen: as records, for those who read the status with
// programs; edges that are well are left out.
func TestNotServedShowsWhatWasSeen(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	mine := record.Certificate{SHA256: "aa", Serial: "0aaa", Issuer: "R11", NotAfter: now.Add(time.Hour)}
	other, silent := netip.MustParseAddr("203.0.113.11"), netip.MustParseAddr("2001:db8::1")
	q := question()
	q.ServedSHA256, q.Addresses = "aa", []netip.Addr{edgeAddr, other, silent}
	o := record.Observation{Served: []record.Served{
		{Answer: record.Answered, Address: edgeAddr, SHA256: "aa"},
		{Answer: record.Answered, Address: other, SHA256: "bb", Serial: "0bbb", NotAfter: now},
		{Answer: record.Refused, Address: silent, Detail: "2001:db8::1 port 443 refuses the connection"},
	}}
	f, _ := NotServed(platform(), q, o, mine, now)
	want := record.Finding{
		Code: failure.NotServed,
		Message: "The certificate of " + q.Name + " is deployed, but the edge at 203.0.113.11 presents another one " +
			"(serial 0bbb, expired 2026-11-23T10:00:00Z), and the edge at 2001:db8::1 port 443 refuses the connection.",
		Remedy: failure.Of(failure.NotServed).Remedy,
		Expected: []record.RR{
			{Type: "TLS", Name: q.Name, Value: "serial 0aaa, issuer R11, expires 2026-11-23T11:00:00Z"},
		},
		Observed: []record.RR{
			{Type: "TLS", Name: "203.0.113.11", Value: "serial 0bbb, expired 2026-11-23T10:00:00Z"},
			{Type: "TLS", Name: "2001:db8::1", Value: "no certificate"},
		},
	}
	if diff := cmp.Diff(want, f); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
