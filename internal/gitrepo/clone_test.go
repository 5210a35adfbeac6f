package gitrepo_test

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab/git"
)

// TestCommitFromABase: a commit that was made from one tip is not put on another.
func TestCommitFromABase(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	first := push(t, s, "main", map[string]string{"apps.yaml": "1"})
	r := open(t, gitrepo.Config{URL: s.URL()})
	second := push(t, s, "main", map[string]string{"apps.yaml": "2"})

	c := change("main", map[string]string{"apps.yaml": "3"})
	c.Orphan, c.Base = false, first
	var moved *gitrepo.MovedError
	if _, _, err := r.Commit(context.Background(), c); !errors.As(err, &moved) || s.Tip("main") != second {
		t.Fatalf("on an old base: %v", err)
	}
	c.Base = second
	third := commit(t, r, c)
	if parent, _ := s.Git("", "rev-parse", third+"^"); strings.TrimSpace(parent) != second {
		t.Errorf("the parent is %s", parent)
	}
	c.Branch, c.Files["apps.yaml"] = "proposal", []byte("4")
	c.Base = third
	commit(t, r, c)
	if parent, _ := s.Git("", "rev-parse", "proposal^"); strings.TrimSpace(parent) != third || s.Tip("main") != third {
		t.Errorf("the parent of a new branch is %s", parent)
	}
	c.Base = "main"
	if _, _, err := r.Commit(context.Background(), c); err == nil {
		t.Error("a base that is no commit was taken")
	}
}

// cloned is a bare server and a clone of it by git.
func cloned(t *testing.T) (*git.Repository, *gitrepo.Clone, string) {
	t.Helper()
	s, err := git.NewRepository()
	need(t, err)
	t.Cleanup(func() { _ = s.Close() })
	push(t, s, "main", map[string]string{"apps.yaml": "1"})
	dir := filepath.Join(t.TempDir(), "clone")
	if out, err := exec.Command("git", "clone", "--quiet", s.Dir(), dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return s, gitrepo.OpenClone(dir), dir
}

func TestCloneFetchesAndPushes(t *testing.T) {
	t.Parallel()
	s, c, dir := cloned(t)
	ctx := context.Background()
	if branch, err := c.DefaultBranch(ctx); err != nil || branch != "main" {
		t.Errorf("default branch %q, %v", branch, err)
	}
	if url, err := c.URL(ctx); err != nil || url != s.Dir() {
		t.Errorf("origin is %q, %v", url, err)
	}
	if _, err := c.Fetch(ctx, "nowhere"); !errors.Is(err, gitrepo.ErrNoBranch) {
		t.Errorf("a branch that is not there: %v", err)
	}
	if _, err := c.Fetch(ctx, "--upload-pack=x"); err == nil {
		t.Error("an option was taken for a branch")
	}
	made := makeCommit(t, c, dir, "2")
	if err := c.Push(ctx, made, "main"); err != nil || s.Tip("main") != made {
		t.Errorf("push: %v", err)
	}
	if err := c.Forget(ctx, "refs/acmsync/2"); err != nil {
		t.Error(err)
	}
}

func TestClonePushIsDeclinedOrTooLate(t *testing.T) {
	t.Parallel()
	s, c, dir := cloned(t)
	ctx := context.Background()
	made := makeCommit(t, c, dir, "2")
	theirs := push(t, s, "main", map[string]string{"apps.yaml": "theirs"})
	var moved *gitrepo.MovedError
	if err := c.Push(ctx, made, "main"); !errors.As(err, &moved) || s.Tip("main") != theirs {
		t.Errorf("too late: %v", err)
	}
	if err := s.Hook("pre-receive", "#!/bin/sh\necho 'ask for a review' >&2\nexit 1\n"); err != nil {
		t.Fatal(err)
	}
	made = makeCommit(t, c, dir, "3")
	var refused *gitrepo.RefusedError
	if err := c.Push(ctx, made, "main"); !errors.As(err, &refused) || !strings.Contains(refused.Message, "ask for a review") {
		t.Errorf("declined: %v", err)
	}
	if err := c.Push(ctx, made, "not a branch"); err == nil || errors.As(err, new(*gitrepo.MovedError)) {
		t.Errorf("a branch that cannot be: %v", err)
	}
}

// makeCommit makes a commit on origin's tip, in the clone and under a name that
// no branch has.
func makeCommit(t *testing.T, clone *gitrepo.Clone, dir, text string) string {
	t.Helper()
	ref, err := clone.Fetch(context.Background(), "main")
	if err != nil {
		t.Fatal(err)
	}
	r := open(t, gitrepo.Config{URL: dir})
	tip, ok, err := r.Tip(context.Background(), ref)
	if err != nil || !ok {
		t.Fatalf("%s: %v, %v", ref, ok, err)
	}
	c := change("refs/acmsync/"+text, map[string]string{"apps.yaml": text})
	c.Orphan, c.Base = false, tip
	return commit(t, r, c)
}
