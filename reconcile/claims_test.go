package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

func TestTwoNewClaimsBothFail(t *testing.T) {
	t.Parallel()
	s := newStage(t, policy(), app("blog", www), app("shop", www))
	if len(s.known.Domains) != 0 {
		t.Errorf("somebody got it: %+v", s.known.Domains)
	}
	for app, other := range map[string]string{"blog": "shop", "shop": "blog"} {
		r := s.app(app).Refusals
		if len(r) != 1 || r[0].Name != www || r[0].Finding.Code != failure.ClaimedByAnotherApp || !strings.Contains(r[0].Finding.Remedy, other) {
			t.Errorf("%s: %+v", app, r)
		}
	}
}

func TestTheHolderKeepsItsName(t *testing.T) {
	t.Parallel()
	s := newStage(t, policy(), app("shop", www))
	s.now = s.now.Add(time.Hour)
	a := s.admit(desired(app("blog", www), app("shop", www)))
	if len(a.Wants) != 0 || s.row(www).App != "shop" || len(s.app("blog").Refusals) != 1 || len(s.app("shop").Refusals) != 0 {
		t.Errorf("%+v", a)
	}
	since := s.app("blog").Refusals[0].Since
	s.now = s.now.Add(time.Hour)
	s.admit(desired(app("blog", www), app("shop", www)))
	if got := s.app("blog").Refusals[0].Since; !got.Equal(since) {
		t.Errorf("the refusal is as old as the claim: %v, not %v", since, got)
	}
	if o := a.Outcomes; len(o) != 1 || o[0].Kind != reconcile.Fail || o[0].App != "blog" {
		t.Errorf("outcomes %+v", o)
	}
}

func TestANameMovesWithItsCertificate(t *testing.T) {
	t.Parallel()
	s := newStage(t, policy(), app("shop", www)).issue()
	before := s.row(www)
	a := s.admit(desired(app("blog", www), app("shop")))
	after := s.row(www)
	if a.Held || after.App != "blog" || after.Mode != record.Auto || !after.LeftAt.IsZero() {
		t.Fatalf("%+v %+v", a, after)
	}
	if diff := cmp.Diff(before.Certificate, after.Certificate); diff != "" {
		t.Error(diff)
	}
	for range 3 { // checked again because the entry changed, and no more
		dec := look(after, well, s.policy, s.now.Add(time.Minute))
		rests(t, dec, reconcile.Keep)
		after = dec.Next
	}
}

// Whatever the guard allows: nothing is lost.
func TestARenamedAppKeepsAll(t *testing.T) {
	t.Parallel()
	names := []string{"a.example", "b.example", "c.example", "d.example", "e.example"}
	s := newStage(t, policy(), app("shop", names...)).issue()
	if a := s.admit(desired(app("store", names...))); a.Held || len(a.Apps) != 1 {
		t.Errorf("%+v", a)
	}
}

func TestANameMovesWithinTheGrace(t *testing.T) {
	t.Parallel()
	s := newStage(t, policy(), app("blog"), app("shop", www)).issue()
	s.admit(desired(app("blog"), app("shop")))
	if s.row(www).LeftAt.IsZero() {
		t.Fatal("it should have left")
	}
	s.admit(desired(app("blog", www), app("shop")))
	if d := s.row(www); d.App != "blog" || !d.LeftAt.IsZero() || d.Mode != record.Auto {
		t.Errorf("%+v", d.Want)
	}
}

func TestTwoClaimsOnANameWhoseHolderLeft(t *testing.T) {
	t.Parallel()
	s := newStage(t, policy(), app("shop", www)).issue()
	s.admit(desired(app("blog", www), app("docs", www)))
	if d := s.row(www); d.App != "shop" || d.Mode != record.Removed {
		t.Errorf("%+v", d.Want)
	}
	if len(s.app("blog").Refusals) != 1 || len(s.app("docs").Refusals) != 1 || !s.app("shop").Gone {
		t.Errorf("%+v", s.known.Apps)
	}
}
