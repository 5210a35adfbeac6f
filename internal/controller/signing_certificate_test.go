package controller_test

import (
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/lab/owner"
)

// pairOf is a certificate for the shop with its key, as the files of a push.
func (s *signing) pairOf(of *owner.CA) map[string]*string {
	s.t.Helper()
	pair, err := of.Issue(s.clock.now().Add(-24*time.Hour), s.clock.now().Add(60*24*time.Hour), shopName)
	if err != nil {
		s.t.Fatal(err)
	}
	return map[string]*string{"certs/shop.pem": git.Text(string(pair.Chain)), "certs/shop.key": git.Text(string(pair.Key))}
}

// edit is a push of apps.yaml with other files, signed by alice.
func (s *signing) edit(content string, files map[string]*string) {
	s.t.Helper()
	all := map[string]*string{"apps.yaml": git.Text(content)}
	for path, text := range files {
		all[path] = text
	}
	s.must(s.Git.PushSigned("main", all, "edit", s.alice))
}

// slip is what eve pushes while desired state does not name it, in a pass of its own.
func (s *signing) slip(files map[string]*string) {
	s.t.Helper()
	tip := s.must(s.Git.Push("main", files, "aside"))
	if r := s.pass(); len(r.Invalid) > 0 || s.meta().Tip != tip {
		s.t.Fatalf("what is not named is held: %v", r.Invalid)
	}
}

// TestCertificateLaidInWait: a certificate that somebody put there while desired
// state did not name it is vouched for by nobody who names it later.
func TestCertificateLaidInWait(t *testing.T) {
	t.Parallel()
	of, err := owner.NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	with := apps("  - {name: shop, domains: [" + shopName + "]" + named + "}\n")
	without := apps(app("shop", shopName))
	t.Run("before it is named", func(t *testing.T) {
		t.Parallel()
		s, _ := accepted(t)
		s.slip(s.pairOf(of))
		s.edit(with, nil)
		s.wantHeld("certs/shop.key", "was there before desired state named it")
		s.edit(with, s.pairOf(of))
		s.wantTaken()
	})
	t.Run("while it is not named", func(t *testing.T) {
		t.Parallel()
		s, _ := accepted(t)
		s.edit(with, s.pairOf(of))
		s.wantTaken()
		s.edit(without, nil)
		s.wantTaken()
		s.slip(s.pairOf(of))
		s.edit(with, nil)
		s.wantHeld("was there before desired state named it")
		if err := s.config.Store.ApproveTip(t.Context(), s.Git.Tip("main")); err != nil {
			t.Fatal(err)
		}
		s.wantTaken()
	})
	t.Run("while its file is refused", func(t *testing.T) {
		t.Parallel()
		s, _ := accepted(t)
		s.edit(with, s.pairOf(of))
		s.wantTaken()
		s.edit(with+"  - {nome: x}\n", nil)
		if r := s.pass(); len(r.Invalid) == 0 || s.meta().HeldTip != "" {
			t.Fatalf("not refused, but %v", r.Invalid)
		}
		s.must(s.Git.Push("main", s.pairOf(of), "aside"))
		s.wantHeld("changes certs/shop.key", "is not signed")
		s.edit(with, nil)
		s.wantHeld("changes certs/shop.key", "is not signed")
	})
}
