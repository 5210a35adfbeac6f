package controller_test

import (
	"context"
	"sync"
	"testing"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
)

// TestTwoControllersIssueOnce: sync beside run on one store.
func TestTwoControllersIssueOnce(t *testing.T) {
	t.Parallel()
	w := begin(t)
	other := w.another()
	names := many(12)
	w.shop(names...)
	var both sync.WaitGroup
	for _, c := range []*rig{w.rig, other} {
		both.Go(func() {
			if r := c.Sync(t.Context()); r.Failure != nil || r.Unfinished {
				t.Errorf("a pass ended with %+v", r)
			}
		})
	}
	both.Wait()
	w.wantIssued(names...)
	if n := w.CA.Count(ca.NewOrder); n != len(names) {
		t.Errorf("%d orders for %d names", n, len(names))
	}
}

// TestLiveHolderIsWaitedFor: another process at work on a row is waited for as
// long as there is time; then the pass is unfinished.
func TestLiveHolderIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example")
	working, goOn := make(chan struct{}), make(chan struct{})
	busy := w.another(func(c *controller.Config) {
		c.Observer = wrapped{c.Observer, func(string) { working <- struct{}{}; <-goOn }}
	})
	ended := make(chan controller.Result, 1)
	go func() { ended <- busy.Pass(t.Context()) }()
	<-working
	if r := w.Pass(t.Context()); !r.Unfinished || r.Failure != nil {
		t.Errorf("beside a live holder: %+v", r)
	}
	waited := make(chan controller.Result, 1)
	go func() { waited <- w.Sync(t.Context()) }()
	close(goOn)
	go func() {
		for range working { // later looks go straight on
		}
	}()
	if r := <-ended; r.Failure != nil {
		t.Error(r.Failure)
	}
	if r := <-waited; r.Unfinished || r.Failure != nil {
		t.Errorf("after the holder was done: %+v", r)
	}
	close(working)
	w.wantIssued("www.shop.example")
}

// TestHolderOutlastsTheTime: when the time is over first, that is said.
func TestHolderOutlastsTheTime(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example")
	working, goOn := make(chan struct{}, 8), make(chan struct{})
	busy := w.another(func(c *controller.Config) {
		c.Observer = wrapped{c.Observer, func(string) { working <- struct{}{}; <-goOn }}
	})
	ended := make(chan controller.Result, 1)
	go func() { ended <- busy.Pass(t.Context()) }()
	<-working
	ctx, cancel := context.WithCancel(t.Context())
	waited := make(chan controller.Result, 1)
	go func() { waited <- w.Sync(ctx) }()
	cancel()
	if r := <-waited; !r.Unfinished || r.Failure != nil {
		t.Errorf("cut off: %+v", r)
	}
	close(goOn)
	if r := <-ended; r.Failure != nil {
		t.Error(r.Failure)
	}
	if d := w.domain("www.shop.example"); d.State != record.CertIssued {
		t.Errorf("the holder left it %s", d.State)
	}
}
