//go:build unix

package controller_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/issue"
)

// TestOrderOfAReplacedKeyIsGivenUp: no other account may ask for it (RFC 8555,
// section 7.4), so it is begun anew, and certificates in use stay.
func TestOrderOfAReplacedKeyIsGivenUp(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example")
	w.pass()
	serial := w.domain("www.shop.example").Certificate.Serial
	w.shop("www.shop.example", "new.shop.example")
	w.killedPass(moment{ca.Authz, unheard})
	if d := w.domain("new.shop.example"); d.Order == nil || d.Order.Account == "" {
		t.Fatalf("no order is under way: %+v", d.Order)
	}
	w.plan.KeyFile = filepath.Join(t.TempDir(), "other.pem")
	if _, err := issue.CreateAccountKey(w.plan.KeyFile); err != nil {
		t.Fatal(err)
	}
	w.rig = w.another()
	w.Edge.SetThumbprint(w.config.Policy.Platform.Thumbprint)
	w.CA.Forget()
	w.pass()
	if d := w.domain("new.shop.example"); d.Attempt.Count != 0 || len(d.Findings) > 0 || w.CA.Count(ca.Authz, ca.Order) != 0 {
		t.Errorf("the new account asked for the old one's order: %d attempts, %v", d.Attempt.Count, d.Findings)
	}
	w.forward(2 * time.Minute)
	w.pass()
	w.wantIssued("www.shop.example", "new.shop.example")
	if got := w.domain("www.shop.example").Certificate.Serial; got != serial {
		t.Errorf("another certificate, %s, for a new key", got)
	}
}
