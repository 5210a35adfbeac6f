package verify_test

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

// pages answers by host, with no redirect.
func pages(w http.ResponseWriter, r *http.Request) {
	host, _, _ := strings.Cut(r.Host, ".example")
	switch host {
	case "right":
		fmt.Fprintln(w, expect)
	case "other-account":
		io.WriteString(w, others)
	case "page":
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, " <!DOCTYPE html><title>nothing here</title>")
	case "typed-page":
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "hello")
	case "text":
		io.WriteString(w, "hello")
	case "right-but-404":
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, expect)
	case "right-and-more":
		io.WriteString(w, expect+strings.Repeat(" ", 100))
	case "endless":
		for range 1 << 20 {
			if _, err := io.WriteString(w, strings.Repeat("x", 1<<10)); err != nil {
				return
			}
		}
	case "layers":
		w.Header().Set("Server", "cloud\u202eflare "+strings.Repeat("x", 100))
		w.Header().Set("Via", "1.1 varnish")
		w.Header().Set("CF-RAY", "8f-AMS")
		w.WriteHeader(http.StatusForbidden)
	}
}

// sites are names that lead to one web, and a verifier that may look at it.
type sites struct {
	verifier *verify.Verifier
	web      web
}

func newSites(t *testing.T, handler http.HandlerFunc, names ...string) sites {
	t.Helper()
	s := newDNS(t)
	for _, name := range names {
		s.Set(name+".example", "A 127.0.0.1")
	}
	s.Set("private.example", "A 10.0.0.1")
	s.Set("mixed.example", "A 10.0.0.1", "AAAA ::ffff:127.0.0.1")
	s.Set("both.example", "A 10.0.0.1", "A 127.0.0.1")
	return sites{verifier: newVerifier(s), web: newWeb(t, handler)}
}

func (s sites) probe(t *testing.T, name string) *record.Probe {
	t.Helper()
	return observe(t, s.verifier, record.Question{
		Name: name + ".example", Probe: true, ProbeToken: token, ProbeExpect: expect, ProbePort: s.web.http, ServedPort: s.web.https,
	}).Probe
}

// check probes every name of a table, side by side.
func (s sites) check(t *testing.T, cases map[string]record.Probe) {
	t.Helper()
	compare := cmp.Options{cmpopts.IgnoreFields(record.Probe{}, "Detail", "Each", "Thumbprint"), cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{})}
	for name, want := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if len(want.Hops) > 0 {
				want.Address = ips("127.0.0.1")[0]
			}
			got := s.probe(t, name)
			if diff := cmp.Diff(&want, got, compare); diff != "" {
				t.Errorf("(-want +got):\n%s\ndetail: %s", diff, got.Detail)
			}
			if (got.Detail == "") != (got.Result == record.ProbeAnswered) || strings.Contains(got.Detail, "secret") {
				t.Errorf("%s with the detail %q", got.Result, got.Detail)
			}
		})
	}
}

// answered is a probe that ends with an answer from url after hops.
func answered(url string, status int, body record.ProbeBody, hops ...record.Hop) record.Probe {
	hops = append(hops, record.Hop{URL: url, Status: status})
	return record.Probe{Result: record.ProbeAnswered, Status: status, Body: body, Hops: hops}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	names := strings.Fields("right other-account page typed-page text right-but-404 right-and-more endless layers")
	at := func(host string, status int, body record.ProbeBody) record.Probe {
		return answered("http://"+host+".example"+path, status, body)
	}
	layers := at("layers", 403, record.BodyOther)
	layers.Layer = "Cloudflare"
	layers.Server, layers.Via, layers.Ray = "cloudflare "+strings.Repeat("x", 52)+"…", "1.1 varnish", "8f-AMS"
	newSites(t, pages, names...).check(t, map[string]record.Probe{
		"right":          at("right", 200, record.BodyMatch),
		"other-account":  at("other-account", 200, record.BodyThumbprint),
		"page":           at("page", 404, record.BodyHTML),
		"typed-page":     at("typed-page", 200, record.BodyHTML),
		"text":           at("text", 200, record.BodyOther),
		"right-but-404":  at("right-but-404", 404, record.BodyOther),
		"right-and-more": at("right-and-more", 200, record.BodyOther),
		"endless":        at("endless", 200, record.BodyOther),
		"layers":         layers,
		"both":           at("both", 200, record.BodyOther),
		"private":        {Result: record.ProbeForbidden, Address: ips("10.0.0.1")[0]},
		"mixed":          {Result: record.ProbeForbidden, Address: ips("::ffff:127.0.0.1")[0]},
		"nowhere":        {Result: record.ProbeNoAddress},
	})
}

func TestProbeWithoutAToken(t *testing.T) {
	t.Parallel()
	v := verify.New(verify.Config{})
	for _, bad := range []string{"", "a/../b", "a b", "a.b", strings.Repeat("a", 129)} {
		got := observe(t, v, record.Question{Name: "a.example", Probe: true, ProbeToken: bad}).Probe
		if got.Result != record.ProbeNotAsked {
			t.Errorf("token %q: %+v", bad, got)
		}
	}
}

// What is sent is what a CA sends, and the connection is not kept.
func TestProbeRequest(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Set("a.example", "A 127.0.0.1")
	requests := make(chan *http.Request, 1)
	edge := newWeb(t, func(_ http.ResponseWriter, r *http.Request) { requests <- r })
	observe(t, newVerifier(s), record.Question{Name: "a.example", Probe: true, ProbeToken: token, ProbePort: edge.http})
	r := <-requests
	got := []any{r.Method, r.Host, r.RequestURI, r.Close, r.Header.Get("Accept"), r.Header.Get("Accept-Encoding"), strings.HasPrefix(r.UserAgent(), "acmsync")}
	if diff := cmp.Diff([]any{"GET", "a.example", path, true, "*/*", "gzip", true}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
