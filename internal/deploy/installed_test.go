package deploy_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/deploy"
)

// TestInstalledGivesBack what was handed over, key included, and when.
func TestInstalledGivesBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := deploy.NewFiles(deploy.FilesConfig{Dir: dir})
	for _, name := range []string{"a.example", "*.b.example"} {
		p := pair(t, name, day(0))
		p.IssuedAt = day(1)
		install(t, target, p)
		got, found, err := target.Installed(name)
		if err != nil || !found || !bytes.Equal(got.Key, p.Key) || !bytes.Equal(got.Chain, p.Chain) || !got.IssuedAt.Equal(p.IssuedAt) {
			t.Errorf("%s: %t, %v, kept at %s", name, found, err, got.IssuedAt)
		}
	}
	for _, other := range []string{"stray", ".hidden"} {
		if err := os.Mkdir(filepath.Join(dir, other), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := target.Names(); err != nil || !slices.Equal(names, []string{"*.b.example", "a.example"}) {
		t.Errorf("names %q, %v", names, err)
	}
}

// TestInstalledGivesNothing where nothing whole is.
func TestInstalledGivesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := deploy.NewFiles(deploy.FilesConfig{Dir: dir})
	install(t, target, pair(t, "a.example", day(0)))
	if err := os.Truncate(filepath.Join(dir, "a.example", "privkey.pem"), 5); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.example", "b.example"} {
		if _, found, err := target.Installed(name); found || err != nil {
			t.Errorf("%s: %t, %v", name, found, err)
		}
	}
	if _, _, err := target.Installed("../a.example"); err == nil {
		t.Error("a name led out of the folder")
	}
	nowhere := deploy.NewFiles(deploy.FilesConfig{Dir: filepath.Join(dir, "nowhere")})
	if names, err := nowhere.Names(); err != nil || len(names) > 0 {
		t.Errorf("names %q, %v", names, err)
	}
}

// TestOfTheSameSecondTheOneKeptLaterIsNewer.
func TestOfTheSameSecondTheOneKeptLaterIsNewer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := deploy.NewFiles(deploy.FilesConfig{Dir: dir})
	first, second := pair(t, "a.example", day(0)), pair(t, "a.example", day(0))
	first.IssuedAt, second.IssuedAt = day(0), day(0).Add(time.Hour)
	install(t, target, first)
	install(t, target, second)
	var refusal *deploy.NewerError
	if err := target.Install(t.Context(), first); !errors.As(err, &refusal) || refusal.SHA256 != second.SHA256 {
		t.Errorf("got %v", err)
	}
	serves(t, dir, second)
}
