package gitrepo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab/git"
)

func commit(t *testing.T, r *gitrepo.Repo, c gitrepo.Commit) string {
	t.Helper()
	hash, changed, err := r.Commit(context.Background(), c)
	if err != nil {
		t.Fatalf("Commit: %v", err)
	}
	if !changed {
		t.Fatal("Commit changed nothing")
	}
	return hash
}

func paths(t *testing.T, s interface {
	Files(string) ([]string, error)
}, branch string,
) []string {
	t.Helper()
	files, err := s.Files(branch)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestCommitMakesAnOrphanBranch(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	push(t, s, "main", map[string]string{"apps.yaml": "x"})
	r := open(t, gitrepo.Config{URL: s.URL()})
	c := change("status", map[string]string{"apps/a.yaml": "a", "README.md": "board", "a.b": "1", "a/b": "2", "a-b": "3"})
	c.Orphan = false
	if _, _, err := r.Commit(context.Background(), c); !errors.Is(err, gitrepo.ErrNoBranch) {
		t.Fatalf("without Orphan: %v", err)
	}
	c.Orphan = true
	hash := commit(t, r, c)
	log, err := s.Log("status")
	if err != nil {
		t.Fatal(err)
	}
	want := []git.Entry{{Commit: hash, Author: "acmsync", Email: "acmsync@example.test", Message: "acmsync: report"}}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"README.md", "a-b", "a.b", "a/b", "apps/a.yaml"}, paths(t, s, "status")); diff != "" {
		t.Error(diff)
	}
	// Git's own check finds wrong order, modes and dates.
	if out, err := s.Git("", "fsck", "--strict", "--no-dangling"); err != nil {
		t.Errorf("fsck: %v %s", err, out)
	}
	date, err := s.Git("", "show", "--no-patch", "--format=%at %ct", "status")
	if err != nil || strings.TrimSpace(date) != "1800000000 1800000000" {
		t.Errorf("dates %q, %v", date, err)
	}
}

func TestCommitWithoutFilesMakesNoBranch(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	_, changed, err := open(t, gitrepo.Config{URL: s.URL()}).Commit(context.Background(), change("status", nil))
	if changed || err != nil || s.Tip("status") != "" {
		t.Errorf("changed %v, %v, branch %q", changed, err, s.Tip("status"))
	}
}

func TestCommitPrunesBelowRootOnly(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	push(t, s, "main", map[string]string{
		"apps.yaml": "desired", "status/apps/old.yaml": "o", "status/apps/kept.yaml": "k", "status/stale/deep/x": "x",
		"status/mine.txt": "m", "status.yaml": "beside", "docs/apps/old.yaml": "o",
	})
	r := open(t, gitrepo.Config{URL: s.URL()})
	c := change("main", map[string]string{"apps/new.yaml": "n", "apps/kept.yaml": "k"})
	c.Root = "status/"
	var asked []string
	c.Prune = func(path string) bool {
		asked = append(asked, path)
		return path != "mine.txt"
	}
	commit(t, r, c)
	want := []string{"apps.yaml", "docs/apps/old.yaml", "status.yaml", "status/apps/kept.yaml", "status/apps/new.yaml", "status/mine.txt"}
	if diff := cmp.Diff(want, paths(t, s, "main")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"apps/old.yaml", "mine.txt", "stale/deep/x"}, asked); diff != "" {
		t.Errorf("asked about: %s", diff)
	}
	if out, err := s.Git("", "fsck", "--strict", "--no-dangling"); err != nil {
		t.Errorf("fsck: %v %s", err, out)
	}
}

func TestCommitReplacesWhatStandsInTheWay(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	push(t, s, "status", map[string]string{"apps": "a file", "board/x": "a folder", "kept": "k"})
	commit(t, open(t, gitrepo.Config{URL: s.URL()}), change("status", map[string]string{"apps/a.yaml": "a", "board": "b"}))
	if diff := cmp.Diff([]string{"apps/a.yaml", "board", "kept"}, paths(t, s, "status")); diff != "" {
		t.Error(diff)
	}
}

func TestCommitIsSigned(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	c := change("status", map[string]string{"a": "1"})
	var payload string
	c.Sign = func(p []byte) (string, error) {
		payload = string(p)
		return "-----BEGIN SSH SIGNATURE-----\nabc\n-----END SSH SIGNATURE-----\n", nil
	}
	commit(t, open(t, gitrepo.Config{URL: s.URL()}), c)
	raw, err := s.Git("", "cat-file", "commit", "status")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(raw, "gpgsig -----BEGIN SSH SIGNATURE-----\n abc\n -----END SSH SIGNATURE-----\n") {
		t.Errorf("no signature in %q", raw)
	}
	start := strings.Index(raw, "gpgsig")
	end := strings.Index(raw, "-----END SSH SIGNATURE-----\n") + len("-----END SSH SIGNATURE-----\n")
	if rest := raw[:start] + strings.TrimPrefix(raw[end:], " \n"); rest != payload {
		t.Errorf("signed %q, but committed %q", payload, rest)
	}
	c.Files["a"] = []byte("2")
	c.Sign = func([]byte) (string, error) { return "", errors.New("no key") }
	if _, _, err := open(t, gitrepo.Config{URL: s.URL()}).Commit(context.Background(), c); err == nil || !strings.Contains(err.Error(), "no key") {
		t.Errorf("a failing signer: %v", err)
	}
}

func TestCommitRefusesDangerousPaths(t *testing.T) {
	t.Parallel()
	r := open(t, gitrepo.Config{URL: "/nowhere"})
	for _, path := range []string{"../x", "/x", "a/../b", ".git/config", "a/.GIT/hooks", "", ".", "a//b", "a\nb", `a\b`, "a/"} {
		if _, _, err := r.Commit(context.Background(), change("status", map[string]string{path: "x"})); err == nil || !strings.Contains(err.Error(), "path") {
			t.Errorf("%q: %v", path, err)
		}
	}
	if _, _, err := r.Commit(context.Background(), change("status", map[string]string{"a": "x", "a/b": "y"})); err == nil || !strings.Contains(err.Error(), "both") {
		t.Errorf("file and folder of one name: %v", err)
	}
	for _, branch := range []string{"", "a..b", "-x\n", "a b", "x.lock"} {
		if _, _, err := r.Commit(context.Background(), change(branch, nil)); err == nil || !strings.Contains(err.Error(), "branch name") {
			t.Errorf("branch %q: %v", branch, err)
		}
	}
}

func TestRivalWritersAllLand(t *testing.T) {
	t.Parallel()
	const writers, each = 8, 5
	s := httpServer(t, git.Options{})
	push(t, s, "main", map[string]string{"apps.yaml": "x"})
	var all sync.WaitGroup
	for w := range writers {
		r := open(t, gitrepo.Config{URL: s.URL(), Timeout: 2 * time.Minute})
		all.Go(func() {
			for i := range each {
				c := change("main", map[string]string{fmt.Sprintf("w%d/%d", w, i): "x"})
				c.Root = "status"
				if _, _, err := r.Commit(context.Background(), c); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	all.Wait()
	if n := len(paths(t, s, "main")); n != writers*each+1 {
		t.Errorf("%d files", n)
	}
	log, err := s.Log("main")
	if err != nil || len(log) != writers*each+1 {
		t.Errorf("%d commits, %v", len(log), err)
	}
}

func TestLostRaceIsMadeAnewOnTop(t *testing.T) {
	t.Parallel()
	for _, partial := range []bool{true, false} {
		s := httpServer(t, git.Options{NoPartialClone: !partial})
		push(t, s, "status", map[string]string{"a": "1"})
		r := open(t, gitrepo.Config{URL: s.URL()})
		commit(t, r, change("status", map[string]string{"b": "1"}))
		var rival string
		s.Fail(git.Fault{Method: "POST", Service: "git-receive-pack", Times: 1, Before: func() {
			rival = push(t, s, "status", map[string]string{"rival": "x"})
		}})
		commit(t, r, change("status", map[string]string{"b": "2"}))
		log, err := s.Log("status")
		if err != nil {
			t.Fatal(err)
		}
		if len(log) != 4 || log[1].Commit != rival {
			t.Errorf("log: %+v; the rival's: %s", log, rival)
		}
		if diff := cmp.Diff([]string{"a", "b", "rival"}, paths(t, s, "status")); diff != "" {
			t.Error(diff)
		}
	}
}

func TestMovedErrorAfterTooManyRivals(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	push(t, s, "status", map[string]string{"a": "1"})
	n := 0
	s.Fail(git.Fault{Method: "POST", Service: "git-receive-pack", Before: func() {
		n++
		push(t, s, "status", map[string]string{"rival": fmt.Sprint(n)})
	}})
	_, changed, err := open(t, gitrepo.Config{URL: s.URL(), Tries: 4}).Commit(context.Background(), change("status", map[string]string{"b": "1"}))
	var moved *gitrepo.MovedError
	if !errors.As(err, &moved) || changed || moved.Branch != "status" || moved.Tries != 4 || n != 4 {
		t.Errorf("changed %v, %v after %d rivals", changed, err, n)
	}
}

func TestBranchSetBackIsBuiltUpon(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	first := push(t, s, "status", map[string]string{"a": "1"})
	r := open(t, gitrepo.Config{URL: s.URL()})
	commit(t, r, change("status", map[string]string{"b": "1"}))
	if err := s.Reset("status", first); err != nil {
		t.Fatal(err)
	}
	commit(t, r, change("status", map[string]string{"c": "1"}))
	if diff := cmp.Diff([]string{"a", "c"}, paths(t, s, "status")); diff != "" {
		t.Error(diff)
	}
	if err := s.DeleteBranch("status"); err != nil {
		t.Fatal(err)
	}
	commit(t, r, change("status", map[string]string{"d": "1"}))
	if diff := cmp.Diff([]string{"d"}, paths(t, s, "status")); diff != "" {
		t.Error(diff)
	}
}

func TestLargeReportIsCheapToChange(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	files := map[string]string{}
	for i := range 10_000 {
		files[fmt.Sprintf("apps/%02x/app-%d.yaml", i%256, i)] = fmt.Sprintf("app: %d\nstatus: Cert Issued\n", i)
	}
	r := open(t, gitrepo.Config{URL: s.URL(), Timeout: time.Minute})
	commit(t, r, change("status", files))
	s.ResetRequests()
	start := time.Now()
	commit(t, r, change("status", map[string]string{"apps/07/app-7.yaml": "app: 7\nstatus: Failing\n"}))
	took := time.Since(start)
	t.Logf("one of 10,000 files: %v, %d requests", took, len(s.Requests()))
	var received int64
	for _, request := range s.Requests() {
		received += request.Received
	}
	if len(s.Requests()) > 3 || received > 10_000 || s.Sent() > 5_000 {
		t.Errorf("%d requests, %d bytes up, %d down", len(s.Requests()), received, s.Sent())
	}
	fresh := open(t, gitrepo.Config{URL: s.URL()})
	s.ResetRequests()
	commit(t, fresh, change("status", map[string]string{"apps/07/app-7.yaml": "app: 7\nstatus: Cert Issued\n"}))
	if sent := s.Sent(); sent > 600_000 {
		t.Errorf("%d bytes were fetched to change one file", sent)
	}
}
