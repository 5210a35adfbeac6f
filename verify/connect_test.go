package verify_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

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
