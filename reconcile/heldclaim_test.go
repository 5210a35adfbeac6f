package reconcile_test

import (
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/record"
)

// TestAHeldRemovalGivesNothingAway: while nobody has said that a mass removal is
// meant, what it would remove is its app's, whoever asks for it; after that it
// goes to the one that asks.
func TestAHeldRemovalGivesNothingAway(t *testing.T) {
	t.Parallel()
	s := newStage(t, policy(), app("shop", www), app("thief")).issue()
	s.admit(desired())
	if !s.row(www).Held {
		t.Fatalf("not held: %+v", s.row(www).Want)
	}
	a := s.admit(desired(app("thief", www)))
	if d := s.row(www); d.App != "shop" || !d.Held || !a.Held {
		t.Errorf("%s belongs to %s, held: %v", www, d.App, d.Held)
	}
	r := s.app("thief").Refusals
	if len(r) != 1 || !strings.Contains(r[0].Finding.Message, "held by shop") || !strings.Contains(r[0].Finding.Remedy, "ask the operator to approve it") {
		t.Errorf("it is told %+v", r)
	}
	s.known.Approved = map[string]bool{a.Hash: true}
	s.admit(desired(app("thief", www)))
	if d := s.row(www); d.App != "thief" || d.Mode != record.Auto || !d.LeftAt.IsZero() {
		t.Errorf("after the approval: %+v", d.Want)
	}
}
