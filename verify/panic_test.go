package verify_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/beside"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

// trap is a log that panics at a line about a question.
type trap struct {
	slog.Handler
	message string
	springs func(name, qtype string) bool
}

func (h trap) Enabled(context.Context, slog.Level) bool { return true }

func (h trap) Handle(_ context.Context, r slog.Record) error {
	var name, qtype string
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "name":
			name = strings.TrimSuffix(a.Value.String(), ".")
		case "type":
			qtype = a.Value.String()
		}
		return true
	})
	if r.Message == h.message && h.springs(name, qtype) {
		panic("no")
	}
	return nil
}

// TestAPanicWhileLookingComesOutAtTheCaller: whatever part of a look it happens
// in. There is nobody else to recover it, and a process to lose.
func TestAPanicWhileLookingComesOutAtTheCaller(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Set("www.shop.example", "A 127.0.0.1")
	s.Set("shop.example", "NS ns.shop.example.", "SOA ns.shop.example. hostmaster.shop.example. 1 3600 900 604800 60")
	s.Set("ns.shop.example", "A 127.0.0.1")
	edge := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://elsewhere.example/", http.StatusFound)
	})
	const resolver, authority = "dns question", "dns question to an authority"
	all := record.Question{
		Name: "www.shop.example", DNS: true, CAA: true, Probe: true, Served: true, Authorities: true,
		Target: "target.platform.example", ProbeToken: token, ProbeExpect: expect, ProbePort: edge.http, ServedPort: edge.https,
	}
	for part, h := range map[string]trap{
		"addresses":      {message: resolver, springs: is("www.shop.example", "A")},
		"IPv6 addresses": {message: resolver, springs: is("www.shop.example", "AAAA")},
		"the target":     {message: resolver, springs: is("target.platform.example", "A")},
		"CAA":            {message: resolver, springs: is("www.shop.example", "CAA")},
		"a wildcard":     {message: resolver, springs: is("*.shop.example", "A")},
		"name servers":   {message: resolver, springs: is("ns.shop.example", "A")},
		"an authority":   {message: authority, springs: func(string, string) bool { return true }},
		"a redirect":     {message: resolver, springs: is("elsewhere.example", "A")},
	} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			v := verify.New(verify.Config{
				Resolvers: []string{s.Addr()}, ProbeAllow: loopback, AuthorityPort: s.Port(), Logger: slog.New(h),
			})
			wantPanic(t, func() { v.Observe(t.Context(), all) })
		})
	}
}

func is(name, qtype string) func(string, string) bool {
	return func(n, q string) bool { return n == name && q == qtype }
}

func wantPanic(t *testing.T, do func()) {
	t.Helper()
	if p := beside.Run(do); p == nil || p.Cause != "no" || !strings.Contains(string(p.Stack), "trap.Handle") {
		t.Errorf("came out: %v", p)
	}
}
