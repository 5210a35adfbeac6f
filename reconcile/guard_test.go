package reconcile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/spec"
)

func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("n%02d.example", i)
	}
	return all
}

// TestGuard: what one push takes away from an installation of that size.
func TestGuard(t *testing.T) {
	t.Parallel()
	cases := []struct {
		has, loses int
		held       bool
	}{
		{1, 0, false},
		{4, 3, false}, // the floor
		{4, 4, true},
		{20, 3, false},
		{20, 4, true},
		{30, 3, false},
		{40, 4, false}, // a tenth
		{40, 5, true},
		{40, 40, true},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%d of %d", c.loses, c.has), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, policy(), app("shop", names(c.has)...)).issue()
			a := s.admit(desired(app("shop", names(c.has)[c.loses:]...)))
			held := 0
			for _, d := range s.known.Domains {
				if d.Held {
					held++
				}
			}
			if a.Held != c.held || c.held && held != c.loses || !c.held && held != 0 || (a.Hash != "") != c.held {
				t.Errorf("held %v (%d, %q), want %v", a.Held, held, a.Hash, c.held)
			}
			if len(a.Outcomes) != held {
				t.Errorf("%d outcomes for %d held", len(a.Outcomes), held)
			}
		})
	}
}

func TestGuardCountsEveryCause(t *testing.T) {
	t.Parallel()
	causes := map[string]reconcile.Desired{
		"no file":      {},
		"removed":      desired(app("shop")),
		"app gone":     desired(app("blog")),
		"switched":     desired(with(app("shop", names(5)...), func(a *spec.App) { a.ACM = no() })),
		"ineligible":   desired(with(app("shop", names(5)...), func(a *spec.App) { a.Plan = "free" })),
		"made private": desired(with(app("shop", names(5)...), func(a *spec.App) { a.Runtime = spec.Private })),
	}
	for name, want := range causes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, policy(), app("shop", names(5)...)).issue()
			if a := s.admit(want); !a.Held {
				t.Errorf("not held: %+v", a)
			}
			for _, d := range s.known.Domains {
				dec := look(d, well, s.policy, s.now)
				state(t, dec.Next, record.Held)
				code(t, dec.Next, failure.RemovalHeld)
				if o := rests(t, dec, reconcile.Hold); o.Why == "" || reconcile.Attention(dec.Next) != "operator" {
					t.Errorf("%+v", dec)
				}
			}
		})
	}
}

func TestGuardLeavesAlone(t *testing.T) {
	t.Parallel()
	t.Run("domains without a certificate", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, policy(), app("blog"), app("shop", names(20)...))
		if a := s.admit(desired(app("blog"))); a.Held {
			t.Fatalf("%+v", a)
		}
		for _, d := range s.known.Domains {
			act := only(t, look(d, well, s.policy, s.now))
			if next := reconcile.Settle(d, reconcile.Result{Action: act}, s.policy, s.now); act.Kind != reconcile.Forget || !reconcile.Finished(next, s.policy, s.now) {
				t.Fatalf("%+v, then %+v", act, next)
			}
		}
	})
}

// A clock that is far ahead makes every certificate look expired; that must not
// let them all go.
func TestGuardDoesNotTrustTheClock(t *testing.T) {
	t.Parallel()
	s := newStage(t, policy(), app("blog"), app("shop", names(20)...)).issue()
	s.now = s.now.Add(200 * day)
	if a := s.admit(desired(app("blog"))); !a.Held || len(a.Outcomes) != 20 {
		t.Errorf("%+v", a)
	}
}

// One certificate is enough when nothing is left at all, or the tip is not a
// descendant.
func TestGuardHoldsWhateverTheCount(t *testing.T) {
	t.Parallel()
	s := newStage(t, policy(), app("shop", www)).issue()
	if a := s.admit(reconcile.Desired{}); !a.Held || !strings.Contains(s.row(www).HoldWhy, "no app is left") {
		t.Errorf("%+v %+v", a, s.row(www).Want)
	}
	s = newStage(t, policy(), app("shop", append(names(20), www)...)).issue()
	s.known.Descends = false
	a := s.admit(desired(app("shop", names(20)...)))
	if !a.Held || !strings.Contains(s.row(www).HoldWhy, "descend") {
		t.Errorf("%+v", a)
	}
	s.now = s.now.Add(10 * day) // an ordinary push later changes nothing about it
	if again := s.admit(desired(app("shop", names(20)...))); again.Hash != a.Hash {
		t.Errorf("the hold did not stay: %+v", again)
	}
}

func TestGuardSumsOverItsWindow(t *testing.T) {
	t.Parallel()
	for _, grace := range []time.Duration{0, time.Hour, 3 * day} {
		t.Run(grace.String(), func(t *testing.T) {
			t.Parallel()
			p := policy()
			p.RevokeAfter = grace
			s := newStage(t, p, app("shop", names(20)...)).issue()
			left := names(20)
			drop := func(n int) bool {
				left = left[n:]
				return s.admit(desired(app("shop", left...))).Held
			}
			if drop(2) {
				t.Fatal("two of twenty are held")
			}
			s.now = s.now.Add(max(grace, day) - time.Minute)
			s.takeDown()
			if !drop(2) {
				t.Fatal("four of twenty in one window are not held")
			}
			left = append(left, names(4)[2:]...)
			s.admit(desired(app("shop", left...)))
			s.now = s.now.Add(time.Minute)
			if drop(1) {
				t.Error("the window is over, and one is held")
			}
		})
	}
}

// A name that returns when its certificate is already revoked was lost all the
// same: by removing and re-adding, a whole platform could be lost bit by bit.
func TestGuardRemembersWhatReturned(t *testing.T) {
	t.Parallel()
	p := policy()
	p.RevokeAfter = 0
	all := names(20)
	s := newStage(t, p, app("shop", all...)).issue()
	s.admit(desired(app("shop", all[2:]...)))
	s.takeDown()
	s.admit(desired(app("shop", all...)))
	if a := s.issue().admit(desired(app("shop", append(names(2), all[4:]...)...))); !a.Held {
		t.Fatal("the two that were revoked count no more")
	}
	s.admit(desired(app("shop", all...)))
	s.now = s.now.Add(day)
	if a := s.admit(desired(app("shop", append(names(2), all[4:]...)...))); a.Held {
		t.Errorf("the window is over, and %+v", a)
	}
}

// What returns before it is revoked was never lost.
func TestGuardForgetsWhatWasKept(t *testing.T) {
	t.Parallel()
	all := names(20)
	s := newStage(t, policy(), app("shop", all...)).issue()
	for range 5 {
		if s.admit(desired(app("shop", all[2:]...))).Held || s.admit(desired(app("shop", all...))).Held {
			t.Fatal("it is held although nothing was lost")
		}
	}
}

// takeDown steps every row that left to its end, as far as it goes now.
func (s *stage) takeDown() {
	s.t.Helper()
	var kept []record.Domain
	for _, d := range s.known.Domains {
		for range 5 {
			dec := look(d, well, s.policy, s.now)
			d = dec.Next
			if len(dec.Actions) == 0 || !d.Gone() {
				break
			}
			for _, a := range dec.Actions {
				d = reconcile.Settle(d, reconcile.Result{Action: a}, s.policy, s.now)
			}
		}
		if !reconcile.Finished(d, s.policy, s.now) {
			kept = append(kept, d)
		}
	}
	s.known.Domains = kept
}

func TestApproval(t *testing.T) {
	t.Parallel()
	all := names(10)
	s := newStage(t, policy(), app("shop", all...)).issue()
	first := s.admit(desired(app("shop", all[5:]...)))
	if holds := reconcile.Holds(s.known.Domains); len(holds) != 1 || holds[0].Hash != first.Hash || !slices.Equal(holds[0].Names, all[:5]) {
		t.Fatalf("%+v", holds)
	}

	// Another push, a renewal of what is held: the same set, the same hash.
	s.known.Revision = "c1"
	s.known.Domains[0].Certificate.Serial = "ff"
	if again := s.admit(desired(app("shop", all[5:]...), app("blog"))); again.Hash != first.Hash {
		t.Fatalf("hash %s became %s", first.Hash, again.Hash)
	}

	// One comes back: what is left is another set.
	back := s.admit(desired(app("shop", all[4:]...)))
	if d := s.row(all[4]); back.Hash == first.Hash || d.Held || d.HoldHash != "" {
		t.Fatalf("%+v %+v", back, d.Want)
	}

	s.known.Approved = map[string]bool{"0000000000000000": true}
	if a := s.admit(desired(app("shop", all[4:]...))); a.Hash != back.Hash || len(a.UsedApprovals) != 0 {
		t.Fatalf("another approval worked: %+v", a)
	}

	s.now = s.now.Add(5 * day)
	s.known.Approved = map[string]bool{back.Hash: true}
	a := s.admit(desired(app("shop", all[4:]...)))
	if a.Held || !slices.Equal(a.UsedApprovals, []string{back.Hash}) {
		t.Fatalf("%+v", a)
	}
	for _, name := range all[:4] {
		if d := s.row(name); d.Held || !d.LeftAt.Equal(s.now) {
			t.Errorf("%+v", d.Want)
		}
	}
	// The approval was for those; the next loss is counted with them.
	if next := s.admit(desired(app("shop", all[5:]...))); !next.Held || s.row(all[0]).Held {
		t.Errorf("%+v", next)
	}
}

// The hash that plan prints may be approved before sync has held anything.
func TestApprovalAhead(t *testing.T) {
	t.Parallel()
	all := names(10)
	s := newStage(t, policy(), app("shop", all...)).issue()
	planned := reconcile.Admit(desired(app("shop", all[5:]...)), s.known, s.policy, s.now)
	s.known.Approved = map[string]bool{planned.Hash: true}
	if a := s.admit(desired(app("shop", all[5:]...))); a.Held || len(a.UsedApprovals) != 1 {
		t.Errorf("%+v", a)
	}
}

func TestHeldIsKeptAsIfWanted(t *testing.T) {
	t.Parallel()
	s := newStage(t, policy(), app("shop", names(5)...)).issue()
	s.admit(reconcile.Desired{})
	d := s.row(names(1)[0])
	if a := only(t, look(d, well, s.policy, start.Add(80*day))); a.Kind != reconcile.Renew {
		t.Errorf("%+v", a)
	}
	if !s.app("shop").Gone {
		t.Error("the app vanished with its held domains")
	}
}
