package controller_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/signature"
	"github.com/acmsync/acmsync/internal/store"
)

// signing is a world in which alice may sign desired state, and eve may push.
type signing struct {
	*world
	alice, eve git.Key
	signers    string // the operator's file
}

func newSigning(t *testing.T, change ...any) *signing {
	t.Helper()
	s := &signing{signers: filepath.Join(t.TempDir(), "signers")}
	for name, key := range map[string]*git.Key{"alice": &s.alice, "eve": &s.eve} {
		var err error
		*key, err = git.NewKey(t.TempDir(), name, "ed25519")
		if errors.Is(err, git.ErrNoKeygen) && os.Getenv("CI") != "true" {
			t.Skip("ssh-keygen is not installed")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s.allow("alice@platform.example " + s.alice.Public)
	s.world = begin(t, append([]any{quick, s.asked}, change...)...)
	return s
}

// asked sets repository.allowedSignersFile.
func (s *signing) asked(c *controller.Config) {
	c.Signers = func() (*signature.Allowed, error) {
		raw, err := os.ReadFile(s.signers)
		if err != nil {
			return nil, err
		}
		return signature.ParseAllowed(raw, time.UTC)
	}
}

func (s *signing) allow(lines ...string) {
	if err := os.WriteFile(s.signers, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		panic(err)
	}
}

func (s *signing) must(commit string, err error) string {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	return commit
}

// signed pushes apps.yaml as somebody whose git signs.
func (s *signing) signed(key git.Key, content string) string {
	s.t.Helper()
	return s.must(s.Git.PushSigned("main", map[string]*string{"apps.yaml": git.Text(content)}, "edit", key))
}

func (s *signing) fingerprint(k git.Key) (string, error) {
	raw, err := os.ReadFile(k.Path)
	if err != nil {
		return "", err
	}
	key, err := signature.ParseKey(raw)
	if err != nil {
		return "", err
	}
	return key.Fingerprint(), nil
}

const (
	shopName, newName, evilName = "www.shop.example", "new.shop.example", "evil.shop.example"
)

// accepted is a world with one certificate, by alice's push, which is returned.
func accepted(t *testing.T, change ...any) (*signing, string) {
	t.Helper()
	s := newSigning(t, change...)
	s.Point(shopName, newName, evilName)
	commit := s.signed(s.alice, apps(app("shop", shopName)))
	if r := s.pass(); len(r.Invalid) > 0 {
		t.Fatalf("alice's push is held: %v", r.Invalid)
	}
	s.wantIssued(shopName)
	return s, commit
}

func (s *signing) meta() store.Meta {
	s.t.Helper()
	m, err := s.config.Store.Meta(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

// wantHeld makes passes: what was accepted stays, nothing of the push is done,
// the status says why, plan says the same, and once that is said nothing moves.
func (s *signing) wantHeld(words ...string) {
	s.t.Helper()
	r := s.pass()
	tip := s.Git.Tip("main")
	if len(r.Invalid) == 0 || s.meta().HeldTip != tip {
		s.t.Fatalf("%s is not held: %v", tip, r.Invalid)
	}
	said := ""
	for _, e := range r.Invalid {
		said += e.Message + "\n"
	}
	errs, err := s.Git.Read("acm-status", "errors.yaml")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, word := range append(words, "acmsync approve "+tip) {
		if !strings.Contains(said, word) || !strings.Contains(strings.Join(strings.Fields(string(errs)), " "), word) {
			s.t.Errorf("want %q in:\n%s\nand in errors.yaml:\n%s", word, said, errs)
		}
	}
	if s.knows(evilName) || len(s.CA.CertificatesFor(evilName)) > 0 {
		s.t.Errorf("%s was taken up", evilName)
	}
	planned, err := s.Plan(s.t.Context(), nil)
	if err != nil || len(planned.Invalid) != len(r.Invalid) || len(planned.Actions) > 0 {
		s.t.Errorf("plan: %+v, %v", planned, err)
	}
	before, status := s.meta(), s.Git.Tip("acm-status")
	if again := s.pass(); again.Committed != "" || s.meta().Changes != before.Changes || s.Git.Tip("acm-status") != status {
		s.t.Errorf("another pass changed something: %+v", again)
	}
}

// wantTaken makes a pass after which nothing is held and the names are issued.
func (s *signing) wantTaken(names ...string) {
	s.t.Helper()
	if r := s.pass(); len(r.Invalid) > 0 {
		s.t.Fatalf("held: %v", r.Invalid)
	}
	if m := s.meta(); m.HeldTip != "" || m.ApprovedTip != "" || m.Tip != s.Git.Tip("main") {
		s.t.Errorf("the store says %+v", m)
	}
	if _, err := s.Git.Read("acm-status", "errors.yaml"); err == nil {
		s.t.Error("errors.yaml is still there")
	}
	s.wantIssued(names...)
}
