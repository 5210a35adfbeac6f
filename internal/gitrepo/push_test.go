package gitrepo_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab/git"
)

func TestHookDeclines(t *testing.T) {
	t.Parallel()
	web, ssh := httpServer(t, git.Options{}), sshServer(t)
	for name, tt := range map[string]struct {
		config gitrepo.Config
		repo   *git.Repository
	}{
		"http":  {gitrepo.Config{URL: web.URL()}, web.Repository},
		"local": {gitrepo.Config{URL: web.Dir()}, web.Repository},
		"ssh": {gitrepo.Config{URL: ssh.URL(), Auth: gitrepo.Auth{
			SSHKeyFile: file(t, ssh.ClientKey()), KnownHostsFile: file(t, ssh.KnownHosts()),
		}}, ssh.Repository},
	} {
		push(t, tt.repo, "main", map[string]string{"apps.yaml": name})
		if err := tt.repo.Hook("pre-receive", `printf 'no pushes \033[31mtoday\n' >&2; exit 1`); err != nil {
			t.Fatal(err)
		}
		r := open(t, tt.config)
		_, changed, err := r.Commit(context.Background(), change("status", map[string]string{"a": "1"}))
		var refused *gitrepo.RefusedError
		if !errors.As(err, &refused) || changed || refused.Branch != "status" || refused.Message != "no pushes today" || !strings.Contains(refused.Reason, "hook") {
			t.Errorf("%s: changed %v, %#v", name, changed, err)
		}
		if err := tt.repo.Hook("pre-receive", ""); err != nil {
			t.Fatal(err)
		}
		if err := tt.repo.Hook("update", `[ "$1" = refs/heads/free ]`); err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.Commit(context.Background(), change("status", map[string]string{"a": "1"})); !errors.As(err, &refused) {
			t.Errorf("%s, update hook: %v", name, err)
		}
		if _, _, err := r.Commit(context.Background(), change("free", map[string]string{"a": "1"})); err != nil {
			t.Errorf("%s, another branch: %v", name, err)
		}
		if err := tt.repo.Hook("update", ""); err != nil {
			t.Fatal(err)
		}
		if err := tt.repo.DeleteBranch("free"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPushWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	push(t, s, "status", map[string]string{"a": "1"})
	r := open(t, gitrepo.Config{URL: s.URL()})

	s.Fail(git.Fault{Method: "POST", Service: "git-receive-pack", Empty: true})
	_, changed, err := r.Commit(context.Background(), change("status", map[string]string{"a": "2"}))
	var refused *gitrepo.RefusedError
	if !errors.As(err, &refused) || changed {
		t.Errorf("an empty 200: changed %v, %v", changed, err)
	}

	s.Heal()
	s.Fail(git.Fault{Method: "POST", Service: "git-receive-pack", Lose: true})
	hash, changed, err := r.Commit(context.Background(), change("status", map[string]string{"a": "3"}))
	if err != nil || !changed || hash != s.Tip("status") {
		t.Errorf("an answer that was lost: %s, %v, %v", hash, changed, err)
	}

	s.Heal()
	s.Fail(git.Fault{Method: "POST", Service: "git-receive-pack", Cut: true})
	if _, _, err := r.Commit(context.Background(), change("status", map[string]string{"a": "4"})); !unreachable(true, 0)(err) {
		t.Errorf("a push that was cut: %v", err)
	}
}

func TestPushThatWasAcceptedAndUndone(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	old := push(t, s, "status", map[string]string{"a": "1"})
	s.Fail(git.Fault{Method: "POST", Service: "git-receive-pack", After: func() {
		if err := s.Reset("status", old); err != nil {
			t.Error(err)
		}
	}})
	_, changed, err := open(t, gitrepo.Config{URL: s.URL()}).Commit(context.Background(), change("status", map[string]string{"a": "2"}))
	var refused *gitrepo.RefusedError
	if !errors.As(err, &refused) || changed || !strings.Contains(err.Error(), "did not move") {
		t.Errorf("changed %v, %v", changed, err)
	}
}

func TestPushThatARivalBuildsOn(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	push(t, s, "status", map[string]string{"a": "1"})
	s.Fail(git.Fault{Method: "POST", Service: "git-receive-pack", After: func() {
		push(t, s, "status", map[string]string{"rival": "1"})
	}})
	hash, changed, err := open(t, gitrepo.Config{URL: s.URL()}).Commit(context.Background(), change("status", map[string]string{"a": "2"}))
	if err != nil || !changed {
		t.Fatalf("changed %v, %v", changed, err)
	}
	log, err := s.Log("status")
	if err != nil || len(log) != 3 || log[1].Commit != hash {
		t.Errorf("%+v, %v; ours: %s", log, err, hash)
	}
}

// TestCheckedOutBranch: a checkout refuses to have its own branch changed under
// it, in words that are neither those of a hook nor of a lost race.
func TestCheckedOutBranch(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	push(t, s, "status", map[string]string{"a": "1"})
	dir := t.TempDir()
	if _, err := s.Git("", "clone", "--quiet", "--branch", "status", s.Dir(), dir); err != nil {
		t.Fatal(err)
	}
	_, changed, err := open(t, gitrepo.Config{URL: dir}).Commit(context.Background(), change("status", map[string]string{"a": "2"}))
	var refused *gitrepo.RefusedError
	if !errors.As(err, &refused) || changed || !strings.Contains(refused.Reason, "checked out") || !strings.Contains(err.Error(), "status.branch") {
		t.Errorf("changed %v, %v", changed, err)
	}
}
