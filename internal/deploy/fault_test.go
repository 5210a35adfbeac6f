package deploy_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/acmsync/acmsync/internal/deploy"
	"github.com/acmsync/acmsync/internal/record"
)

// fault is a way for a change to the disk to fail.
type fault struct {
	name string
	err  error
	// befalls these changes; empty: every one.
	befalls []string
	// half of what was to be written is, before the error.
	half bool
}

var faults = []fault{
	{name: "ENOSPC", err: syscall.ENOSPC, befalls: []string{"mkdir", "create", "write", "sync", "symlink", "rename"}},
	{name: "EDQUOT", err: syscall.EDQUOT, befalls: []string{"mkdir", "create", "write", "sync", "symlink"}},
	{name: "EIO", err: syscall.EIO},
	{name: "EROFS", err: syscall.EROFS},
	{name: "EACCES", err: syscall.EACCES, befalls: []string{"mkdir", "create", "symlink", "rename", "remove"}},
	{name: "short write", err: syscall.ENOSPC, befalls: []string{"write"}, half: true},
	{name: "failing fsync", err: syscall.EIO, befalls: []string{"sync"}},
	{name: "failing rename", err: syscall.EXDEV, befalls: []string{"rename"}},
}

func (f fault) hits(change string) bool {
	return len(f.befalls) == 0 || slices.Contains(f.befalls, change)
}

func (f fault) strike(change, path string) error {
	if f.half && change == "write" {
		if err := os.WriteFile(path, []byte("-----BEGIN CERTIFICATE-----\nMIIB"), 0o600); err != nil {
			return err
		}
	}
	return &os.PathError{Op: change, Path: path, Err: f.err}
}

// installCase is one change of an install, and how it fails: alone, or with
// all that follow, as on a disk that stays broken.
type installCase struct {
	n       int
	change  string
	fault   fault
	lasting bool
}

func (c installCase) before() func(change, path string) error {
	n := 0
	return func(change, path string) error {
		n++
		if n == c.n || c.lasting && n > c.n && c.fault.hits(change) {
			return c.fault.strike(change, path)
		}
		return nil
	}
}

// TestAFaultAtAnyChangeLeavesAWholePair: every change of an install is made to
// fail in every way, of a second install and of the first into a new folder.
// Whenever, a whole pair is served, the error names the place, and the next
// attempt succeeds.
func TestAFaultAtAnyChangeLeavesAWholePair(t *testing.T) {
	t.Parallel()
	old, fresh := pair(t, "a.example", day(0)), pair(t, "a.example", day(1))
	for name, first := range map[string][]record.Pair{"second": {old}, "first": nil} {
		cases := installCases(t, first, fresh)
		if len(cases) < 100 {
			t.Errorf("%s install: %d cases only", name, len(cases))
		}
		for _, c := range cases {
			t.Run(fmt.Sprintf("%s/%02d %s %s lasting=%v", name, c.n, c.change, c.fault.name, c.lasting), func(t *testing.T) {
				t.Parallel()
				survives(t, c, first, fresh)
			})
		}
	}
}

// installCases are the changes of an install on a healthy disk, times the
// faults.
func installCases(t *testing.T, first []record.Pair, fresh record.Pair) (cases []installCase) {
	t.Helper()
	var changes []string
	target := prepared(t, filepath.Join(t.TempDir(), "live"), first)
	target.Before(func(change, _ string) error {
		changes = append(changes, change)
		return nil
	})
	install(t, target, fresh)
	for i, change := range changes {
		for _, f := range faults {
			if f.hits(change) {
				cases = append(cases, installCase{i + 1, change, f, false}, installCase{i + 1, change, f, true})
			}
		}
	}
	return cases
}

func prepared(t *testing.T, dir string, first []record.Pair) *deploy.Files {
	t.Helper()
	target := deploy.NewFiles(deploy.FilesConfig{Dir: dir})
	for _, p := range first {
		install(t, target, p)
	}
	return target
}

func survives(t *testing.T, c installCase, first []record.Pair, fresh record.Pair) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "live")
	faulty := prepared(t, dir, first)
	faulty.Before(c.before())
	err := faulty.Install(t.Context(), fresh)
	if err != nil && (!errors.Is(err, c.fault.err) || !strings.Contains(err.Error(), "install a.example in "+dir)) {
		t.Errorf("the error does not say what failed where: %v", err)
	}
	stillServed(t, dir, first, fresh, err)
	if err != nil && !c.lasting && len(first) > 0 && served(t, dir, "a.example") == first[0].SHA256 &&
		len(entries(t, filepath.Join(dir, ".versions/a.example"))) != 1 {
		t.Error("a failed attempt leaves files, so that a full disk would fill further")
	}
	faulty.Before(nil)
	install(t, faulty, fresh)
	serves(t, dir, fresh)
	if versions := entries(t, filepath.Join(dir, ".versions/a.example")); len(versions) > 2 {
		t.Errorf("leftovers: %q", versions)
	}
}

// stillServed: the fresh pair after a success; after a failure one of the
// pairs, whole, or nothing where there was nothing.
func stillServed(t *testing.T, dir string, first []record.Pair, fresh record.Pair, err error) {
	t.Helper()
	if _, there := os.Lstat(filepath.Join(dir, "a.example")); there != nil && len(first) == 0 && err != nil {
		return
	}
	switch now := served(t, dir, "a.example"); {
	case now == fresh.SHA256:
		serves(t, dir, fresh)
	case err == nil || len(first) == 0 || now != first[0].SHA256:
		t.Errorf("%s is served after: %v", now, err)
	default:
		serves(t, dir, first[0])
	}
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
