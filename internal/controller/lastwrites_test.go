package controller_test

import (
	"context"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/git"
)

// TestStoppedWhileTheStatusPushHangs: git gets a few seconds to take the last
// status, less than whoever stops the program waits before killing it.
func TestStoppedWhileTheStatusPushHangs(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits as long as the last writes may take, 6 s")
	}
	w := begin(t)
	w.shop("www.shop.example")
	ctx, cancel := context.WithCancel(t.Context())
	w.Git.Fail(git.Fault{Service: "git-receive-pack", Hang: true, Before: cancel, Times: 1})
	w.wantEnd(ctx, 9*time.Second)
}

// TestTimeRunsOutWhileTheStatusPushHangs: whoever set a time is not kept waiting
// for git, and what was issued is on record.
func TestTimeRunsOutWhileTheStatusPushHangs(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits for the time to run out")
	}
	w := begin(t)
	w.shop("www.shop.example")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	w.Git.Fail(git.Fault{Service: "git-receive-pack", Hang: true})
	w.wantEnd(ctx, 5*time.Second)
}

// wantEnd lets a pass be ended with ctx: it returns so soon after it, unfinished
// and without a failure, and the next one says what it did.
func (w *world) wantEnd(ctx context.Context, within time.Duration) {
	w.t.Helper()
	ended := make(chan controller.Result, 1)
	go func() { ended <- w.Pass(ctx) }()
	<-ctx.Done()
	over := time.Now()
	select {
	case r := <-ended:
		if r.Failure != nil || !r.Unfinished || r.Committed != "" {
			w.t.Errorf("ended with %+v", r)
		}
	case <-time.After(within):
		w.Git.Heal()
		w.t.Fatalf("the pass goes on %s after it was to end", time.Since(over))
	}
	w.Git.Heal()
	w.pass()
	w.wantIssued("www.shop.example")
	if e := w.entry("shop", "www.shop.example"); !e.Ready {
		w.t.Errorf("the next pass committed %+v", e)
	}
}
