package issue

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

// FuzzRenewalInfo has a CA answer the question for renewal information with
// anything: it is a window or a problem, and what is kept of it is bounded.
func FuzzRenewalInfo(f *testing.F) {
	f.Add(200, "21600", `{"suggestedWindow":{"start":"2026-11-24T00:00:00Z","end":"2026-11-25T00:00:00Z"},"explanationURL":"https://ca.test/incident"}`)
	f.Add(200, "-1", `{"suggestedWindow":{"start":"2026-02-30T00:00:00Z"}}`)
	f.Add(404, "Fri, 31 Dec 9999 23:59:59 GMT", `{"type":"urn:ietf:params:acme:error:malformed","detail":"\u001b[2J"}`)
	f.Add(200, "", `null`)
	f.Add(503, "99999999999999999999", `<html>`)
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, status int, after, body string) {
		s := &session{ctx: context.Background(), now: now}
		s.last = exchange{status: status, header: http.Header{"Retry-After": {after}}, body: []byte(body)}
		info := s.renewalInfo("id")
		if p := info.Problem; p != nil {
			if p.During != "renewal" || p.Detail == "" && p.Type == "" || len(p.Detail) > 2*maxDetail || !info.Start.IsZero() || !info.End.IsZero() {
				t.Errorf("%+v", info)
			}
		} else if status != http.StatusOK {
			t.Errorf("%d is taken for an answer", status)
		}
		if info.Explanation != "" && (!strings.HasPrefix(strings.ToLower(info.Explanation), "https://") || len(info.Explanation) > maxDetail+3) {
			t.Errorf("explained at %q", info.Explanation)
		}
	})
}
