package controller_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/record"
)

var errBalk = errors.New("the target balks")

// balky is a target that does something else first.
type balky struct {
	controller.Target
	install func(name string) error
}

func (b *balky) Install(ctx context.Context, p record.Pair) error {
	if err := b.install(p.Names[0]); err != nil {
		return err
	}
	return b.Target.Install(ctx, p)
}

// wrapped is an observer that does something first.
type wrapped struct {
	controller.Observer
	first func(name string)
}

func (o wrapped) Observe(ctx context.Context, q record.Question) record.Observation {
	o.first(q.Name)
	return o.Observer.Observe(ctx, q)
}

// TestPanicOfATargetStaysWithItsDomain: others are issued.
func TestPanicOfATargetStaysWithItsDomain(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.replace(func(c *controller.Config) {
		c.Targets = []controller.Target{&balky{Target: c.Targets[0], install: func(name string) error {
			if name == "odd.shop.example" {
				panic("no")
			}
			return nil
		}}}
	})
	w.shop("a.shop.example", "b.shop.example", "odd.shop.example")
	w.pass()
	w.wantIssued("a.shop.example", "b.shop.example")
	d := w.domain("odd.shop.example")
	if d.Checks.Deployed != record.Fail || reason(d) != string(failure.DeployFailed) {
		t.Errorf("%s, %v", d.State, d.Findings)
	}
}

// TestPanicOfAResponderStaysWithItsDomain: the order is not lost by it.
func TestPanicOfAResponderStaysWithItsDomain(t *testing.T) {
	t.Parallel()
	w := begin(t)
	responder := &panicking{}
	w.replace(func(c *controller.Config) { responder.Responder = c.Responder; c.Responder = responder })
	// The probe presents first; the order comes second.
	responder.at("odd.shop.example", 2)
	w.shop("a.shop.example", "odd.shop.example")
	w.pass()
	w.wantIssued("a.shop.example")
	d := w.domain("odd.shop.example")
	if reason(d) != string(failure.Internal) || d.State != record.Failing {
		t.Errorf("%s, %v; want internal", d.State, d.Findings)
	}
	w.forward(d.Attempt.Next.Sub(w.clock.now()) + time.Second)
	w.pass()
	w.wantIssued("a.shop.example", "odd.shop.example")
	orders := map[string]bool{}
	for _, c := range w.CA.Certificates() {
		orders[c.Order] = true
	}
	if n := w.CA.Count(ca.NewOrder); n != len(orders) {
		t.Errorf("%d orders for %d certificates", n, len(orders))
	}
}

// TestPanicOfAnObserverStaysWithItsDomain: others are issued.
func TestPanicOfAnObserverStaysWithItsDomain(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.replace(func(c *controller.Config) {
		c.Observer = wrapped{c.Observer, func(name string) {
			if name == "odd.shop.example" {
				panic("no")
			}
		}}
	})
	w.shop("a.shop.example", "odd.shop.example")
	w.pass()
	w.wantIssued("a.shop.example")
	d, e := w.domain("odd.shop.example"), w.entry("shop", "odd.shop.example")
	if reason(d) != string(failure.Internal) || e.Attention != "operator" {
		t.Errorf("%s, %v; want internal", d.State, d.Findings)
	}
}

// TestAPanicHasTheSameIDEveryTime: at every retry, so that the status does not
// change for it, after a restart and for every domain; the log has it with the
// stack each time.
func TestAPanicHasTheSameIDEveryTime(t *testing.T) {
	t.Parallel()
	log := &journal{}
	odd := func(c *controller.Config) {
		c.Observer = wrapped{c.Observer, func(string) { panic("no") }}
	}
	w := begin(t, odd, log.into)
	names := []string{"a.shop.example", "b.shop.example"}
	w.shop(names...)
	ids := map[string]int{}
	for range 3 {
		w.pass()
		for _, name := range names {
			_, id, _ := strings.Cut(w.entry("shop", name).Message, "panic ")
			ids[strings.TrimSuffix(id, ".")]++
		}
		w.forward(w.domain(names[0]).Due.Sub(w.clock.now()) + time.Hour)
		w.rig = w.another(odd, log.into)
	}
	for id := range ids {
		if n := strings.Count(log.String(), "id="+id+" domain="); len(id) != 8 || len(ids) != 1 || n != 6 {
			t.Errorf("ids %v, the first of them %d times in the log, want one 6 times", ids, n)
		}
	}
	if !strings.Contains(log.String(), "isolation_test.go") {
		t.Error("the log has no stack")
	}
}

// TestHangingEdgeDelaysNobody: others are issued while one name's edge hangs.
func TestHangingEdgeDelaysNobody(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.Edge.Behave("slow.shop.example", edge.Behaviour{Hang: true})
	w.shop("a.shop.example", "b.shop.example", "slow.shop.example")
	w.wantMeanwhile("a.shop.example", "b.shop.example")
	if n := len(w.CA.CertificatesFor("slow.shop.example")); n > 0 {
		t.Errorf("%d certificates for the hanging name", n)
	}
}

// TestHangingCADelaysNobody: others are issued while the CA hangs for one name.
func TestHangingCADelaysNobody(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.CA.Fault(ca.Naming("slow.shop.example", ca.Of(ca.NewOrder)), ca.Fault{Delay: time.Minute})
	w.shop("a.shop.example", "b.shop.example", "slow.shop.example")
	w.wantMeanwhile("a.shop.example", "b.shop.example")
}

// wantMeanwhile starts a pass, waits until the names are issued while it is
// still under way, and ends it.
func (w *world) wantMeanwhile(names ...string) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan controller.Result, 1)
	go func() { ended <- w.Pass(ctx) }()
	eventually(w.t, "the others", func() bool {
		for _, name := range names {
			if !w.knows(name) || w.domain(name).State != record.CertIssued {
				return false
			}
		}
		return true
	})
	select {
	case r := <-ended:
		w.t.Errorf("the pass ended by itself: %+v", r)
	default:
	}
	cancel()
	if r := <-ended; r.Failure != nil || !r.Unfinished {
		w.t.Errorf("ended with %+v", r)
	}
	w.wantIssued(names...)
}
