package gitrepo_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/gitrepo"
)

// A file's versions come oldest first, in whatever folder it lies, and its
// removal is one of them.
func TestHistory(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=n", "-c", "user.email=e@example.com", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	git("init", "-q", "-b", "acm-status")
	for i, content := range []string{"one\n", "two\n", ""} {
		path := filepath.Join(dir, "apps", "3f", "shop.yaml")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if content == "" {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		git("add", "-A")
		git("commit", "-q", "-m", strings.Repeat("x", i+1))
		git("commit", "-q", "--allow-empty", "-m", "nothing of ours")
	}
	versions, err := gitrepo.OpenClone(dir).History(t.Context(), "acm-status", "shop.yaml", 10)
	if err != nil || len(versions) != 3 {
		t.Fatalf("%+v, %v, want three versions", versions, err)
	}
	if string(versions[0].Content) != "one\n" || string(versions[1].Content) != "two\n" || versions[2].Content != nil || versions[0].At.IsZero() {
		t.Errorf("%+v", versions)
	}
	if some, err := gitrepo.OpenClone(dir).History(t.Context(), "acm-status", "shop.yaml", 1); err != nil || len(some) != 1 || some[0].Content != nil {
		t.Errorf("the newest alone: %+v, %v", some, err)
	}
	if none, err := gitrepo.OpenClone(dir).History(t.Context(), "acm-status", "other.yaml", 10); err != nil || len(none) != 0 {
		t.Errorf("of no such file: %+v, %v", none, err)
	}
}
