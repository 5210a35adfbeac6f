package gitrepo_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab/git"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// need ends a test that cannot run here; in CI everything must be installed.
func need(t *testing.T, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, git.ErrNoGit) && os.Getenv("CI") != "true":
		t.Skip("no git binary")
	default:
		t.Fatal(err)
	}
}

func httpServer(t *testing.T, o git.Options) *git.HTTP {
	t.Helper()
	s, err := git.NewHTTP(o)
	need(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func sshServer(t *testing.T) *git.SSH {
	t.Helper()
	s, err := git.NewSSH(git.Options{})
	need(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func open(t *testing.T, c gitrepo.Config) *gitrepo.Repo {
	t.Helper()
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	r, err := gitrepo.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func file(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

type pusher interface {
	Push(branch string, files map[string]*string, message string) (string, error)
}

func push(t *testing.T, p pusher, branch string, files map[string]string) string {
	t.Helper()
	contents := map[string]*string{}
	for path, text := range files {
		contents[path] = git.Text(text)
	}
	commit, err := p.Push(branch, contents, "change")
	if err != nil {
		t.Fatal(err)
	}
	return commit
}

func fetch(t *testing.T, r *gitrepo.Repo, branch, lastSeen string) gitrepo.Snapshot {
	t.Helper()
	s, err := r.Fetch(context.Background(), branch, lastSeen)
	if err != nil {
		t.Fatalf("Fetch: %v", err)
	}
	return s
}

// everything wants every file.
func everything(string) bool { return true }

// contents reads all files of a snapshot that can be used.
func contents(t *testing.T, s gitrepo.Snapshot, dir string, want func(string) bool) map[string]string {
	t.Helper()
	files, err := s.Files(context.Background(), dir, want, 1<<20)
	if err != nil {
		t.Fatalf("Files: %v", err)
	}
	got := map[string]string{}
	for _, f := range files {
		if f.Err != nil {
			t.Fatalf("%s: %v", f.Path, f.Err)
		}
		got[f.Path] = string(f.Bytes)
	}
	return got
}

func change(branch string, files map[string]string) gitrepo.Commit {
	c := gitrepo.Commit{
		Branch: branch, Orphan: true, Files: map[string][]byte{}, Message: "acmsync: report",
		Author: gitrepo.Author{Name: "acmsync", Email: "acmsync@example.test"}, When: time.Unix(1_800_000_000, 0).UTC(),
	}
	for path, text := range files {
		c.Files[path] = []byte(text)
	}
	return c
}

// noise is text that does not compress well and is the same on every run.
func noise(n int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	state := uint32(n) | 1
	out := make([]byte, n)
	for i := range out {
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		out[i] = letters[state%64]
	}
	return string(out)
}

func overwrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
