package gitrepo

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/acmsync/acmsync/internal/lab/git"
)

// It takes hundreds of pushes to get there, so the count is set by hand.
func TestGrownStoreBeginsAnew(t *testing.T) {
	t.Parallel()
	s, err := git.NewRepository()
	if errors.Is(err, git.ErrNoGit) && os.Getenv("CI") != "true" {
		t.Skip("no git binary")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	last, err := s.Push("main", map[string]*string{"apps.yaml": git.Text("x")}, "one")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	r, err := Open(Config{URL: s.Dir(), Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	old, err := r.Fetch(context.Background(), "main", "")
	if err != nil {
		t.Fatal(err)
	}
	r.store.packs = maxPacks + 1
	now, err := r.Fetch(context.Background(), "main", last)
	if err != nil || !now.Descends {
		t.Fatalf("%+v, %v", now, err)
	}
	packs, err := filepath.Glob(filepath.Join(dir, "*"+packSuffix))
	if err != nil || r.store.packs != 1 || len(packs) != 1 {
		t.Errorf("%d packs in memory, %v on disk, %v", r.store.packs, packs, err)
	}
	for _, snapshot := range []Snapshot{old, now} {
		files, err := snapshot.Files(context.Background(), "", func(string) bool { return true }, 10)
		if err != nil || len(files) != 1 || string(files[0].Bytes) != "x" {
			t.Errorf("%v, %v", files, err)
		}
	}
}
