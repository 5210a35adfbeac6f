package issue_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
)

// issuedPair is a lab with one certificate of www.shop.example.
func issuedPair(t *testing.T) (*lab, record.Pair) {
	t.Helper()
	l := newLab(t, ca.Options{})
	o, err := l.pursue(t.Context(), l.client(), l.intent("www.shop.example"))
	if err != nil {
		t.Fatal(err)
	}
	return l, check(t, o)
}

func TestRenewalInfo(t *testing.T) {
	t.Parallel()
	l, pair := issuedPair(t)
	start := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second)
	l.authority.Suggest(pair.Serial, ca.Window{Start: start, End: start.Add(time.Hour), Explanation: "https://ca.test/incident"})
	now := time.Now()
	info := l.client().RenewalInfo(t.Context(), pair.Chain, now)
	if info.Problem != nil || !info.Start.Equal(start) || !info.End.Equal(start.Add(time.Hour)) || info.Explanation != "https://ca.test/incident" {
		t.Errorf("%+v", info)
	}
	if wait := info.RetryAfter.Sub(now); wait != 6*time.Hour {
		t.Errorf("to be asked again after %s", wait)
	}
	if key, serial, ok := strings.Cut(info.ID, "."); !ok || key == "" || serial == "" {
		t.Errorf("the certificate is called %q", info.ID)
	}
}

// TestRenewalInfoOfHostileCAs: whatever comes, it is an answer without a window,
// or with one that somebody else has to judge; never a panic, never a wait.
func TestRenewalInfoOfHostileCAs(t *testing.T) {
	t.Parallel()
	l, pair := issuedPair(t)
	client := l.client()
	for name, fault := range hostileRenewals() {
		lift := l.authority.Fault(ca.Of(ca.RenewalInfo), fault)
		info := client.RenewalInfo(t.Context(), pair.Chain, time.Now())
		lift()
		if info.Problem == nil {
			t.Errorf("%s: taken for an answer: %+v", name, info)
		} else if info.Problem.During != "renewal" || len(info.Problem.Detail) > 3000 {
			t.Errorf("%s: %+v", name, info.Problem)
		}
		if p := info.Problem; p != nil && fault.Status >= 400 && (p.Status != fault.Status || p.Outage() != (fault.Status >= 500)) {
			t.Errorf("%s: told as %d, outage %v", name, p.Status, p.Outage())
		}
		if info.ID == "" {
			t.Errorf("%s: the CA is said to offer nothing", name)
		}
	}
	if info := client.RenewalInfo(t.Context(), pair.Chain, time.Now()); info.Problem != nil {
		t.Errorf("afterwards: %v", info.Problem)
	}
}

func hostileRenewals() map[string]ca.Fault {
	faults := map[string]ca.Fault{
		"404": {Status: 404, Body: "{}"}, "404 as a problem": ca.Refusal(ca.Problem{Type: "malformed", Status: 404, Detail: "unknown"}),
		"500": {Status: 500, Body: "<html>"}, "503": {Status: 503, Header: http.Header{"Retry-After": {"99999999999999999999"}}},
		"429": ca.Refusal(ca.Problem{Type: "rateLimited", Status: 429, Detail: "slowly"}), "204": {Status: 204}, "301 elsewhere": {Status: 301, Header: http.Header{"Location": {"https://127.0.0.1:1/"}}},
		"202 with a window": {Status: 202, Body: `{"suggestedWindow":{"start":"2026-11-24T00:00:00Z","end":"2026-11-25T00:00:00Z"}}`},
		"cut off":           {DropAnswer: true}, "endless detail": ca.Refusal(ca.Problem{Type: "malformed", Status: 400, Detail: strings.Repeat("a", 9000)}),
		"larger than allowed": {Status: 200, Body: `{"explanationURL":"` + strings.Repeat("x", 2<<20) + `"}`},
	}
	for name, body := range map[string]string{
		"nothing": "", "not JSON": "<html>hello</html>", "half": `{"suggestedWindow":{"start":"2026-11-24T00:00:00Z"`,
		"a list": `[]`, "a string": `"now"`, "a number": `1e999`, "a window of text": `{"suggestedWindow":"soon"}`,
		"numbers for times": `{"suggestedWindow":{"start":1,"end":2}}`, "words for times": `{"suggestedWindow":{"start":"yesterday","end":"tomorrow"}}`,
		"no such day":  `{"suggestedWindow":{"start":"2026-02-30T00:00:00Z","end":"2026-03-30T00:00:00Z"}}`,
		"year 10000":   `{"suggestedWindow":{"start":"10000-01-01T00:00:00Z","end":"10000-01-02T00:00:00Z"}}`,
		"without zone": `{"suggestedWindow":{"start":"2026-11-24T00:00:00","end":"2026-11-25T00:00:00"}}`,
		"deep":         strings.Repeat(`{"suggestedWindow":`, 20000), "a list of windows": `{"suggestedWindow":[{"start":"2026-11-24T00:00:00Z"}]}`,
		"bytes": "\xff\xfe\x00\x01", "explanation of another kind": `{"suggestedWindow":{},"explanationURL":{}}`,
	} {
		faults[name] = ca.Fault{Status: 200, Body: body}
	}
	return faults
}

// TestRenewalInfoIsNotOffered: also by a directory that names a place that is
// none.
func TestRenewalInfoIsNotOffered(t *testing.T) {
	t.Parallel()
	l, pair := issuedPair(t)
	for _, place := range []string{"", `,"renewalInfo":""`, `,"renewalInfo":"http://ca.test/plain"`, `,"renewalInfo":"::"`} {
		lift := l.authority.Fault(ca.Of(ca.Directory), ca.Fault{Status: 200, Body: `{"newNonce":"https://ca.test/n","newAccount":"https://ca.test/a","newOrder":"https://ca.test/o"` + place + `}`})
		l.authority.Forget()
		info := l.client().RenewalInfo(t.Context(), pair.Chain, time.Now())
		lift()
		if info.ID != "" || info.Problem == nil || l.authority.Count(ca.RenewalInfo) > 0 {
			t.Errorf("%q: %+v", place, info)
		}
	}
}

// TestReplaces: the order names the certificate that it replaces. A CA that
// will not have it gets the order without, and then it is exempt from nothing.
func TestReplaces(t *testing.T) {
	t.Parallel()
	l, pair := issuedPair(t)
	client := l.client()
	id := client.RenewalInfo(t.Context(), pair.Chain, time.Now()).ID
	unknown := "AAAA." + base64.RawURLEncoding.EncodeToString([]byte{1, 2, 3})
	for _, c := range []struct {
		replaces string
		exempt   bool
	}{{id, true}, {id, false}, {unknown, false}, {"nonsense", false}} {
		o := l.intent("www.shop.example")
		o.Replaces, o.Exempt = c.replaces, true
		done, err := l.pursue(t.Context(), client, o)
		if err != nil {
			t.Fatalf("%q: %v", c.replaces, err)
		}
		check(t, done)
		if done.Exempt != c.exempt || (done.Replaces != "") != c.exempt {
			t.Errorf("%q: exempt %v, replaces %q; want exempt %v", c.replaces, done.Exempt, done.Replaces, c.exempt)
		}
	}
}
