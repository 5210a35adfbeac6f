package controller_test

import (
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
)

// TestCAOutOfReach: nothing is lost, nobody's domain is blamed, certificates go
// to a new target meanwhile, and the next pass after the outage heals it.
func TestCAOutOfReach(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]ca.Fault{
		"cut": {Drop: true},
		"5xx": {Status: 503, Body: "<html>down for maintenance</html>"},
	} {
		for when, match := range map[string]func(*ca.Request) bool{
			"altogether":    nil,
			"but directory": func(r *ca.Request) bool { return r.Kind != ca.Directory },
		} {
			t.Run(name+" "+when, func(t *testing.T) {
				t.Parallel()
				w := begin(t)
				w.shop("www.shop.example")
				w.pass()
				w.wantIssued("www.shop.example")
				heal := w.CA.Fault(match, fault)
				second := t.TempDir()
				w.shop("www.shop.example", "new.shop.example")
				w.replace(also("second", second))

				r := w.Pass(t.Context())

				if r.Failure == nil || !strings.Contains(r.Failure.Error(), "acme.directory") {
					t.Errorf("failure %v, want one that names acme.directory", r.Failure)
				}
				d, e := w.domain("new.shop.example"), w.entry("shop", "new.shop.example")
				if d.State != record.Waiting || reason(d) != string(failure.CAUnavailable) || d.Attempt.Count != 0 {
					t.Errorf("%s, %v, %d attempts; want Waiting for the CA", d.State, d.Findings, d.Attempt.Count)
				}
				if e.Status != "Waiting" || e.Reason != string(failure.CAUnavailable) || e.NextAttempt.IsZero() || e.Attention != "" {
					t.Errorf("status says %+v", e)
				}
				if _, err := deployed(second, "www.shop.example"); err != nil {
					t.Error("deploying waits for the CA:", err)
				}
				if again := w.Pass(t.Context()); again.Failure != nil {
					t.Error("work in backoff is not due, and yet:", again.Failure)
				}
				heal()
				w.forward(d.Attempt.Next.Sub(w.clock.now()) + time.Second)
				w.pass()
				w.wantIssued("www.shop.example", "new.shop.example")
			})
		}
	}
}

// TestCAClosed: the same with nobody listening.
func TestCAClosed(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example")
	if err := w.CA.Close(); err != nil {
		t.Fatal(err)
	}
	r := w.Pass(t.Context())
	if r.Failure == nil || !strings.Contains(r.Failure.Error(), "acme.directory") {
		t.Errorf("failure %v, want one that names acme.directory", r.Failure)
	}
	if d := w.domain("www.shop.example"); d.State != record.Waiting {
		t.Errorf("%s, want Waiting", d.State)
	}
	if r := w.Pass(t.Context()); r.Failure != nil {
		t.Error("with no work due:", r.Failure)
	}
}

// TestOneRefusalIsNoOutage: a CA that answers somebody is there.
func TestOneRefusalIsNoOutage(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.CA.Fault(ca.Naming("bad.shop.example", ca.Writes(ca.NewOrder)), ca.Fault{Status: 500, Body: "oops"})
	w.shop("bad.shop.example", "good.shop.example")
	w.pass()
	w.wantIssued("good.shop.example")
	if d := w.domain("bad.shop.example"); d.State != record.Waiting || reason(d) != string(failure.CAUnavailable) {
		t.Errorf("%s, %v", d.State, d.Findings)
	}
}
