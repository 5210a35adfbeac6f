package controller_test

import (
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/challenge"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
)

// occupied is a port that somebody has, on an address of its own where there is
// one (Linux), so that no other test is given it once it is free.
func occupied(t *testing.T) (addr string, free func()) {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.78:0")
	if err != nil {
		l, err = config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String(), func() { _ = l.Close() }
}

// listening puts the controller into mode listen.
func listening(addr string) func(*blueprint) { return func(b *blueprint) { b.Listen = addr } }

// TestNoPlaceForResponses: where challenges cannot be answered the CA is not
// asked for any. It is said once, no domain is blamed, and it heals by itself.
func TestNoPlaceForResponses(t *testing.T) {
	t.Parallel()
	taken, free := occupied(t)
	webroot := filepath.Join(t.TempDir(), "gone")
	for setting, c := range map[string]struct {
		mode func(*blueprint)
		mend func()
	}{
		"challenge.http01.listen": {listening(taken), free},
		"challenge.http01.dir":    {func(b *blueprint) { b.Webroot = webroot }, func() { _ = os.Mkdir(webroot, 0o755) }},
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			w := begin(t, c.mode)
			names := []string{"a.shop.example", "b.shop.example", "c.shop.example"}
			w.shop(names...)

			r := w.Pass(t.Context())

			var place *challenge.PlaceError
			if !errors.As(r.Failure, &place) || strings.Count(r.Failure.Error(), setting) != 1 {
				t.Errorf("failure %v, want one sentence that names %s", r.Failure, setting)
			}
			if n := w.CA.Count(ca.NewOrder); n > 0 {
				t.Errorf("%d orders that could not be answered", n)
			}
			for _, name := range names {
				d := w.domain(name)
				if d.State != record.Waiting || d.Attempt.Count > 0 || len(d.Findings) > 0 || d.Order != nil {
					t.Errorf("%s is %s after %d attempts, %v; want it Waiting", name, d.State, d.Attempt.Count, d.Findings)
				}
				if wait := d.Due.Sub(w.clock.now()); wait <= 0 || wait > 2*time.Minute {
					t.Errorf("%s is tried again in %s", name, wait)
				}
			}
			c.mend()
			w.forward(2 * time.Minute)
			w.pass()
			w.wantIssued(names...)
		})
	}
}

// TestOrderUnderWayOutlivesATakenPort: an order that the CA has is neither given
// up nor counted as failed.
func TestOrderUnderWayOutlivesATakenPort(t *testing.T) {
	t.Parallel()
	addr, free := occupied(t)
	w := begin(t)
	put := ca.Fault{Header: http.Header{"Retry-After": {"60"}}, Times: 1}
	w.CA.Fault(ca.Writes(ca.Challenge), put)
	w.shop("www.shop.example")
	w.pass()
	if d := w.domain("www.shop.example"); d.Order == nil || d.Order.State != record.OrderValidating {
		t.Fatalf("%s, order %+v: not put off", d.State, d.Order)
	}
	w.replace(listening(addr))
	w.forward(2 * time.Minute)
	if r := w.Pass(t.Context()); r.Failure == nil {
		t.Errorf("%+v", r)
	}
	if d := w.domain("www.shop.example"); d.Attempt.Count > 0 || d.Order == nil {
		t.Errorf("%d attempts, order %v", d.Attempt.Count, d.Order)
	}
	free()
	w.forward(2 * time.Minute)
	w.pass()
	w.wantIssued("www.shop.example")
	if n := w.CA.Count(ca.NewOrder); n != 1 {
		t.Errorf("%d orders", n)
	}
}

// putOff is a world whose one order waits for the CA for an hour, its response
// in place.
func putOff(t *testing.T) (w *world, port *challenge.Listener) {
	t.Helper()
	w = begin(t, listening("127.0.0.1:0"))
	w.CA.Fault(ca.Writes(ca.Challenge), ca.Fault{Header: http.Header{"Retry-After": {"3600"}}, Times: 1})
	w.shop("www.shop.example")
	w.pass()
	port = w.config.Responder.(*challenge.Listener)
	if port.Addr() == nil {
		t.Fatal("the response is not in place")
	}
	return w, port
}

// TestResponsesEndWithTheirOrder, whatever way it ends: what is left behind
// keeps the listener's port from everybody.
func TestResponsesEndWithTheirOrder(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*world){
		"finished": func(w *world) { w.forward(time.Hour) },
		"refused": func(w *world) {
			w.CA.Fault(func(r *ca.Request) bool { return r.Kind == ca.Authz }, ca.Fault{Status: http.StatusNotFound})
			w.forward(time.Hour)
		},
		"its domain removed":  func(w *world) { w.push(apps(app("shop", "other.shop.example"))) },
		"all domains removed": func(w *world) { w.push("") },
		"switched off": func(w *world) {
			w.push("apiVersion: acmsync/v1\napps:\n  - {name: shop, acm: false, domains: [www.shop.example]}\n")
		},
		"finished by another process": func(w *world) {
			w.forward(time.Hour)
			other := w.another(listening("127.0.0.1:0"))
			if r := other.Pass(w.t.Context()); r.Failure != nil {
				w.t.Error(r.Failure)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, port := putOff(t)
			end(w)
			w.Pass(t.Context())
			if addr := port.Addr(); addr != nil {
				d := w.domain("www.shop.example")
				t.Errorf("a response is still in place at %s; the domain is %s, %v, order %+v", addr, d.State, d.Findings, d.Order)
			}
		})
	}
}

// TestResponsesOfACrashEndWithTheirOrder: files outlive the process that wrote
// them.
func TestResponsesOfACrashEndWithTheirOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	webroot := func(b *blueprint) { b.Webroot = dir }
	w := begin(t, webroot)
	w.CA.Fault(ca.Writes(ca.Challenge), ca.Fault{Header: http.Header{"Retry-After": {"3600"}}, Times: 1})
	w.shop("www.shop.example")
	w.pass()
	files := func() []os.DirEntry {
		entries, err := os.ReadDir(filepath.Join(dir, record.ChallengePath))
		if err != nil {
			t.Fatal(err)
		}
		return entries
	}
	if len(files()) != 1 {
		t.Fatalf("in place: %v", files())
	}
	w.replace(webroot)
	w.push(apps(app("shop", "other.shop.example")))
	w.Pass(t.Context())
	if len(files()) > 0 {
		t.Errorf("left behind: %v", files())
	}
}
