package issue_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
)

// TestOrdersAtOnceAskForFewNonces: Let's Encrypt allows bursts of 10 newNonce.
// Many orders that begin together share the nonces that their answers bring.
func TestOrdersAtOnceAskForFewNonces(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{AlwaysValid: true})
	// A CA as far away as CAs usually are, so that requests overlap.
	l.authority.Fault(ca.Of(), ca.Fault{Delay: 20 * time.Millisecond})
	client := l.client()
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			if _, err := l.pursue(t.Context(), client, l.intent(fmt.Sprintf("d%02d.shop.example", i))); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	var asked []time.Time
	for _, r := range l.authority.Requests() {
		if r.Kind == ca.NewNonce {
			asked = append(asked, r.At)
		}
	}
	for i := range asked {
		if i >= 10 && asked[i].Sub(asked[i-10]) < 400*time.Millisecond {
			t.Fatalf("more than ten newNonce within %s: %v", asked[i].Sub(asked[i-10]), asked)
		}
	}
}
