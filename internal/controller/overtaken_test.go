package controller_test

import (
	"sync"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
)

// TestNotRevokedOnceItIsWantedAgain: while one process is about to revoke a
// removed name, another admits the push that brings it back.
func TestNotRevokedOnceItIsWantedAgain(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example", "old.shop.example")
	w.pass()
	w.push(apps(app("shop", "www.shop.example")))
	w.pass()
	w.forward(25 * time.Hour)
	other := w.another()
	var once sync.Once
	w.CA.Before(ca.Directory, func() {
		once.Do(func() { // the directory is asked before anything is revoked
			w.push(apps(app("shop", "www.shop.example", "old.shop.example")))
			if r := other.Pass(t.Context()); r.Failure != nil {
				t.Error(r.Failure)
			}
		})
	})
	w.rig = w.another() // one that does not know the directory yet
	w.pass()
	if n := w.CA.Count(ca.Revoke); n > 0 {
		t.Errorf("%d revocations of a name that is wanted", n)
	}
	w.pass()
	w.wantIssued("old.shop.example")
}

// TestNoGraceByAnUnconfirmedClock: while the CA is out of reach nobody says that
// our clock is right, so no grace begins: it might be over at once.
func TestNoGraceByAnUnconfirmedClock(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example", "old.shop.example")
	w.pass()
	lift := w.CA.Fault(nil, ca.Fault{Drop: true})
	w.clock.add(-48 * time.Hour)
	w.push(apps(app("shop", "www.shop.example")))
	w.Pass(t.Context())
	lift()
	w.clock.add(48 * time.Hour)
	w.pass()
	if n := w.CA.Count(ca.Revoke); n > 0 {
		t.Error("revoked at once, with a grace of 24 hours")
	}
	if left := w.domain("old.shop.example").LeftAt; w.clock.now().Sub(left).Abs() > time.Minute {
		t.Errorf("it left at %s, by a clock that nobody confirmed", left)
	}
}

// TestPlanWithAWrongClock: a plan announces nothing that sync would not do.
func TestPlanWithAWrongClock(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example")
	w.clock.add(time.Hour)
	_, planned := w.Plan(t.Context(), nil)
	synced := w.Pass(t.Context()).Failure
	if planned == nil || synced == nil || planned.Error() != synced.Error() {
		t.Errorf("plan says %v, sync %v", planned, synced)
	}
}

// TestPlanOfAForeignThumbprint: nor does it blame others than sync.
func TestPlanOfAForeignThumbprint(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.Edge.SetThumbprint("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	w.shop("www.shop.example", "api.shop.example")
	p, err := w.Plan(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	w.pass()
	for _, o := range p.Outcomes {
		if said := w.domain(o.Domain).Findings[0].Message; o.Why+"." != said {
			t.Errorf("plan says %q, sync %q", o.Why, said)
		}
	}
	if len(p.Outcomes) != 2 || len(p.Actions) != 0 {
		t.Errorf("%+v", p)
	}
}
