package verify_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

const (
	ourThumbprint = "ourThumbprintAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	stranger      = "somebodyElsesThumbprintAAAAAAAAAAAAAAAAAAAA"
)

// street is one edge at each of its addresses, all at the same ports, each with
// its own ways.
type street struct {
	names *dns.Server
	edges map[string]*edge.Edge
	ports [2]int
}

// newStreet skips the test where there is no IPv6 loopback.
func newStreet(t *testing.T, addresses ...string) street {
	t.Helper()
	s := street{names: newDNS(t), edges: map[string]*edge.Edge{}}
	for _, address := range addresses {
		e, err := edge.New(edge.Options{Addresses: []string{address}, HTTPPort: s.ports[0], TLSPort: s.ports[1], Thumbprint: ourThumbprint})
		if errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT) {
			t.Skip("this machine cannot listen at", address, err)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
		s.edges[address], s.ports = e, [2]int{e.HTTPPort(), e.TLSPort()}
	}
	return s
}

func (s street) probe(t *testing.T, v *verify.Verifier, name string) *record.Probe {
	t.Helper()
	return observe(t, v, record.Question{
		Name: name, Probe: true, ProbeToken: token, ProbeExpect: expect, ProbePort: s.ports[0], ServedPort: s.ports[1],
	}).Probe
}

// summary is an outcome on one line.
func summary(p record.Probe) string {
	words := []string{p.Address.String(), string(p.Result)}
	if p.Status != 0 {
		words = append(words, fmt.Sprint(p.Status))
	}
	for _, word := range []string{string(p.Body), p.Layer, p.Thumbprint, string(p.Refusal)} {
		if word != "" {
			words = append(words, word)
		}
	}
	if p.Parked {
		words = append(words, "parked")
	}
	if p.Unconnected {
		words = append(words, "unconnected")
	}
	return strings.Join(words, " ")
}

type edgeCase struct {
	name    string
	records []string
	// here and there are the ways of the edges at 127.0.0.1 and 127.0.0.2, six
	// of that at ::1.
	here, there, six edge.Behaviour
	// want is the probe as a whole, each what the addresses answer.
	want string
	each []string
}

func edgeCases() []edgeCase {
	page := func(status int, header ...string) edge.Behaviour {
		b := edge.Behaviour{Status: status, Body: "<!doctype html><title>no</title>", Header: http.Header{}}
		for i := 0; i+1 < len(header); i += 2 {
			b.Header.Set(header[i], header[i+1])
		}
		return b
	}
	four, two, both := []string{"A 127.0.0.1"}, []string{"A 127.0.0.1", "A 127.0.0.2"}, []string{"A 127.0.0.1", "AAAA ::1"}
	const right4, right6, right2 = "127.0.0.1 answered 200 match", "::1 answered 200 match", "127.0.0.2 answered 200 match"
	const tls = "127.0.0.1 tls 301"
	one := func(name string, b edge.Behaviour, want string) edgeCase {
		return edgeCase{name: name, records: four, here: b, want: want, each: []string{want}}
	}
	parkedPage := edge.Behaviour{Status: 200, Body: `<!DOCTYPE html><html><head><script>window.onload=function(){window.location.href="/lander"}</script></head></html>`}
	return []edgeCase{
		one("well", edge.Behaviour{}, right4),
		one("reset", edge.Behaviour{Reset: true}, "127.0.0.1 refused"),
		one("strict", edge.Behaviour{Redirect: "https://{host}{path}", NoTLS: true}, tls),
		one("drops", edge.Behaviour{Redirect: "http://well.example/"}, "127.0.0.1 answered 200 html"),
		one("rewrites", edge.Behaviour{Redirect: "http://well.example/acme{path}"}, "127.0.0.1 answered 200 html"),
		one("another-host", edge.Behaviour{Redirect: "http://well.example{path}"}, right4),
		one("cloudflare", page(403, "CF-RAY", "8a1-AMS", "Server", "cloudflare"), "127.0.0.1 answered 403 html Cloudflare"),
		one("cloudfront", page(404, "Via", "1.1 abc.cloudfront.net (CloudFront)", "X-Amz-Cf-Id", "x"), "127.0.0.1 answered 404 html Amazon CloudFront"),
		one("unknown-server", page(404, "Server", "nginx"), "127.0.0.1 answered 404 html"),
		one("another-account", edge.Behaviour{Thumbprint: stranger}, "127.0.0.1 answered 200 thumbprint "+stranger),
		one("parked", parkedPage, "127.0.0.1 answered 200 html parked"),
		one("captive", page(511), "127.0.0.1 answered 511 html"),
		{name: "nobody", records: []string{"A 127.0.0.3"}, want: "127.0.0.3 refused unconnected", each: []string{"127.0.0.3 refused unconnected"}},
		{name: "all-right", records: append(two, "AAAA ::1"), want: right6, each: []string{right6, right4, right2}},
		{name: "six-wrong", records: both, six: page(404), want: "::1 answered 404 html", each: []string{"::1 answered 404 html", right4}},
		{name: "six-resets", records: both, six: edge.Behaviour{Reset: true}, want: "::1 refused", each: []string{"::1 refused", right4}},
		{name: "four-wrong", records: both, here: page(404), want: right6, each: []string{right6, "127.0.0.1 answered 404 html"}},
		{name: "one-of-two", records: two, there: page(404), want: "127.0.0.2 answered 404 html", each: []string{right4, "127.0.0.2 answered 404 html"}},
	}
}

// TestProbeAsksEveryAddress: at real edges, each with its own ways.
func TestProbeAsksEveryAddress(t *testing.T) {
	t.Parallel()
	s := newStreet(t, "127.0.0.1", "127.0.0.2", "::1")
	v := newVerifier(s.names)
	s.names.Set("well.example", "A 127.0.0.1") // where others redirect to
	for _, c := range edgeCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			name := c.name + ".example"
			s.names.Set(name, c.records...)
			s.edges["127.0.0.1"].Behave(name, c.here)
			s.edges["127.0.0.2"].Behave(name, c.there)
			s.edges["::1"].Behave(name, c.six)
			got := s.probe(t, v, name)
			var each []string
			for _, one := range got.Each {
				each = append(each, summary(one))
			}
			if diff := cmp.Diff(append([]string{c.want}, c.each...), append([]string{summary(*got)}, each...)); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, got.Detail)
			}
		})
	}
}

// TestProbeHangsAlone: two edges that hang use up the probe's whole time, and the
// third has answered nevertheless.
func TestProbeHangsAlone(t *testing.T) {
	t.Parallel()
	s := newStreet(t, "127.0.0.1", "127.0.0.2", "::1")
	s.names.Set("a.example", "A 127.0.0.1", "A 127.0.0.2", "AAAA ::1")
	s.edges["::1"].Behave("a.example", edge.Behaviour{Hang: true})
	s.edges["127.0.0.1"].Behave("a.example", edge.Behaviour{Hang: true})
	v := verify.New(verify.Config{Resolvers: []string{s.names.Addr()}, ProbeAllow: loopback, Timeout: 3 * time.Second})
	got := s.probe(t, v, "a.example")
	want := []string{"::1 timeout", "127.0.0.1 timeout", "127.0.0.2 answered 200 match"}
	for i, one := range got.Each {
		if summary(one) != want[i] {
			t.Errorf("%d: %s, want %s", i, summary(one), want[i])
		}
	}
	if got.Result != record.ProbeTimeout || got.Unconnected {
		t.Errorf("as a whole: %s", summary(*got))
	}
}

// TestProbeIsBounded: eight addresses are asked, of both families.
func TestProbeIsBounded(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	var rrs []string
	for i := range 12 {
		rrs = append(rrs, fmt.Sprintf("A 127.0.9.%d", i+1), fmt.Sprintf("AAAA ::2:%x", i+1))
	}
	s.Set("many.example", rrs...)
	s.Set("four.example", append([]string{"AAAA ::2:1"}, rrs[0], rrs[2], rrs[4], rrs[6], rrs[8], rrs[10], rrs[12], rrs[14], rrs[16])...)
	allow := append([]netip.Prefix{netip.MustParsePrefix("::2:0/112")}, loopback...)
	v := verify.New(verify.Config{Resolvers: []string{s.Addr()}, ProbeAllow: allow, Timeout: 3 * time.Second})
	for name, want := range map[string][3]int{"many.example": {4, 4, 16}, "four.example": {1, 7, 2}} {
		got := observe(t, v, record.Question{Name: name, Probe: true, ProbeToken: token, ProbePort: freePort(t)}).Probe
		counts := [3]int{0, 0, got.Unasked}
		for _, one := range got.Each {
			if one.Address.Is4() {
				counts[1]++
			} else {
				counts[0]++
			}
		}
		if counts != want {
			t.Errorf("%s: IPv6, IPv4, unasked: %v, want %v", name, counts, want)
		}
	}
}
