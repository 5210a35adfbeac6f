package controller_test

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/ca"
)

// onCommit is a log that does something once, when a status was committed: at
// the end of a pass, before it is waited for what is due next.
type onCommit struct {
	slog.Handler
	do func()
}

func (h *onCommit) Enabled(context.Context, slog.Level) bool { return true }

func (h *onCommit) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "status committed" && h.do != nil {
		do := h.do
		h.do = nil
		do()
	}
	return nil
}

// until is Until, which must come to an end by itself.
func (w *world) until(ctx context.Context) controller.Result {
	w.t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan controller.Result, 1)
	go func() { done <- w.Until(ctx) }()
	select {
	case r := <-done:
		return r
	case <-time.After(30 * time.Second):
		w.t.Error("it waits for what time does not mend")
		cancel()
		return <-done
	}
}

// TestWaitingOutlivesAnOutage: a failure that is retried within the time given
// is waited for.
func TestWaitingOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	log := &onCommit{Handler: slog.DiscardHandler}
	w := begin(t, func(c *controller.Config) { c.Log = slog.New(log) })
	w.shop("www.shop.example")
	heal := w.CA.Fault(nil, ca.Fault{Drop: true})
	log.do = func() {
		heal()
		w.forward(w.domain("www.shop.example").Attempt.Next.Sub(w.clock.now()) - time.Second) // most of the wait is over
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if r := w.until(ctx); r.Failure != nil || r.Unfinished {
		t.Errorf("%+v", r)
	}
	w.wantIssued("www.shop.example")
}

// TestWaitingEndsWithTheRun: what only a person can mend is not waited for,
// although a domain is tried again soon.
func TestWaitingEndsWithTheRun(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*world){
		"credentials": func(w *world) {
			if err := os.WriteFile(w.plan.TokenFile, []byte("wrong"), 0o600); err != nil {
				w.t.Fatal(err)
			}
		},
		"branch": func(w *world) {
			w.replace(func(c *controller.Config) { c.Source.Branch = "mian" })
		},
		"clock": func(w *world) {
			w.clock.add(10 * time.Minute)
			w.shop("www.shop.example", "new.shop.example")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := begin(t)
			w.push(apps(app("shop", "nowhere.shop.example")))
			if r := w.pass(); r.Next.IsZero() {
				t.Fatal("nothing is tried again")
			}
			spoil(w)
			if r := w.until(t.Context()); r.Failure == nil {
				t.Errorf("%+v", r)
			}
		})
	}
}
