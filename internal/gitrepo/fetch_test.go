package gitrepo_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab/git"
)

// transports are all ways to the same kind of repository.
func transports(t *testing.T) map[string]struct {
	config gitrepo.Config
	repo   *git.Repository
} {
	t.Helper()
	plain := httpServer(t, git.Options{})
	old := httpServer(t, git.Options{NoPartialClone: true})
	secure := httpServer(t, git.Options{TLS: true, User: "robot", Password: "s3cret"})
	ssh := sshServer(t)
	local, err := git.NewRepository()
	need(t, err)
	t.Cleanup(func() { _ = local.Close() })
	return map[string]struct {
		config gitrepo.Config
		repo   *git.Repository
	}{
		"http":             {gitrepo.Config{URL: plain.URL()}, plain.Repository},
		"http, no filters": {gitrepo.Config{URL: old.URL()}, old.Repository},
		"https with token": {gitrepo.Config{URL: secure.URL(), Auth: gitrepo.Auth{
			Username: "robot", TokenFile: file(t, []byte("s3cret\n")), CAFile: file(t, secure.RootPEM()),
		}}, secure.Repository},
		"ssh": {gitrepo.Config{URL: ssh.URL(), Auth: gitrepo.Auth{
			SSHKeyFile: file(t, ssh.ClientKey()), KnownHostsFile: file(t, ssh.KnownHosts()),
		}}, ssh.Repository},
		"local path": {gitrepo.Config{URL: local.Dir()}, local},
	}
}

func TestEveryTransportReadsAndWrites(t *testing.T) {
	t.Parallel()
	for name, tt := range transports(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			r := open(t, tt.config)
			if _, ok, err := r.Tip(ctx, "main"); ok || err != nil {
				t.Fatalf("Tip of an empty repository: ok %v, %v", ok, err)
			}
			if _, err := r.Fetch(ctx, "main", ""); !errors.Is(err, gitrepo.ErrNoBranch) {
				t.Fatalf("Fetch of an empty repository: %v", err)
			}
			first := push(t, tt.repo, "main", map[string]string{"apps.yaml": "one", "notes/x": "not wanted"})
			s := fetch(t, r, "main", "")
			if s.Commit != first || !s.Descends {
				t.Fatalf("got %s, descends %v; want %s", s.Commit, s.Descends, first)
			}
			wanted := func(path string) bool { return path == "apps.yaml" }
			if diff := cmp.Diff(map[string]string{"apps.yaml": "one"}, contents(t, s, ".", wanted)); diff != "" {
				t.Error(diff)
			}
			push(t, tt.repo, "main", map[string]string{"other": "x"})
			third := push(t, tt.repo, "main", map[string]string{"apps.yaml": "two"})
			s = fetch(t, r, "main", first)
			if s.Commit != third || !s.Descends {
				t.Fatalf("got %s, descends %v; want %s", s.Commit, s.Descends, third)
			}
			if diff := cmp.Diff(map[string]string{"apps.yaml": "two"}, contents(t, s, "", wanted)); diff != "" {
				t.Error(diff)
			}
			for _, text := range []string{"a", "b"} {
				hash, changed, err := r.Commit(ctx, change("status", map[string]string{"apps/shop.yaml": text}))
				if err != nil || !changed || hash != tt.repo.Tip("status") {
					t.Fatalf("Commit: %s, %v, %v; the branch is at %s", hash, changed, err, tt.repo.Tip("status"))
				}
				if got, err := tt.repo.Read("status", "apps/shop.yaml"); err != nil || string(got) != text {
					t.Fatalf("read %q, %v", got, err)
				}
			}
		})
	}
}

func TestNothingChangedCostsOneRequest(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	tip := push(t, s, "main", map[string]string{"apps.yaml": "x"})
	r := open(t, gitrepo.Config{URL: s.URL()})
	contents(t, fetch(t, r, "main", ""), "", everything)
	if _, _, err := r.Commit(context.Background(), change("status", map[string]string{"a": "1"})); err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func() error{
		"Tip": func() error { _, _, err := r.Tip(context.Background(), "main"); return err },
		"Fetch and Files": func() error {
			_, err := fetch(t, r, "main", tip).Files(context.Background(), "", everything, 1<<20)
			return err
		},
		"Commit": func() error {
			_, changed, err := r.Commit(context.Background(), change("status", map[string]string{"a": "1"}))
			if changed {
				t.Error("a commit was made")
			}
			return err
		},
	} {
		s.ResetRequests()
		if err := do(); err != nil {
			t.Fatal(err)
		}
		if got := s.Requests(); len(got) != 1 {
			t.Errorf("%s: %d requests: %+v", name, len(got), got)
		}
	}
}

func TestDescends(t *testing.T) {
	t.Parallel()
	for _, partial := range []bool{true, false} {
		for _, warm := range []bool{true, false} {
			t.Run(fmt.Sprintf("partial=%v,warm=%v", partial, warm), func(t *testing.T) {
				t.Parallel()
				testDescends(t, partial, warm)
			})
		}
	}
}

func testDescends(t *testing.T, partial, warm bool) {
	s := httpServer(t, git.Options{NoPartialClone: !partial})
	var line []string
	for i := range 5 {
		line = append(line, push(t, s, "main", map[string]string{"apps.yaml": fmt.Sprint(i), "d/e/f": "same"}))
	}
	unrelated, err := s.ForcePush("other", map[string]*string{"apps.yaml": git.Text("mine")}, "new history")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Reset("main", line[1]); err != nil {
		t.Fatal(err)
	}
	rewritten := push(t, s, "main", map[string]string{"apps.yaml": "otherwise"})
	merge, err := s.Git("", "-c", "user.name=A", "-c", "user.email=a@b", "commit-tree", "-m", "merge", "-p", rewritten, "-p", line[4], line[4]+"^{tree}")
	if err != nil {
		t.Fatal(err)
	}
	gone := strings.Repeat("12", 20)
	for _, tt := range []struct {
		name, last, tip string
		want            bool
	}{
		{"first read", "", line[4], true},
		{"unchanged", line[4], line[4], true},
		{"parent", line[3], line[4], true},
		{"far ancestor", line[0], line[4], true},
		{"set back", line[4], line[2], false},
		{"rewritten from an ancestor on", line[4], rewritten, false},
		{"merged", line[3], strings.TrimSpace(merge), true},
		{"unrelated history", line[4], unrelated, false},
		{"a commit the server lost", gone, line[4], false},
	} {
		r := open(t, gitrepo.Config{URL: s.URL()})
		if warm && tt.last != "" && tt.last != gone {
			if err := s.Reset("main", tt.last); err != nil {
				t.Fatal(err)
			}
			contents(t, fetch(t, r, "main", ""), "", everything)
		}
		if err := s.Reset("main", tt.tip); err != nil {
			t.Fatal(err)
		}
		snapshot := fetch(t, r, "main", tt.last)
		if snapshot.Commit != tt.tip || snapshot.Descends != tt.want {
			t.Errorf("%s: commit %s, descends %v; want %s, %v", tt.name, snapshot.Commit, snapshot.Descends, tt.tip, tt.want)
		}
		want, err := s.Read("main", "apps.yaml")
		if err != nil {
			t.Fatal(err)
		}
		if got := contents(t, snapshot, "", func(p string) bool { return p == "apps.yaml" }); got["apps.yaml"] != string(want) {
			t.Errorf("%s: read %q, want %q", tt.name, got, want)
		}
	}
}

func TestFilesAreNotFetchedUnlessWanted(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	files := map[string]string{"apps.yaml": "small"}
	for i := range 20 {
		// Not compressible, so that bytes sent tell.
		files[fmt.Sprintf("big/%d", i)] = noise(100_000)
	}
	push(t, s, "main", files)
	r := open(t, gitrepo.Config{URL: s.URL()})
	contents(t, fetch(t, r, "main", ""), "", func(p string) bool { return p == "apps.yaml" })
	if sent := s.Sent(); sent > 50_000 {
		t.Errorf("%d bytes were sent for one small file", sent)
	}
}

func TestRefetchSendsOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	files := map[string]string{}
	for i := range 300 {
		files[fmt.Sprintf("apps/%03d/%d.yaml", i, i)] = fmt.Sprint(i)
	}
	last := push(t, s, "main", files)
	r := open(t, gitrepo.Config{URL: s.URL()})
	contents(t, fetch(t, r, "main", ""), "", everything)
	push(t, s, "main", map[string]string{"apps/007/7.yaml": "changed"})
	s.ResetRequests()
	got := contents(t, fetch(t, r, "main", last), "", everything)
	if got["apps/007/7.yaml"] != "changed" || len(got) != 300 {
		t.Errorf("read %d files, %q", len(got), got["apps/007/7.yaml"])
	}
	if sent := s.Sent(); sent > 20_000 {
		t.Errorf("%d bytes for one changed file", sent)
	}
	if n := len(s.Requests()); n > 3 {
		t.Errorf("%d requests", n)
	}
}

func TestServerThatTakesBackSingleFiles(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	push(t, s, "main", map[string]string{"apps.yaml": "x", "other": "y"})
	snapshot := fetch(t, open(t, gitrepo.Config{URL: s.URL()}), "main", "")
	if err := s.Configure("uploadpack.allowAnySHA1InWant", "false"); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, snapshot, "", yaml); got["apps.yaml"] != "x" {
		t.Errorf("read %q", got)
	}
}

func TestBranchThatMovesWhileItIsRead(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{NoPartialClone: true})
	push(t, s, "main", map[string]string{"apps.yaml": "old"})
	var forced string
	s.Fail(git.Fault{Method: "POST", Times: 1, Before: func() {
		var err error
		if forced, err = s.ForcePush("main", map[string]*string{"apps.yaml": git.Text("new")}, "anew"); err != nil {
			t.Error(err)
		}
	}})
	snapshot := fetch(t, open(t, gitrepo.Config{URL: s.URL()}), "main", "")
	if got := contents(t, snapshot, "", yaml); snapshot.Commit != forced || got["apps.yaml"] != "new" {
		t.Errorf("%s, %q; want %s", snapshot.Commit, got, forced)
	}
}

func TestFolderWithinTheRepository(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	push(t, s, "main", map[string]string{"platform/acm/apps/a.yaml": "a", "apps.yaml": "outside", "file": "x"})
	snapshot := fetch(t, open(t, gitrepo.Config{URL: s.URL()}), "main", "")
	for dir, want := range map[string]map[string]string{
		"platform/acm":   {"apps/a.yaml": "a"},
		"platform/acm/":  {"apps/a.yaml": "a"},
		"./platform":     {"acm/apps/a.yaml": "a"},
		"does/not/exist": {},
	} {
		if diff := cmp.Diff(want, contents(t, snapshot, dir, func(p string) bool { return strings.HasSuffix(p, ".yaml") })); diff != "" {
			t.Errorf("%s: %s", dir, diff)
		}
	}
	if _, err := snapshot.Files(context.Background(), "file", everything, 1); err == nil || !strings.Contains(err.Error(), "repository.path") {
		t.Errorf("a file for repository.path: %v", err)
	}
}

func TestCheckoutIsALocalRepository(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	push(t, s, "main", map[string]string{"apps.yaml": "x"})
	clone := filepath.Join(t.TempDir(), "clone")
	if _, err := s.Git("", "clone", "--quiet", "--local", "--branch=main", s.Dir(), clone); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, fetch(t, open(t, gitrepo.Config{URL: clone}), "main", ""), "", everything); got["apps.yaml"] != "x" {
		t.Errorf("read %q", got)
	}
}
