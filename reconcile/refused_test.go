package reconcile_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/spec"
)

// TestRefusedFilesRemoveNothing: what is in no accepted file any more may be in
// the refused one.
func TestRefusedFilesRemoveNothing(t *testing.T) {
	t.Parallel()
	pushes := map[string]reconcile.Desired{
		"a file renamed and broken":                  desired(app("blog", "blog.example")),
		"a name moved into an accepted file, broken": {Apps: append(desired(app("shop")).Apps, refused(desired(app("blog", "blog.example"))).Apps...)},
		"every file renamed and broken":              {},
	}
	for name, push := range pushes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := policy()
			p.RevokeAfter = 0
			s := newStage(t, p, app("shop", www), app("blog", "blog.example")).issue()
			before := s.row(www)
			s.known.Refused = true
			a := s.admit(push)
			frozenInPlace(t, before, s.row(www))
			if !slices.ContainsFunc(a.Outcomes, func(o reconcile.Outcome) bool {
				return o.Kind == reconcile.Hold && o.Domain == www && strings.Contains(o.Why, "refused")
			}) || a.Held {
				t.Errorf("outcomes %+v, held %v", a.Outcomes, a.Held)
			}
			rests(t, look(s.row(www), well, p, s.now), reconcile.Keep)
			if dec := look(s.row(www), well, p, s.now.Add(80*day)); only(t, dec).Kind != reconcile.Renew {
				t.Errorf("it is not renewed: %+v", dec)
			}

			s.known.Refused = false
			if s.admit(desired(app("shop", www), app("blog", "blog.example"))); s.row(www).Frozen {
				t.Errorf("mended, and %+v", s.row(www).Want)
			}
			s.admit(desired(app("blog", "blog.example")))
			if d := s.row(www); !d.Gone() {
				t.Errorf("no file is refused, and %+v", d.Want)
			}
		})
	}
}

// TestNoNameMovesWhileAFileIsRefused: the holder's file is renamed and broken in
// one push, and another app asks for the name. It waits until all is mended.
func TestNoNameMovesWhileAFileIsRefused(t *testing.T) {
	t.Parallel()
	s := newStage(t, policy(), app("shop", www), app("blog", "blog.example")).issue()
	before := s.row(www)
	s.known.Refused = true
	s.admit(desired(app("blog", "blog.example", www)))
	frozenInPlace(t, before, s.row(www))
	r := s.app("blog").Refusals
	if len(r) != 1 || !strings.Contains(r[0].Finding.Message, "held by shop") || !strings.Contains(r[0].Finding.Remedy, "errors.yaml") {
		t.Errorf("%+v", r)
	}
	s.known.Refused = false
	s.admit(desired(app("blog", "blog.example", www)))
	if d := s.row(www); d.App != "blog" || d.Certificate == nil || len(s.app("blog").Refusals) > 0 {
		t.Errorf("%+v", d)
	}
}

func frozenInPlace(t *testing.T, before, after record.Domain) {
	t.Helper()
	diff := cmp.Diff(before.Want, after.Want, cmpopts.IgnoreFields(record.Want{}, "Frozen"), cmpopts.EquateEmpty())
	if diff != "" || !after.Frozen {
		t.Fatalf("%s did not stay as it was (frozen %v): %s", before.Key, after.Frozen, diff)
	}
}

// What left before the file broke waits too: it may just have been put back.
func TestRefusedFilesStopARemovalUnderWay(t *testing.T) {
	t.Parallel()
	s := newStage(t, policy(), app("shop", www), app("blog", "blog.example")).issue()
	s.admit(desired(app("blog", "blog.example")))
	s.known.Refused = true
	s.admit(desired(app("blog", "blog.example")))
	rests(t, look(s.row(www), well, s.policy, s.now.Add(3*day)), reconcile.Hold)
	s.known.Refused = false
	s.admit(desired(app("blog", "blog.example")))
	if a := only(t, look(s.row(www), well, s.policy, s.now.Add(3*day))); a.Kind != reconcile.Revoke {
		t.Errorf("mended, and %+v", a)
	}
}

// What a good file says itself is not in doubt.
func TestRefusedFilesLeaveOthersAlone(t *testing.T) {
	t.Parallel()
	s := newStage(t, policy(), app("shop", www), app("blog", "blog.example")).issue()
	s.known.Refused = true
	s.admit(desired(app("shop", www, "new.example"), with(app("blog", "blog.example"), func(a *spec.App) { a.ACM = no() })))
	if d := s.row("blog.example"); !d.Gone() || d.LeftAt.IsZero() {
		t.Errorf("switched off, and %+v", d.Want)
	}
	if a := only(t, look(s.row("new.example"), well, s.policy, s.now)); a.Kind != reconcile.Issue {
		t.Errorf("%+v", a)
	}
}

// An approval is not used up by a push that cannot do what was approved.
func TestApprovalWaitsForTheFile(t *testing.T) {
	t.Parallel()
	s := newStage(t, policy(), app("blog"), app("shop", names(5)...)).issue()
	held := s.admit(desired(app("blog")))
	s.known.Refused, s.known.Approved = true, map[string]bool{held.Hash: true}
	for range 2 {
		if a := s.admit(desired(app("blog"))); a.Held || len(a.UsedApprovals) > 0 || !s.row(names(1)[0]).Held {
			t.Fatalf("%+v %+v", a, s.row(names(1)[0]).Want)
		}
	}
	s.known.Refused = false
	if a := s.admit(desired(app("blog"))); !slices.Equal(a.UsedApprovals, []string{held.Hash}) || !s.row(names(1)[0]).Gone() {
		t.Fatalf("%+v %+v", a, s.row(names(1)[0]).Want)
	}
}

// A row that was on its way out stands still when its file breaks, so a target
// that has not answered does not make it due again and again.
func TestRefusedStandsStillWhateverIsUndeployed(t *testing.T) {
	t.Parallel()
	p := policy()
	d := issued(t, p)
	d.Mode, d.Frozen, d.LeftAt = record.Removed, true, start
	d.Deployed = []record.Deployment{{Target: p.Targets[0], Error: "disk full", Tries: 1, Next: start}}
	dec := look(d, well, p, start)
	rests(t, dec, reconcile.Hold)
	if !dec.Next.Due.After(start) {
		t.Errorf("it is due at once: %s", dec.Next.Due)
	}
}
