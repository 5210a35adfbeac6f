package operate_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/spec"
)

// server is a git server with a desired state of eight domains.
func server(t *testing.T) *git.HTTP {
	t.Helper()
	s, err := git.NewHTTP(git.Options{})
	switch {
	case errors.Is(err, git.ErrNoGit) && os.Getenv("CI") != "true":
		t.Skip("no git binary")
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, s.Close()) })
	text := "apiVersion: acmsync/v1\napps:\n  - name: shop\n    domains:\n"
	for i := range 8 {
		text += fmt.Sprintf("      - d%d.example # the %d.\n", i, i)
	}
	if _, err := s.Push("main", map[string]*string{"apps.yaml": &text}, "first"); err != nil {
		t.Fatal(err)
	}
	return s
}

func origin(t *testing.T, s *git.HTTP) *operate.Origin {
	t.Helper()
	repo, err := gitrepo.Open(gitrepo.Config{URL: s.URL()})
	if err != nil {
		t.Fatal(err)
	}
	o := operate.NewOrigin(repo, s.URL())
	t.Cleanup(func() { closed(t, o.Close()) })
	o.Branch, o.Path, o.StatusBranch = "main", ".", "acm-status"
	o.Author = gitrepo.Author{Name: "Ada", Email: "ada@shop.example"}
	return o
}

func order(i int) operate.Order {
	return operate.Order{
		Change:  spec.Change{App: "shop", Domain: fmt.Sprintf("d%d.example", i), Field: spec.ACM, Value: "false"},
		Message: fmt.Sprintf("shop: disable automatic certificates for d%d.example", i), Now: time.Unix(1_800_000_000, 0),
	}
}

// TestEditsMeet: eight people change eight lines of one file at once. Each sees
// the others' work, and nobody's is lost.
func TestEditsMeet(t *testing.T) {
	t.Parallel()
	s := server(t)
	var group sync.WaitGroup
	for i := range 8 {
		o := origin(t, s)
		group.Go(func() {
			if done, err := o.Edit(context.Background(), order(i), operate.Report{}); err != nil || !done.Changed {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	group.Wait()
	text, err := s.Read("main", "apps.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		if want := fmt.Sprintf("- {name: d%d.example, acm: false} # the %d.\n", i, i); !strings.Contains(string(text), want) {
			t.Errorf("lost %s in\n%s", want, text)
		}
	}
	if log, err := s.Log("main"); err != nil || len(log) != 9 {
		t.Errorf("%d commits, %v", len(log), err)
	}
}

func TestEditNamesTheBranchToUse(t *testing.T) {
	t.Parallel()
	s := server(t)
	if err := s.Hook("pre-receive", "#!/bin/sh\nwhile read o n ref; do [ $ref != refs/heads/main ] || { echo protected >&2; exit 1; }; done\n"); err != nil {
		t.Fatal(err)
	}
	o := origin(t, s)
	var protected *operate.ProtectedError
	_, err := o.Edit(context.Background(), order(1), operate.Report{})
	if !errors.As(err, &protected) || protected.Branch != "main" || !strings.Contains(err.Error(), "--branch") {
		t.Fatalf("%v", err)
	}
	aside := order(1)
	aside.To = "off"
	done, err := o.Edit(context.Background(), aside, operate.Report{})
	if err != nil || done.Branch != "off" || done.Base != "main" || s.Tip("off") != done.Commit {
		t.Errorf("%+v, %v", done, err)
	}
}

// TestEditPassesOverALink: desired state that is a symbolic link is not
// followed, and the error says that it is one.
func TestEditPassesOverALink(t *testing.T) {
	t.Parallel()
	s := server(t)
	tree, err := s.Git("120000 blob "+blob(t, s, "elsewhere.yaml")+"\tapps.yaml\n", "mktree")
	if err != nil {
		t.Fatal(err)
	}
	commit, err := s.Git("", "-c", "user.name=x", "-c", "user.email=x@x.example", "commit-tree", "-m", "link", "-p", "main", strings.TrimSpace(tree))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Reset("main", strings.TrimSpace(commit)); err != nil {
		t.Fatal(err)
	}
	_, err = origin(t, s).Edit(context.Background(), order(1), operate.Report{})
	if err == nil || !strings.Contains(err.Error(), "apps.yaml: is a symbolic link") {
		t.Errorf("%v", err)
	}
}

func blob(t *testing.T, s *git.HTTP, text string) string {
	t.Helper()
	hash, err := s.Git(text, "hash-object", "-w", "--stdin")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(hash)
}
