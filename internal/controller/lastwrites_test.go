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
	var told time.Time
	w.Git.Fail(git.Fault{Service: "git-receive-pack", Hang: true, Before: func() {
		told = time.Now()
		cancel()
	}, Times: 1})
	ended := make(chan controller.Result, 1)
	go func() { ended <- w.Pass(ctx) }()
	<-ctx.Done()
	select {
	case r := <-ended:
		if r.Failure != nil || !r.Unfinished || r.Committed != "" {
			t.Errorf("ended with %+v", r)
		}
	case <-time.After(9 * time.Second):
		w.Git.Heal()
		t.Fatalf("the pass goes on %s after it was told to end", time.Since(told))
	}
	w.pass()
	w.wantIssued("www.shop.example")
	if e := w.entry("shop", "www.shop.example"); !e.Ready {
		t.Errorf("the next pass committed %+v", e)
	}
}
