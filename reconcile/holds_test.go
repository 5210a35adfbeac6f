package reconcile_test

import (
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// TestGuardCountsWhatARowHas: four of five names leave, which is one more than
// the floor. They are held if they have something to lose: a certificate, or an
// order that may have brought one before anybody looks again.
func TestGuardCountsWhatARowHas(t *testing.T) {
	t.Parallel()
	order := func(state record.OrderState) func(*record.Domain) {
		return func(d *record.Domain) {
			d.Order = &record.Order{ID: d.Key, Key: d.Key, Names: []string{d.Key}, State: state, OpenedAt: start}
		}
	}
	cases := map[string]struct {
		give func(*record.Domain)
		held bool
	}{
		"nothing yet":        {func(*record.Domain) {}, false},
		"a failed attempt":   {func(d *record.Domain) { d.State, d.Attempt.Count = record.Failing, 3 }, false},
		"a certificate":      {func(d *record.Domain) { *d = certified(*d, policy(), start) }, true},
		"an intent":          {order(record.OrderIntent), true},
		"an order under way": {order(record.OrderValidating), true},
		"a finalized order":  {order(record.OrderFinalizing), true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, policy(), app("shop", names(5)...))
			for i := range s.known.Domains {
				c.give(&s.known.Domains[i])
			}
			s.now = start.Add(time.Minute)
			a := s.admit(desired(app("shop", names(5)[4])))
			held := reconcile.Holds(s.known.Domains)
			if a.Held != c.held || c.held && (len(held) != 1 || len(held[0].Names) != 4) {
				t.Errorf("held %v (%+v), want %v", a.Held, held, c.held)
			}
		})
	}
}
