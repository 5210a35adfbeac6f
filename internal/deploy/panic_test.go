package deploy_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/acmsync/acmsync/internal/beside"
	"github.com/acmsync/acmsync/internal/deploy"
)

// TestAPanicOfARunComesOutAtAllWhoWait: they know whose work it was. The next run
// is another one.
func TestAPanicOfARunComesOutAtAllWhoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		breaks := true
		hook := deploy.NewGathering(func(context.Context, []string) error {
			if breaks {
				panic("no")
			}
			return nil
		})
		came := make(chan *beside.Panic, 2)
		for _, name := range []string{"a.example", "b.example"} {
			go func() { came <- beside.Run(func() { _ = hook.Wait(t.Context(), name) }) }()
		}
		for range 2 {
			if p := <-came; p == nil || p.Cause != "no" {
				t.Errorf("came out: %v", p)
			}
		}
		breaks = false
		if err := hook.Wait(t.Context(), "a.example"); err != nil {
			t.Error(err)
		}
	})
}
