package verify_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

// sites answers by host: a status, and a Location or a body.
func sites(w http.ResponseWriter, r *http.Request) {
	to := func(status int, location string) {
		w.Header().Set("Location", location)
		w.WriteHeader(status)
	}
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
	case "moved301":
		to(301, "https://right.example"+r.URL.Path)
	case "moved302":
		to(302, "http://right.example:80"+r.URL.Path)
	case "moved307":
		to(307, "//right.example"+r.URL.Path)
	case "moved308":
		to(308, "https://RIGHT.example:443"+r.URL.Path)
	case "moved303":
		to(303, "http://right.example"+r.URL.Path)
	case "moved-nowhere":
		w.WriteHeader(301)
	case "drops":
		to(301, "http://page.example/")
	case "port":
		to(301, "http://right.example:8080"+r.URL.Path)
	case "scheme":
		to(301, "ftp://right.example"+r.URL.Path)
	case "garbage":
		to(301, "http://%zz/")
	case "user":
		to(301, "http://me:secret@right.example"+r.URL.Path)
	case "loop":
		to(302, "http://loop2.example"+r.URL.Path)
	case "loop2":
		to(302, "http://loop.example"+r.URL.Path)
	case "many":
		n := 0
		fmt.Sscanf(r.URL.RawQuery, "%d", &n)
		to(302, fmt.Sprintf("http://many.example%s?%d", r.URL.Path, n+1))
	case "ten":
		n := 0
		fmt.Sscanf(r.URL.RawQuery, "%d", &n)
		if n == 10 {
			io.WriteString(w, expect)
			return
		}
		to(302, fmt.Sprintf("http://ten.example%s?%d", r.URL.Path, n+1))
	case "to-private":
		to(302, "http://private.example"+r.URL.Path)
	case "to-literal":
		to(302, "http://169.254.169.254/latest/meta-data/")
	case "to-mapped":
		to(302, "http://[::ffff:127.0.0.1]/")
	case "to-number":
		to(302, "http://2130706433/")
	case "to-wide":
		to(302, "http://%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1/")
	case "to-nothing":
		to(302, "http://nowhere.example"+r.URL.Path)
	}
}

// resolveAll points every name that sites knows at loopback.
const siteNames = `right other-account page typed-page text right-but-404 right-and-more endless layers
	moved301 moved302 moved307 moved308 moved303 moved-nowhere drops port scheme garbage user loop loop2 many ten
	to-private to-literal to-mapped to-number to-wide to-nothing`

func TestProbe(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	for _, name := range strings.Fields(siteNames) {
		s.Set(name+".example", "A 127.0.0.1")
	}
	s.Set("private.example", "A 10.0.0.1")
	s.Set("mixed.example", "A 10.0.0.1", "AAAA ::ffff:127.0.0.1")
	s.Set("both.example", "A 10.0.0.1", "A 127.0.0.1")
	edge := newWeb(t, sites)
	v := newVerifier(s)

	// The last hop of an answered probe is filled in below.
	answered := func(status int, body record.ProbeBody, hops ...record.Hop) record.Probe {
		return record.Probe{Result: record.ProbeAnswered, Status: status, Body: body, Hops: hops}
	}
	final := map[string]string{
		"moved301": "https://right.example" + path, "moved302": "http://right.example:80" + path,
		"moved307": "http://right.example" + path, "moved308": "https://right.example:443" + path, "drops": "http://page.example/",
	}
	hop := func(from string, status int, location string, keeps bool) record.Hop {
		return record.Hop{URL: "http://" + from + ".example" + path, Status: status, Location: location, KeepsPath: keeps}
	}
	bad := func(status int, hops ...record.Hop) record.Probe {
		return record.Probe{Result: record.ProbeBadRedirect, Status: status, Hops: hops}
	}
	ended := func(result record.ProbeResult, hops ...record.Hop) record.Probe {
		return record.Probe{Result: result, Status: 302, Hops: hops}
	}
	cases := map[string]record.Probe{
		"right":          answered(200, record.BodyMatch),
		"other-account":  answered(200, record.BodyThumbprint),
		"page":           answered(404, record.BodyHTML),
		"typed-page":     answered(200, record.BodyHTML),
		"text":           answered(200, record.BodyOther),
		"right-but-404":  answered(404, record.BodyOther),
		"right-and-more": answered(200, record.BodyOther),
		"endless":        answered(200, record.BodyOther),
		"moved-nowhere":  answered(301, record.BodyOther),
		"layers": {
			Result: record.ProbeAnswered, Status: 403, Body: record.BodyOther,
			Server: "cloudflare " + strings.Repeat("x", 53), Via: "1.1 varnish", Ray: "8f-AMS",
		},
		"moved301":   answered(200, record.BodyMatch, hop("moved301", 301, "https://right.example"+path, true)),
		"moved302":   answered(200, record.BodyMatch, hop("moved302", 302, "http://right.example:80"+path, true)),
		"moved307":   answered(200, record.BodyMatch, hop("moved307", 307, "//right.example"+path, true)),
		"moved308":   answered(200, record.BodyMatch, hop("moved308", 308, "https://RIGHT.example:443"+path, true)),
		"moved303":   bad(303, hop("moved303", 303, "http://right.example"+path, true)),
		"drops":      answered(404, record.BodyHTML, hop("drops", 301, "http://page.example/", false)),
		"port":       bad(301, hop("port", 301, "http://right.example:8080"+path, true)),
		"scheme":     bad(301, hop("scheme", 301, "ftp://right.example"+path, true)),
		"garbage":    bad(301, hop("garbage", 301, "http://%zz/", false)),
		"user":       bad(301, hop("user", 301, "http://me:secret@right.example"+path, true)),
		"loop":       bad(302, hop("loop", 302, "http://loop2.example"+path, true), hop("loop2", 302, "http://loop.example"+path, true)),
		"to-private": ended(record.ProbeForbidden, hop("to-private", 302, "http://private.example"+path, true)),
		"to-literal": ended(record.ProbeForbidden, hop("to-literal", 302, "http://169.254.169.254/latest/meta-data/", false)),
		"to-mapped":  ended(record.ProbeForbidden, hop("to-mapped", 302, "http://[::ffff:127.0.0.1]/", false)),
		"to-number":  ended(record.ProbeNoAddress, hop("to-number", 302, "http://2130706433/", false)),
		"to-wide":    bad(302, hop("to-wide", 302, "http://%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1/", false)),
		"to-nothing": ended(record.ProbeNoAddress, hop("to-nothing", 302, "http://nowhere.example"+path, true)),
		"both":       answered(200, record.BodyOther),
		"private":    {Result: record.ProbeForbidden, Address: ips("10.0.0.1")[0]},
		"mixed":      {Result: record.ProbeForbidden, Address: ips("::ffff:127.0.0.1")[0]},
		"nowhere":    {Result: record.ProbeNoAddress},
	}
	compare := cmp.Options{cmpopts.IgnoreFields(record.Probe{}, "Detail"), cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{})}
	for name, want := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if want.Result == record.ProbeAnswered || len(want.Hops) > 0 {
				want.Address = ips("127.0.0.1")[0]
			}
			if want.Result == record.ProbeAnswered {
				last := record.Hop{URL: "http://" + name + ".example" + path, Status: want.Status}
				if final[name] != "" {
					last.URL = final[name]
				}
				want.Hops = append(want.Hops, last)
			}
			got := observe(t, v, record.Question{
				Name: name + ".example", Probe: true, ProbeToken: token, ProbeExpect: expect, ProbePort: edge.http, ServedPort: edge.https,
			}).Probe
			if diff := cmp.Diff(&want, got, compare); diff != "" {
				t.Errorf("(-want +got):\n%s\ndetail: %s", diff, got.Detail)
			}
			if (got.Detail == "") != (got.Result == record.ProbeAnswered) || strings.Contains(got.Detail, "secret") {
				t.Errorf("%s with the detail %q", got.Result, got.Detail)
			}
		})
	}
	t.Run("redirects are counted", func(t *testing.T) {
		t.Parallel()
		q := record.Question{Name: "many.example", Probe: true, ProbeToken: token, ProbePort: edge.http}
		if got := observe(t, v, q).Probe; got.Result != record.ProbeBadRedirect || len(got.Hops) != 11 {
			t.Errorf("endless redirects: %s after %d", got.Result, len(got.Hops))
		}
		q.Name = "ten.example"
		if got := observe(t, v, q).Probe; got.Result != record.ProbeAnswered || len(got.Hops) != 11 {
			t.Errorf("ten redirects: %s after %d", got.Result, len(got.Hops))
		}
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

// The CA falls back to IPv4 only if it cannot connect to IPv6, and only for
// the first host.
func TestProbeFallsBackToIPv4(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Set("first.example", "AAAA ::1", "A 127.0.0.1")
	s.Set("later.example", "A 127.0.0.1")
	v := newVerifier(s)
	edge := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Host, "later") {
			http.Redirect(w, r, "http://first.example"+r.URL.Path, http.StatusFound)
			return
		}
		io.WriteString(w, expect)
	})
	q := record.Question{Name: "first.example", Probe: true, ProbeToken: token, ProbeExpect: expect, ProbePort: edge.http}
	if got := observe(t, v, q).Probe; got.Body != record.BodyMatch || got.Address != ips("127.0.0.1")[0] {
		t.Errorf("nobody on IPv6: %+v, want IPv4's answer", got)
	}
	q.Name = "later.example"
	if got := observe(t, v, q).Probe; got.Result == record.ProbeAnswered {
		t.Errorf("nobody on IPv6 behind a redirect: %+v, want no fallback", got)
	}
}

func TestProbePrefersIPv6(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Set("a.example", "AAAA ::1", "A 127.0.0.1")
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6 loopback:", err)
	}
	server := &http.Server{Handler: http.NotFoundHandler()}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	defer func() { server.Close(); <-done }()
	got := observe(t, newVerifier(s), record.Question{Name: "a.example", Probe: true, ProbeToken: token, ProbePort: l.Addr().(*net.TCPAddr).Port}).Probe
	if got.Address != ips("::1")[0] || got.Status != 404 {
		t.Errorf("%+v, want IPv6's answer", got)
	}
}

func TestProbeFailures(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Set("a.example", "A 127.0.0.1")
	ask := func(port, tlsPort int, timeout time.Duration) *record.Probe {
		v := verify.New(verify.Config{Resolvers: []string{s.Addr()}, ProbeAllow: loopback, Timeout: timeout})
		return observe(t, v, record.Question{Name: "a.example", Probe: true, ProbeToken: token, ProbePort: port, ServedPort: tlsPort}).Probe
	}
	silent := listen(t, "127.0.0.1:0", func(c net.Conn) { io.Copy(io.Discard, c) })
	closing := listen(t, "127.0.0.1:0", func(net.Conn) {})
	banner := listen(t, "127.0.0.1:0", func(c net.Conn) { io.WriteString(c, "SSH-2.0-\x1b[31mOpenSSH\r\n") })
	toTLS := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://a.example"+r.URL.Path, http.StatusFound)
	})
	cases := []struct {
		what          string
		port, tlsPort int
		timeout       time.Duration
		want          record.ProbeResult
	}{
		{"nobody listens", freePort(t), 0, 0, record.ProbeRefused},
		{"closed without an answer", closing, 0, 0, record.ProbeRefused},
		{"no HTTP", banner, 0, 0, record.ProbeRefused},
		{"no answer", silent, 0, time.Second, record.ProbeTimeout},
		{"no TLS after a redirect", toTLS.http, toTLS.http, 0, record.ProbeTLS},
		{"TLS hangs up after a redirect", toTLS.http, closing, 0, record.ProbeTLS},
		{"nobody listens after a redirect", toTLS.http, freePort(t), 0, record.ProbeRefused},
	}
	for _, c := range cases {
		got := ask(c.port, c.tlsPort, c.timeout)
		if got.Result != c.want || got.Detail == "" || strings.Contains(got.Detail, "SSH") {
			t.Errorf("%s: %+v, want %s", c.what, got, c.want)
		}
	}
}

// A connection that breaks before an answer gets one more try, any answer
// none.
func TestProbeAsksAgainOnceAfterABreak(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Set("a.example", "A 127.0.0.1")
	var breaks, fails atomic.Int32
	breaking := newWeb(t, func(w http.ResponseWriter, _ *http.Request) {
		if breaks.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, expect)
	})
	failing := newWeb(t, func(w http.ResponseWriter, _ *http.Request) {
		fails.Add(1)
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	v := newVerifier(s)
	q := record.Question{Name: "a.example", Probe: true, ProbeToken: token, ProbeExpect: expect, ProbePort: breaking.http}
	if got := observe(t, v, q).Probe; got.Body != record.BodyMatch || breaks.Load() != 2 {
		t.Errorf("after a break: %+v in %d requests", got, breaks.Load())
	}
	q.ProbePort = failing.http
	if got := observe(t, v, q).Probe; got.Status != 503 || fails.Load() != 1 {
		t.Errorf("503: %+v in %d requests", got, fails.Load())
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
	if diff := cmp.Diff([]any{"GET", "a.example", path, true, "*/*", "", true}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
