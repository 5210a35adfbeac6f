package store_test

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

func TestReadOnlyOfNothing(t *testing.T) {
	t.Parallel()
	dir := private(t)
	s := openReadOnly(t, urlIn(dir))
	if len(domains(t, s)) != 0 {
		t.Error("a store that does not exist has domains")
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading made the folder: %v", err)
	}
	if err := s.Admit(t.Context(), store.Admission{}); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("admitting into it gave %v", err)
	}
}

func TestReadOnlyOfAnEmptyFile(t *testing.T) {
	t.Parallel()
	dir := private(t)
	mkdir(t, dir, 0o700)
	if err := os.WriteFile(filepath.Join(dir, "acmsync.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if n := len(domains(t, openReadOnly(t, urlIn(dir)))); n != 0 {
		t.Errorf("an empty file has %d domains", n)
	}
}

func TestReadOnlyLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := private(t)
	w := open(t, urlIn(dir))
	admitNames(t, w, "a.example")

	// While a writer has it open, what the log holds is seen.
	before := snapshot(t, dir)
	during := openReadOnly(t, urlIn(dir))
	if _, ok := domains(t, during)["a.example"]; !ok {
		t.Error("a row in the write-ahead log is not seen")
	}
	if err := during.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
		t.Errorf("reading beside a writer changed files:\n%s", diff)
	}

	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	before = snapshot(t, dir)
	if _, ok := before["acmsync.db-wal"]; ok {
		t.Fatal("an orderly close left a log: this test proves nothing")
	}
	s := openReadOnly(t, urlIn(dir))
	if _, ok := domains(t, s)["a.example"]; !ok {
		t.Error("the row is not seen")
	}
	if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
		t.Errorf("an open reader changed files:\n%s", diff)
	}
	writes := map[string]error{
		"Admit":   s.Admit(t.Context(), store.Admission{Base: 1}),
		"Approve": s.Approve(t.Context(), "x"),
		"Save":    s.Save(t.Context(), store.Lease{Key: "a.example"}, store.Change{Domain: record.Domain{}}),
		"Release": s.Release(t.Context(), store.Lease{}, record.Domain{}),
		"SetMeta": s.SetMeta(t.Context(), store.Meta{Tip: "abc"}),
		"Prune":   s.Prune(t.Context(), noon),
	}
	_, writes["Claim"] = s.Claim(t.Context(), "test", noon, 1, long)
	for name, err := range writes {
		if !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("%s gave %v, want ErrReadOnly", name, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
		t.Errorf("reading left something behind:\n%s", diff)
	}
}

func openReadOnly(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url, store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// snapshot is what a folder holds, by content. SQLite's shared memory is
// locks: that it exists counts, what it holds does not.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	for _, e := range entries {
		out[e.Name()] = ""
		if e.IsDir() || strings.HasSuffix(e.Name(), "-shm") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		out[e.Name()] = string(sum[:])
	}
	return out
}
