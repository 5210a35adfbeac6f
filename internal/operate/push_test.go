package operate_test

import (
	"testing"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/spec"
)

// seenBy is the hash of desired state that a pass would report of the tip.
func seenBy(t *testing.T, s *git.HTTP) string {
	t.Helper()
	repo, err := gitrepo.Open(gitrepo.Config{URL: s.URL()})
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	snap, err := repo.Fetch(t.Context(), "main", "")
	if err != nil {
		t.Fatal(err)
	}
	files, err := snap.Files(t.Context(), ".", spec.IsDesired, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return gitrepo.Digest(files)
}

// A push is taken up when the report is about it, or about one that came after;
// a push that touches no desired state is no reason to wait.
func TestPushIsTakenUp(t *testing.T) {
	t.Parallel()
	s := server(t)
	next := func(path, text string) {
		if _, err := s.Push("main", map[string]*string{path: &text}, "next"); err != nil {
			t.Fatal(err)
		}
	}
	before := seenBy(t, s)
	next("apps.yaml", "apiVersion: acmsync/v1\napps: []\n")
	p, err := origin(t, s).Push(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	taken := func(hash string, want bool) {
		t.Helper()
		if got, err := p.TakenUp(t.Context(), hash); err != nil || got != want {
			t.Fatalf("taken up: %v, %v, want %v", got, err, want)
		}
	}
	taken(before, false)
	taken("", false)
	next("README.md", "hello\n")
	taken(seenBy(t, s), true)
	// The report never was about the push that was waited for: another overtook it.
	taken(before, false)
	next("apps.yaml", "apiVersion: acmsync/v1\napps:\n  - {name: shop, domains: []}\n")
	taken(seenBy(t, s), true)
}
