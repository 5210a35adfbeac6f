package controller_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/store"
)

var evil = apps(app("shop", newName, evilName)) // and takes www away

// TestUnvouchedPushesAreHeld, whatever is done to make them look like alice's,
// until alice signs what was pushed.
func TestUnvouchedPushesAreHeld(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		push func(s *signing, accepted string)
		want string
	}{
		"unsigned":       {func(s *signing, _ string) { s.world.push(evil) }, "is not signed"},
		"an unknown key": {func(s *signing, _ string) { s.signed(s.eve, evil) }, "is signed by a key that repository.allowedSignersFile does not have (SHA256:"},
		"below a signed commit": {func(s *signing, _ string) {
			s.world.push(evil)
			s.signed(s.alice, evil+"# by alice\n")
		}, "is not signed"},
		"below what is not looked at": {func(s *signing, _ string) {
			s.world.push(evil)
			s.must(s.Git.PushSigned("main", map[string]*string{"README.md": git.Text("x")}, "edit", s.alice))
		}, "is not signed"},
		"with alice's signature of another tree": {func(s *signing, _ string) {
			good := s.must(s.Git.PushSigned("main", map[string]*string{"apps.yaml": git.Text(apps(app("shop", shopName)) + "#\n")}, "edit", s.alice))
			raw := s.must(s.Git.Git("", "cat-file", "commit", good))
			_, armour, _ := strings.Cut(raw, "gpgsig ")
			armour, _, _ = strings.Cut(armour, "\n\n")
			bad := s.must(s.Git.WithSignature(s.world.push(evil), strings.ReplaceAll(armour, "\n ", "\n")))
			s.must("", s.Git.Reset("main", bad))
		}, "does not fit it"},
		"merged by a signed merge": {func(s *signing, accepted string) {
			s.must("", s.Git.Reset("side", accepted))
			side := s.must(s.Git.Push("side", map[string]*string{"apps.yaml": git.Text(evil)}, "aside"))
			s.must("", s.Git.Reset("main", s.must(s.Git.Signed(s.must(s.Git.Merge(side, accepted, side)), s.alice))))
		}, "is not signed"},
		"by a key whose time is over": {func(s *signing, _ string) {
			s.signed(s.alice, evil)
			s.allow(`alice@platform.example valid-before="20200101Z" ` + s.alice.Public)
		}, "was allowed until 2020-01-01T00:00:00Z, but dated 2026-"},
		"in history that was rewritten": {func(s *signing, _ string) {
			s.must(s.Git.ForcePush("main", map[string]*string{"apps.yaml": git.Text(evil)}, "new"))
		}, "branch main was rewritten or set back"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, before := accepted(t)
			c.push(s, before)
			s.wantHeld(c.want)
			s.wantServed(shopName, s.domain(shopName).Certificate.Serial)
			if app := s.committed("shop"); app.Desired != "refused" || !strings.Contains(app.Error, "desired state stays as it was last accepted") {
				t.Errorf("status of the app: %s %s", app.Desired, app.Error)
			}
			// Alice rewrites the branch from what was accepted.
			s.allow("alice@platform.example " + s.alice.Public)
			s.must("", s.Git.Reset("main", before))
			s.signed(s.alice, apps(app("shop", shopName, newName)))
			s.wantTaken(newName)
		})
	}
}

// TestHeldPushStopsNoRenewal, and no other work on what was accepted.
func TestHeldPushStopsNoRenewal(t *testing.T) {
	t.Parallel()
	s, _ := accepted(t)
	s.world.push(evil)
	s.wantHeld("is not signed")
	s.forward(70 * 24 * time.Hour)
	s.pass()
	if n := len(s.CA.CertificatesFor(shopName)); n < 2 || s.CA.Count(ca.Revoke) > 0 {
		t.Errorf("%d certificates, %d revocations", n, s.CA.Count(ca.Revoke))
	}
	s.wantServed(shopName, s.domain(shopName).Certificate.Serial)
}

// TestSetBackBranchIsHeld: an older commit is signed, but nobody signed that it
// is to hold again; the next signed one on top of what was accepted releases.
func TestSetBackBranchIsHeld(t *testing.T) {
	t.Parallel()
	s, older := accepted(t)
	newer := s.signed(s.alice, apps(app("shop", newName)))
	s.wantTaken(newName)
	s.must("", s.Git.Reset("main", older))
	s.wantHeld("does not descend from " + newer)
	s.must("", s.Git.Reset("main", newer))
	s.wantTaken(newName)
}

// TestRevertReleases: once nothing is left of it, an unsigned push holds nothing.
func TestRevertReleases(t *testing.T) {
	t.Parallel()
	s, _ := accepted(t)
	s.world.push(evil)
	s.wantHeld("is not signed")
	s.world.push(apps(app("shop", shopName)))
	s.wantTaken(shopName)
}

// TestFirstTipMustBeSigned: nothing is known of what came before, so the tip
// vouches for all of it, and acmsync's own key for nothing of it.
func TestFirstTipMustBeSigned(t *testing.T) {
	t.Parallel()
	s := newSigning(t)
	s.Point(shopName)
	s.world.push(apps(app("shop", shopName)))
	s.wantHeld("nothing was accepted yet", "is not signed", "git commit --allow-empty --gpg-sign")
	s.must(s.Git.PushSigned("main", nil, "by acmsync", s.eve))
	s.allow("acmsync "+s.eve.Public, "alice "+s.alice.Public)
	fingerprint := s.must(s.fingerprint(s.eve))
	s.replace(s.asked, func(c *controller.Config) { c.OwnKey = fingerprint })
	s.wantHeld("nothing was accepted yet", "own key, which vouches for no more than its own changes")
	s.must(s.Git.PushSigned("main", nil, "vouch", s.alice))
	s.wantTaken(shopName)
}

// TestSwitchingSignersOnAndOff: on, it holds nothing that was accepted; off, it
// lets go of what it held.
func TestSwitchingSignersOnAndOff(t *testing.T) {
	t.Parallel()
	s := newSigning(t)
	s.replace()
	s.Point(shopName, newName, evilName)
	s.world.push(apps(app("shop", shopName)))
	s.wantTaken(shopName)
	s.replace(s.asked)
	s.wantTaken(shopName)
	must := s.must(s.Git.Push("main", map[string]*string{"README.md": git.Text("x")}, "edit"))
	s.wantTaken(shopName)
	if s.meta().Tip != must {
		t.Errorf("the tip is %s", s.meta().Tip)
	}
	s.world.push(evil)
	s.wantHeld("is not signed")
	s.replace()
	s.pass()
	if m := s.meta(); m.HeldTip != "" || len(m.Errors) > 0 || !s.knows(evilName) {
		t.Errorf("still held: %+v", m)
	}
}

// TestApprovedPush: exactly the approved commit is let through; what is pushed
// on top of it, or what it was built on, is not. The removal guard holds as ever.
func TestApprovedPush(t *testing.T) {
	t.Parallel()
	s, _ := accepted(t)
	evilTip := s.world.push(evil)
	s.wantHeld("commit " + evilTip)
	mended := s.world.push(apps(app("shop", newName)))
	s.wantHeld("commit "+evilTip, "commit "+mended)
	if err := s.config.Store.ApproveTip(t.Context(), evilTip); !errors.Is(err, store.ErrUnknownHash) {
		t.Errorf("a commit that is not the tip: %v", err)
	}
	if err := s.config.Store.ApproveTip(t.Context(), mended); err != nil {
		t.Fatal(err)
	}
	s.must("", s.Git.Reset("main", evilTip))
	s.wantHeld("commit " + evilTip)
	s.must("", s.Git.Reset("main", mended))
	later := s.world.push(evil)
	s.wantHeld("commit " + later)
	s.must("", s.Git.Reset("main", mended))
	s.wantTaken(newName)

	rewritten := s.must(s.Git.ForcePush("main", map[string]*string{"apps.yaml": git.Text(apps(app("shop", shopName)))}, "new"))
	s.wantHeld("branch main was rewritten")
	if err := s.config.Store.ApproveTip(t.Context(), rewritten); err != nil {
		t.Fatal(err)
	}
	s.wantTaken(shopName)
	if held := s.holds(); len(held.Names) == 0 || !strings.Contains(held.Why, "does not descend") {
		t.Errorf("the removals of a rewritten branch: %+v", held)
	}
}

// TestOwnStatusCommitsHoldNothing where they are on the branch of desired state.
func TestOwnStatusCommitsHoldNothing(t *testing.T) {
	t.Parallel()
	s, _ := accepted(t, func(c *controller.Config) {
		c.Status.Branch, c.Status.Path, c.Status.SameBranch = "main", "status", true
	})
	s.signed(s.alice, apps(app("shop", shopName, newName)))
	for range 3 {
		if r := s.pass(); len(r.Invalid) > 0 {
			t.Fatalf("held: %v", r.Invalid)
		}
	}
	s.wantIssued(shopName, newName)
	s.world.push(evil)
	if r := s.pass(); len(r.Invalid) != 1 || s.knows(evilName) {
		t.Errorf("not held: %v", r.Invalid)
	}
}

// TestSignersThatCannotBeRead: nothing is taken, and the operator is told.
func TestSignersThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s, _ := accepted(t)
	s.signed(s.alice, apps(app("shop", shopName, newName)))
	s.allow("garbage")
	r := s.Pass(t.Context())
	if r.Failure == nil || !strings.Contains(r.Failure.Error(), "repository.allowedSignersFile") || s.knows(newName) {
		t.Errorf("%v; %s is known: %v", r.Failure, newName, s.knows(newName))
	}
	s.allow("alice " + s.alice.Public)
	s.wantTaken(newName)
}
