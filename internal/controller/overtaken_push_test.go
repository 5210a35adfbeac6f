package controller_test

import (
	"sync"
	"testing"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/signature"
)

// TestAnOlderReadingIsDropped: while one process reads a push, another admits the
// next one. What that added must not leave again.
func TestAnOlderReadingIsDropped(t *testing.T) {
	t.Parallel()
	s, _ := accepted(t)
	other := s.another(s.asked)
	var newer string
	var once sync.Once
	s.replace(s.asked, func(c *controller.Config) {
		asked := c.Signers
		c.Signers = func() (*signature.Allowed, error) {
			once.Do(func() {
				newer = s.signed(s.alice, apps(app("shop", shopName, newName)))
				if r := other.Pass(t.Context()); r.Failure != nil || len(r.Invalid) > 0 {
					t.Errorf("the other process: %+v", r)
				}
			})
			return asked()
		}
	})
	s.signed(s.alice, apps(app("shop", shopName))+"# read by the one\n")
	s.pass()
	if d := s.domain(newName); !d.LeftAt.IsZero() || d.Gone() || s.meta().Tip != newer {
		t.Errorf("%s left at %s; the tip is %s, not %s", newName, d.LeftAt, s.meta().Tip, newer)
	}
	s.wantIssued(newName)
}
