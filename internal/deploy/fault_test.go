package deploy_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/acmsync/acmsync/internal/deploy"
)

// Every change of an install is made to fail in turn, once alone and once with
// all that follow, as in a crash. Whenever, a whole pair is served, and the
// next attempt succeeds.
func TestAFaultAtAnyChangeLeavesAWholePair(t *testing.T) {
	t.Parallel()
	for _, crashed := range []bool{false, true} {
		for n := 1; ; n++ {
			done := false
			t.Run(fmt.Sprintf("change %d, crashed %v", n, crashed), func(t *testing.T) {
				done = survives(t, n, crashed)
			})
			if done {
				if n < 9 {
					t.Errorf("an install makes %d changes only: the faults were not reached", n-1)
				}
				break
			}
		}
	}
}

// survives reports whether n is beyond the last change of an install.
func survives(t *testing.T, n int, crashed bool) (beyond bool) {
	dir := t.TempDir()
	old, fresh := pair(t, "a.example", day(0)), pair(t, "a.example", day(1))
	install(t, deploy.NewFiles(deploy.FilesConfig{Dir: dir}), old)

	faulty := deploy.NewFiles(deploy.FilesConfig{Dir: dir})
	fault := errors.New("no space left on device")
	faulty.FailAt(n, crashed, fault)
	err := faulty.Install(t.Context(), fresh)
	switch served := served(t, dir, "a.example"); {
	case err == nil && served != fresh.SHA256:
		t.Error("success, but the old pair is served")
	case err != nil && !errors.Is(err, fault):
		t.Errorf("another error: %v", err)
	case err != nil && served != old.SHA256 && served != fresh.SHA256:
		t.Errorf("neither pair is served: %s", served)
	case !crashed && served == old.SHA256 && len(entries(t, filepath.Join(dir, ".versions/a.example"))) != 1:
		t.Error("a failed attempt leaves files, so that a full disk would fill further")
	}
	install(t, deploy.NewFiles(deploy.FilesConfig{Dir: dir}), fresh)
	serves(t, dir, fresh)
	if versions := entries(t, filepath.Join(dir, ".versions/a.example")); len(versions) > 2 {
		t.Errorf("leftovers: %q", versions)
	}
	return err == nil
}

func served(t *testing.T, dir, name string) string {
	t.Helper()
	to, err := filepath.EvalSymlinks(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return fingerprint(leaf(t, read(t, to)))
}

func TestAReadOnlyFolderKeepsTheOldPair(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root writes into read-only folders")
	}
	dir := t.TempDir()
	target := deploy.NewFiles(deploy.FilesConfig{Dir: dir})
	old := pair(t, "a.example", day(0))
	install(t, target, old)
	versions := filepath.Join(dir, ".versions/a.example")
	if err := os.Chmod(versions, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(versions, 0o700) })
	if err := target.Install(t.Context(), pair(t, "a.example", day(1))); !errors.Is(err, os.ErrPermission) {
		t.Errorf("got %v", err)
	}
	serves(t, dir, old)
}

func TestAFileWhereTheFolderShouldBe(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "live")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	target := deploy.NewFiles(deploy.FilesConfig{Dir: dir})
	if err := target.Install(t.Context(), pair(t, "a.example", day(0))); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("got %v", err)
	}
}
