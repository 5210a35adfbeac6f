package controller_test

import (
	"context"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/issue"
)

// clumsy panics when it is to take a response of an order away.
type clumsy struct {
	issue.Responder
	name string
}

func (c clumsy) CleanUp(ctx context.Context, name, token string) error {
	if name == c.name && len(token) >= 43 { // our own probe's is shorter
		panic("no")
	}
	return c.Responder.CleanUp(ctx, name, token)
}

// TestPanicWhenAllIsDone: where a domain's leavings are taken away, outside of
// what is done for it. The pass ends, and nobody keeps the row's lease.
func TestPanicWhenAllIsDone(t *testing.T) {
	t.Parallel()
	for what, content := range map[string]string{
		"left":         apps(app("shop", "a.shop.example")),
		"removal held": "apiVersion: acmsync/v1\napps: []\n",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := begin(t)
			w.replace(func(c *controller.Config) {
				c.Responder, c.Lease = clumsy{c.Responder, "odd.shop.example"}, time.Second
			})
			w.shop("a.shop.example", "odd.shop.example")
			ctx := t.Context() // a daemon's does not end with the pass
			w.Pass(ctx)
			w.wantIssued("a.shop.example")
			w.push(content)
			if r := w.Pass(ctx); r.Failure == nil {
				t.Error("the panic is not told of")
			}
			other := w.another()
			eventually(t, "the lease to end", func() bool {
				busy, err := other.config.Store.Busy(ctx, w.clock.now())
				return err == nil && busy == 0
			})
		})
	}
}
