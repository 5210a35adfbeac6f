package controller

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestLastingEndsSoonAfterItsPass: while the pass goes on a write may take its
// time; when the pass was told to end it gets a little longer.
func TestLastingEndsSoonAfterItsPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pass, stop := context.WithCancel(t.Context())
		ctx, done := lasting(pass)
		defer done()
		elapse(time.Minute)
		if ctx.Err() != nil {
			t.Fatal("cut off although the pass goes on")
		}
		stop()
		elapse(lastWrites - time.Millisecond)
		if ctx.Err() != nil {
			t.Fatal("cut off with the pass")
		}
		elapse(2 * time.Millisecond)
		if ctx.Err() == nil {
			t.Fatal("goes on for ever")
		}
	})
}

// elapse lets the bubble's clock run.
func elapse(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
