package gitrepo_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab/git"
)

func TestFetchedPacksOutliveTheProcess(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	dir := filepath.Join(t.TempDir(), "cache")
	first := push(t, s, "main", map[string]string{"apps.yaml": noise(50_000), "d/x": "x"})
	want := contents(t, fetch(t, open(t, gitrepo.Config{URL: s.URL(), Dir: dir}), "main", ""), "", everything)
	s.ResetRequests()
	again := open(t, gitrepo.Config{URL: s.URL(), Dir: dir})
	if diff := cmp.Diff(want, contents(t, fetch(t, again, "main", first), "", everything)); diff != "" {
		t.Error(diff)
	}
	if n := len(s.Requests()); n != 1 || s.Sent() > 2_000 {
		t.Errorf("%d requests, %d bytes", n, s.Sent())
	}
	second := push(t, s, "main", map[string]string{"d/x": "y"})
	snapshot := fetch(t, open(t, gitrepo.Config{URL: s.URL(), Dir: dir}), "main", first)
	if snapshot.Commit != second || !snapshot.Descends || contents(t, snapshot, "", everything)["d/x"] != "y" {
		t.Errorf("%+v", snapshot)
	}
}

func TestDamagedCacheIsFetchedAnew(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(dir string, packs []string) error{
		"flipped byte": func(_ string, packs []string) error {
			return change1(packs[0], func(b []byte) []byte { b[len(b)/2] ^= 1; return b })
		},
		"truncated":   func(_ string, packs []string) error { return os.Truncate(packs[0], 10) },
		"emptied":     func(_ string, packs []string) error { return os.Truncate(packs[0], 0) },
		"one removed": func(_ string, packs []string) error { return os.Remove(packs[len(packs)-1]) },
		"tips garbage": func(dir string, _ []string) error {
			return os.WriteFile(filepath.Join(dir, "tips"), []byte("x\n\x00"), 0o600)
		},
		"false tip": func(dir string, _ []string) error {
			return os.WriteFile(filepath.Join(dir, "tips"), []byte(strings.Repeat("ab", 20)+"\n"), 0o600)
		},
		"tips removed": func(dir string, _ []string) error { return os.Remove(filepath.Join(dir, "tips")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httpServer(t, git.Options{})
			dir := t.TempDir()
			tip := push(t, s, "main", map[string]string{"apps.yaml": "x", "d/e": noise(5000)})
			want := contents(t, fetch(t, open(t, gitrepo.Config{URL: s.URL(), Dir: dir}), "main", ""), "", everything)
			packs, err := filepath.Glob(filepath.Join(dir, "*.pack"))
			if err != nil || len(packs) != 2 {
				t.Fatalf("%v, %v", packs, err)
			}
			if err := damage(dir, packs); err != nil {
				t.Fatal(err)
			}
			r := open(t, gitrepo.Config{URL: s.URL(), Dir: dir})
			if diff := cmp.Diff(want, contents(t, fetch(t, r, "main", tip), "", everything)); diff != "" {
				t.Error(diff)
			}
			s.ResetRequests()
			contents(t, fetch(t, open(t, gitrepo.Config{URL: s.URL(), Dir: dir}), "main", tip), "", everything)
			if n := len(s.Requests()); n != 1 {
				t.Errorf("not mended: %d requests", n)
			}
		})
	}
}

func change1(path string, with func([]byte) []byte) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, with(content), 0o600)
}

func TestCacheOfAnotherRepositoryIsNotUsed(t *testing.T) {
	t.Parallel()
	one, two := httpServer(t, git.Options{}), httpServer(t, git.Options{})
	push(t, one, "main", map[string]string{"apps.yaml": "one"})
	push(t, two, "main", map[string]string{"apps.yaml": "two"})
	dir := t.TempDir()
	for _, s := range []*git.HTTP{one, two, one} {
		want, err := s.Read("main", "apps.yaml")
		if err != nil {
			t.Fatal(err)
		}
		got := contents(t, fetch(t, open(t, gitrepo.Config{URL: s.URL(), Dir: dir}), "main", ""), "", everything)
		if got["apps.yaml"] != string(want) {
			t.Errorf("read %q, want %q", got, want)
		}
	}
}

func TestForeignFolderIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	push(t, s, "main", map[string]string{"apps.yaml": "x"})
	dir := t.TempDir()
	mine := filepath.Join(dir, "mine.pack")
	overwrite(t, mine, "precious")
	_, err := open(t, gitrepo.Config{URL: s.URL(), Dir: dir}).Fetch(context.Background(), "main", "")
	if err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("Fetch: %v", err)
	}
	if content, err := os.ReadFile(mine); err != nil || string(content) != "precious" {
		t.Errorf("%q, %v", content, err)
	}
}

func TestUnpackingIsBounded(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{NoPartialClone: true})
	push(t, s, "main", map[string]string{"apps.yaml": strings.Repeat("0", 5<<20)})
	r := open(t, gitrepo.Config{URL: s.URL(), MaxBytes: 1 << 20})
	_, err := r.Fetch(context.Background(), "main", "")
	explained(t, "Fetch", err, unreachable(false, 0), "unpack")
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	tip := push(t, s, "main", map[string]string{"apps.yaml": "x"})
	r := open(t, gitrepo.Config{URL: s.URL(), Dir: t.TempDir()})
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			snapshot, err := r.Fetch(context.Background(), "main", tip)
			if err == nil {
				_, err = snapshot.Files(context.Background(), "", everything, 1000)
			}
			if err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if _, _, err := r.Commit(context.Background(), change("status", map[string]string{fmt.Sprint(i): "x"})); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := paths(t, s, "status"); len(got) != 4 {
		t.Errorf("%v", got)
	}
}
