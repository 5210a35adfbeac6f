package deploy_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/deploy"
)

// TestPlantedPlaces: what another user may have put where a folder of ours
// belongs is neither written through nor taken for a pair of ours.
func TestPlantedPlaces(t *testing.T) {
	t.Parallel()
	for name, plant := range map[string]struct {
		plant func(dir, theirs string) error
		want  string
	}{
		"everybody's folder": {func(dir, _ string) error { return os.Chmod(dir, 0o777) }, "run: chmod o-w "},
		"a shared folder":    {func(dir, _ string) error { return os.Chmod(dir, 0o777|fs.ModeSticky) }, "run: chmod o-w "},
		"everybody's versions": {func(dir, _ string) error {
			return errors.Join(os.Mkdir(filepath.Join(dir, ".versions"), 0o700), os.Chmod(filepath.Join(dir, ".versions"), 0o777))
		}, "run: chmod go-w "},
		"a group's versions": {func(dir, _ string) error {
			at := filepath.Join(dir, ".versions/a.example")
			return errors.Join(os.MkdirAll(at, 0o700), os.Chmod(at, 0o770))
		}, "run: chmod go-w "},
		"a link for the versions": {func(dir, theirs string) error {
			return os.Symlink(theirs, filepath.Join(dir, ".versions"))
		}, "a link that acmsync did not make: move it away"},
		"a link for the name's versions": {func(dir, theirs string) error {
			return errors.Join(os.Mkdir(filepath.Join(dir, ".versions"), 0o700), os.Symlink(theirs, filepath.Join(dir, ".versions/a.example")))
		}, "a link that acmsync did not make: move it away"},
		"a link elsewhere": {func(dir, theirs string) error {
			return os.Symlink(theirs, filepath.Join(dir, "a.example"))
		}, "move it away"},
		"a link upwards": {func(dir, theirs string) error {
			return os.Symlink(".versions/a.example/..", filepath.Join(dir, "a.example"))
		}, "move it away"},
		"a link to nothing": {func(dir, theirs string) error {
			return os.Symlink("/proc/self/mem", filepath.Join(dir, "a.example"))
		}, "move it away"},
		"a file": {func(dir, _ string) error {
			return os.WriteFile(filepath.Join(dir, "a.example"), []byte("theirs"), 0o600)
		}, "move it away"},
		"a file for the versions": {func(dir, _ string) error {
			return os.WriteFile(filepath.Join(dir, ".versions"), []byte("theirs"), 0o600)
		}, "not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, theirs := filepath.Join(t.TempDir(), "live"), t.TempDir()
			if err := errors.Join(os.Mkdir(dir, 0o700), plant.plant(dir, theirs)); err != nil {
				t.Fatal(err)
			}
			err := deploy.NewFiles(deploy.FilesConfig{Dir: dir}).Install(t.Context(), pair(t, "a.example", day(0)))
			if err == nil || !strings.Contains(err.Error(), plant.want) {
				t.Errorf("installed: %v", err)
			}
			keysBelow(t, dir, theirs)
		})
	}
}

// keysBelow fails where a key was written in spite of it all.
func keysBelow(t *testing.T, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, _ error) error {
			if content, err := os.ReadFile(path); err == nil && strings.Contains(string(content), "PRIVATE KEY") {
				t.Errorf("a key is in %s", path)
			}
			return nil
		})
	}
}

// TestAPlantedPairIsNotAdopted: a pair that somebody put at a name is none that
// was installed there.
func TestAPlantedPairIsNotAdopted(t *testing.T) {
	t.Parallel()
	theirs, dir := t.TempDir(), t.TempDir()
	install(t, deploy.NewFiles(deploy.FilesConfig{Dir: theirs}), pair(t, "a.example", day(5)))
	planted, err := filepath.EvalSymlinks(filepath.Join(theirs, "a.example"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(planted, filepath.Join(dir, "a.example")); err != nil {
		t.Fatal(err)
	}
	target := deploy.NewFiles(deploy.FilesConfig{Dir: dir})
	if p, found, err := target.Installed("a.example"); found || err == nil {
		t.Errorf("taken for ours: %v, %v", p.Names, err)
	}
	if err := target.Remove(t.Context(), "a.example", nil); err == nil {
		t.Error("removed")
	}
}

// TestAnOperatorsFolder: a link to the folder, and a group that may write to it,
// are the operator's business.
func TestAnOperatorsFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "live")
	if err := errors.Join(os.Chmod(dir, 0o2770), os.Symlink(dir, link)); err != nil {
		t.Fatal(err)
	}
	target := deploy.NewFiles(deploy.FilesConfig{Dir: link})
	p := pair(t, "a.example", day(0))
	install(t, target, p)
	serves(t, dir, p)
}

// TestLongNames: the longest name there is gets a folder, a longer one none.
func TestLongNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(strings.Repeat("a", 61)+".", 4)[:244] + ".example"
	target := deploy.NewFiles(deploy.FilesConfig{Dir: t.TempDir()})
	if len(long) != 252 {
		t.Fatal(len(long))
	}
	install(t, target, pair(t, long, day(0)))
	p := pair(t, "a.example", day(0))
	p.Names = []string{"xx" + long}
	if err := target.Install(t.Context(), p); err == nil || !strings.Contains(err.Error(), "is not a host name") {
		t.Errorf("installed: %v", err)
	}
}
