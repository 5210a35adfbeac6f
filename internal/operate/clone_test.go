package operate_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/operate"
)

const statusBranch = "acm-status"

// newRepository serves a repository with the files on its status branch, and
// desired state on main.
func newRepository(t *testing.T, files map[string]string) *git.HTTP {
	t.Helper()
	r, err := git.NewHTTP(git.Options{})
	if errors.Is(err, git.ErrNoGit) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, r.Close()) })
	push(t, r, "main", map[string]string{"apps.yaml": "apps: []", "docs/deep/x.md": "x"})
	push(t, r, statusBranch, files)
	return r
}

func push(t *testing.T, r *git.HTTP, branch string, files map[string]string) {
	t.Helper()
	content := map[string]*string{}
	for name, text := range files {
		content[name] = git.Text(text)
	}
	if _, err := r.Push(branch, content, "change"); err != nil {
		t.Fatal(err)
	}
}

// run runs git as an owner at their desk does.
func run(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func clone(t *testing.T, r *git.HTTP, flags ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "clone")
	run(t, "", append(append([]string{"clone", "-q"}, flags...), r.URL(), dir)...)
	return dir
}

func document(app, state string) string {
	return "apiVersion: acmsync/v1\nkind: AppStatus\napp: " + app + "\nstatus: " + state + "\n"
}

// read is what the clone says, app by app.
func read(t *testing.T, dir string) []string {
	t.Helper()
	apps, _, err := operate.CloneStatus(t.Context(), dir, statusBranch)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range apps {
		got = append(got, a.App+": "+a.Status)
	}
	return got
}

// Statuses are read wherever the report lies, and by app, not by path.
func TestCloneStatus(t *testing.T) {
	t.Parallel()
	others := map[string]string{"summary.yaml": "kind: Summary", "README.md": "# board", "badges/shop.svg": "<svg/>"}
	cases := map[string]map[string]string{
		"flat":               {"apps/shop.yaml": document("shop", "Failing"), "apps/blog.yaml": document("blog", "Cert Issued")},
		"sharded":            {"apps/0a/shop.yaml": document("shop", "Failing"), "apps/ff/blog.yaml": document("blog", "Cert Issued")},
		"in a folder":        {"status/apps/shop.yaml": document("shop", "Failing"), "status/apps/blog.yaml": document("blog", "Cert Issued")},
		"of a newer release": {"apps/shop.yaml": document("shop", "Failing") + "novelty: 1\n", "apps/blog.yaml": document("blog", "Cert Issued")},
	}
	for name, files := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t, files)
			push(t, r, statusBranch, others)
			if diff := cmp.Diff([]string{"blog: Cert Issued", "shop: Failing"}, read(t, clone(t, r))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A clone is found from any folder in it, and however it was made.
func TestCloneStatusFromAnywhere(t *testing.T) {
	t.Parallel()
	r := newRepository(t, map[string]string{"apps/shop.yaml": document("shop", "Waiting")})
	dir, worktree := clone(t, r), filepath.Join(t.TempDir(), "worktree")
	run(t, dir, "worktree", "add", "-q", "-b", "mine", worktree)
	for what, at := range map[string]string{
		"a folder in it": filepath.Join(dir, "docs", "deep"), "a bare clone": clone(t, r, "--bare"),
		"a shallow clone": clone(t, r, "--depth=1", "--no-single-branch"), "a worktree": filepath.Join(worktree, "docs"),
	} {
		if got := read(t, at); len(got) != 1 || got[0] != "shop: Waiting" {
			t.Errorf("%s: %v", what, got)
		}
	}
}

// What was fetched last counts; a local branch of the same name is as old as
// its checkout, and serves where there is no other.
func TestCloneStatusPrefersWhatWasFetched(t *testing.T) {
	t.Parallel()
	r := newRepository(t, map[string]string{"apps/shop.yaml": document("shop", "Waiting")})
	dir := clone(t, r)
	run(t, dir, "branch", "-q", statusBranch, "origin/"+statusBranch)
	push(t, r, statusBranch, map[string]string{"apps/shop.yaml": document("shop", "Failing")})
	if got := read(t, dir); got[0] != "shop: Waiting" {
		t.Errorf("before the fetch: %v", got)
	}
	run(t, dir, "fetch", "-q")
	if got := read(t, dir); got[0] != "shop: Failing" {
		t.Errorf("after the fetch: %v", got)
	}
	run(t, dir, "remote", "remove", "origin")
	if got := read(t, dir); got[0] != "shop: Waiting" {
		t.Errorf("without a remote: %v", got)
	}
}

func TestCloneStatusSaysWhatToDo(t *testing.T) {
	t.Parallel()
	r := newRepository(t, map[string]string{"apps/shop.yaml": "kind: Summary"})
	dir := clone(t, r)
	for _, c := range []struct{ what, dir, branch, says string }{
		{"another branch", dir, "status", "has no branch status; run git fetch, or name the status branch with --branch"},
		{"not a status file", dir, statusBranch, "apps/shop.yaml on branch " + statusBranch + ": not a status file"},
		{"no clone", t.TempDir(), statusBranch, "not in a git clone"},
	} {
		apps, _, err := operate.CloneStatus(t.Context(), c.dir, c.branch)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v; want %q", c.what, apps, err, c.says)
		}
		if isNone := errors.Is(err, operate.ErrNoClone); isNone != (c.what == "no clone") {
			t.Errorf("%s: ErrNoClone %v", c.what, isNone)
		}
	}
}

// One file that is too large to be a status is an error, not half a report.
func TestCloneStatusRefusesHugeFiles(t *testing.T) {
	t.Parallel()
	r := newRepository(t, map[string]string{"apps/shop.yaml": document("shop", "Waiting") + "#" + strings.Repeat("x", 16<<20)})
	apps, _, err := operate.CloneStatus(t.Context(), clone(t, r), statusBranch)
	if err == nil || !strings.Contains(err.Error(), "apps/shop.yaml") {
		t.Errorf("%v, %v", apps, err)
	}
}
