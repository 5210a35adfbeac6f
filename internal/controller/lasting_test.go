package controller

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestLastingEndsSoonAfterItsPass: while the pass goes on a write may take its
// time; when the pass was told to end, or its time ran out, it gets a little
// longer.
func TestLastingEndsSoonAfterItsPass(t *testing.T) {
	t.Parallel()
	const long, brief = 6 * time.Second, 2 * time.Second
	for name, tt := range map[string]struct {
		bound func(context.Context) (context.Context, context.CancelFunc)
		end   bool
		more  time.Duration
	}{
		"told to end":                     {bound: context.WithCancel, end: true, more: long},
		"time ran out":                    {bound: inAMinute, more: brief},
		"told to end before time ran out": {bound: inAnHour, end: true, more: long},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pass, stop := tt.bound(t.Context())
				defer stop()
				ctx, done := lasting(pass, long, brief)
				defer done()
				elapse(time.Minute)
				if ctx.Err() != nil {
					t.Fatal("cut off although the pass goes on")
				}
				if tt.end {
					stop()
				}
				elapse(tt.more - time.Millisecond)
				if ctx.Err() != nil {
					t.Fatal("cut off with the pass")
				}
				elapse(2 * time.Millisecond)
				if ctx.Err() == nil {
					t.Fatal("goes on for ever")
				}
			})
		})
	}
}

func inAMinute(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, time.Minute)
}

func inAnHour(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, time.Hour)
}

// elapse lets the bubble's clock run.
func elapse(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
