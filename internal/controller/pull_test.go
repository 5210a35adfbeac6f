package controller_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/git"
)

// pushFiles makes the branch hold exactly these files.
func (w *world) pushFiles(files map[string]string) {
	w.t.Helper()
	change := map[string]*string{}
	if w.Git.Tip("main") != "" {
		old, err := w.Git.Files("main")
		if err != nil {
			w.t.Fatal(err)
		}
		for _, path := range old {
			change[path] = nil
		}
	}
	for path, content := range files {
		change[path] = git.Text(content)
	}
	if _, err := w.Git.Push("main", change, "edit"); err != nil {
		w.t.Fatal(err)
	}
}

// TestAnotherPathIsReadAtOnce: where desired state lies is a setting, and needs
// no push to take effect.
func TestAnotherPathIsReadAtOnce(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.Point("www.shop.example")
	w.pushFiles(map[string]string{"prod/apps.yaml": apps(app("shop", "www.shop.example"))})
	w.pass()
	w.rig = w.another(func(c *controller.Config) { c.Source.Path = "prod" })
	w.pass()
	w.wantIssued("www.shop.example")
}

// TestWrongClockTakesNothingAway: months ahead, every certificate looks expired
// and every grace over; nothing is held to be so before the CA agrees.
func TestWrongClockTakesNothingAway(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example", "api.shop.example")
	w.pass()
	w.clock.add(200 * 24 * time.Hour) // only ours
	w.push(apps(app("shop", "www.shop.example")))
	var clock *controller.ClockError
	if r := w.Pass(t.Context()); !errors.As(r.Failure, &clock) {
		t.Errorf("the pass says %v", r.Failure)
	}
	d := w.domain("api.shop.example")
	if d.Certificate == nil || !d.LeftAt.IsZero() {
		t.Errorf("certificate %v, left at %s", d.Certificate, d.LeftAt)
	}
	w.wantServed("api.shop.example", d.Certificate.Serial)
	w.clock.add(-200 * 24 * time.Hour)
	w.pass()
	if d := w.domain("api.shop.example"); d.LeftAt.IsZero() {
		t.Error("with the clock mended the removal is not seen")
	}
}

// TestHangingGitDelaysNoRenewal: a repository that does not answer is named,
// and what is due is done meanwhile.
func TestHangingGitDelaysNoRenewal(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example")
	w.pass()
	w.forward(25 * time.Hour)
	w.Git.Fail(git.Fault{Hang: true})
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	before := w.domain("www.shop.example").CheckedAt
	r := w.Pass(ctx)
	if r.Failure == nil || !w.domain("www.shop.example").CheckedAt.After(before) {
		t.Errorf("failure %v, checked at %s", r.Failure, w.domain("www.shop.example").CheckedAt)
	}
}

// TestLostStatusBranchIsWrittenAgain: the status is a projection, so losing it
// costs one pass.
func TestLostStatusBranchIsWrittenAgain(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example")
	w.pass()
	if err := w.Git.DeleteBranch("acm-status"); err != nil {
		t.Fatal(err)
	}
	if r := w.pass(); r.Committed == "" {
		t.Error("nothing was committed")
	}
	if e := w.entry("shop", "www.shop.example"); !e.Ready {
		t.Errorf("%+v", e)
	}
	if _, err := w.Git.Push("acm-status", map[string]*string{"apps/shop.yaml": git.Text("edited: by hand\n")}, "vandal"); err != nil {
		t.Fatal(err)
	}
	w.rig = w.another()
	w.pass()
	if e := w.entry("shop", "www.shop.example"); !e.Ready {
		t.Errorf("after an edit by hand: %+v", e)
	}
	if r := w.pass(); r.Committed != "" {
		t.Error("a pass with nothing to do committed")
	}
}
