package store_test

import (
	"bytes"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/store"
)

func TestOpenRefusesURLs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ url, says string }{
		{"postgres://db/acmsync", "not in this release"},
		{"postgresql://db/acmsync", "not in this release"},
		{"", "must be sqlite://"},
		{"sqlite://", "must be sqlite://"},
		{"sqlite:///var/lib/", "must be sqlite://"},
		{"sqlite:///a.db?mode=memory", "must be sqlite://"},
		{"sqlite:///a%20b.db", "must be sqlite://"},
		{"/var/lib/acmsync.db", "must be sqlite://"},
	} {
		for _, o := range []store.Options{{}, {ReadOnly: true}} {
			s, err := store.Open(t.Context(), test.url, o)
			if err == nil {
				t.Errorf("%q was opened: %v", test.url, s.Close())
			} else if !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "store.url") {
				t.Errorf("%q: %v; want it to say %q and name the setting", test.url, err, test.says)
			}
		}
	}
}

func TestOpenMakesPrivateFiles(t *testing.T) {
	t.Parallel()
	dir := private(t)
	s := open(t, urlIn(dir))
	admitNames(t, s, "a.example")
	claimOne(t, s)

	modes := map[string]fs.FileMode{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if filepath.Dir(name) == "owners" {
			name = "owners/*"
		}
		modes[name] = info.Mode().Perm()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	expect := map[string]fs.FileMode{
		".": 0o700, "acmsync.db": 0o600, "acmsync.db-wal": 0o600, "acmsync.db-shm": 0o600, "owners": 0o700, "owners/*": 0o600,
	}
	if diff := cmp.Diff(expect, modes); diff != "" {
		t.Errorf("files of an open store (-want +got):\n%s", diff)
	}
}

func TestOpenTightensADatabaseOthersCanRead(t *testing.T) {
	t.Parallel()
	dir := private(t)
	if err := open(t, urlIn(dir)).Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "acmsync.db")
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	open(t, urlIn(dir))
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the database's mode is %v (%v), want 0600", info.Mode().Perm(), err)
	}
}

func TestOpenRefusesACheckout(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	checkout := filepath.Join(top, "domains")
	mkdir(t, filepath.Join(checkout, ".git"), 0o700)
	link := filepath.Join(top, "link")
	if err := os.Symlink(checkout, link); err != nil {
		t.Fatal(err)
	}
	worktree := filepath.Join(top, "worktree")
	mkdir(t, worktree, 0o700)
	if err := os.WriteFile(filepath.Join(worktree, ".git"), []byte("gitdir: elsewhere\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{checkout, filepath.Join(checkout, "deep", "state"), filepath.Join(link, "state"), worktree} {
		_, err := store.Open(t.Context(), urlIn(dir), store.Options{})
		var folder *store.FolderError
		if !errors.Is(err, store.ErrCheckout) || !errors.As(err, &folder) || folder.Path != dir {
			t.Errorf("%s: %v, want ErrCheckout", dir, err)
		}
	}
	if entries, _ := os.ReadDir(checkout); len(entries) != 1 {
		t.Errorf("the refusal left something in the checkout: %v", entries)
	}
}

func TestOpenRefusesAnExposedFolder(t *testing.T) {
	t.Parallel()
	for _, mode := range []fs.FileMode{0o770, 0o702, 0o777 | fs.ModeSticky} {
		dir := private(t)
		mkdir(t, dir, mode)
		_, err := store.Open(t.Context(), urlIn(dir), store.Options{})
		if !errors.Is(err, store.ErrExposed) || !strings.Contains(err.Error(), "chmod go-w "+dir) {
			t.Errorf("mode %v: %v, want ErrExposed and what to run", mode, err)
		}
	}
}

// TestOpenRefusesAFolderBelowAnExposedOne: whoever can rename the folder can put
// another in its place. /tmp is everybody's too, but sticky.
func TestOpenRefusesAFolderBelowAnExposedOne(t *testing.T) {
	t.Parallel()
	above := private(t)
	dir := filepath.Join(above, "a", "state")
	mkdir(t, dir, 0o700)
	for mode, want := range map[fs.FileMode]error{
		0o707: store.ErrExposed, 0o777: store.ErrExposed, 0o777 | fs.ModeSticky: nil, 0o775: nil,
	} {
		if err := os.Chmod(above, mode); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(t.Context(), urlIn(dir), store.Options{})
		if !errors.Is(err, want) || err != nil && !strings.Contains(err.Error(), "run: chmod o-w "+above) {
			t.Errorf("below mode %v: %v, want %v", mode, err, want)
		}
		if err == nil {
			s.Close()
		}
	}
}

// TestOpenRefusesTheFolderOfAnother: root could write there, and would lock its
// owner out.
func TestOpenRefusesTheFolderOfAnother(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	dir := filepath.Join(private(t), "state")
	mkdir(t, dir, 0o700)
	if err := os.Chown(dir, 65534, -1); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(t.Context(), urlIn(dir), store.Options{})
	if !errors.Is(err, store.ErrForeign) || !strings.Contains(err.Error(), "sudo -u '#65534' acmsync") {
		t.Errorf("%v, want ErrForeign and what to run", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("made %v there", entries)
	}
}

// TestOpenUnusableFolder puts files in the way of folders, which stops root too.
func TestOpenUnusableFolder(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	blocker := filepath.Join(top, "file")
	if err := os.WriteFile(blocker, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken := filepath.Join(top, "taken")
	mkdir(t, filepath.Join(taken, "acmsync.db"), 0o700)
	for _, dir := range []string{blocker, filepath.Join(blocker, "state"), taken, "/proc/acmsync"} {
		_, err := store.Open(t.Context(), urlIn(dir), store.Options{})
		var folder *store.FolderError
		if !errors.As(err, &folder) || !strings.HasPrefix(err.Error(), "store.url: ") {
			t.Errorf("%s: %v, want a FolderError that names the setting", dir, err)
		}
	}
}

func TestOpenRefusesANewerSchema(t *testing.T) {
	t.Parallel()
	dir := private(t)
	if err := open(t, urlIn(dir)).Close(); err != nil {
		t.Fatal(err)
	}
	raw(t, dir, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
	for _, o := range []store.Options{{}, {ReadOnly: true}} {
		_, err := store.Open(t.Context(), urlIn(dir), o)
		if !errors.Is(err, store.ErrSchema) {
			t.Errorf("%+v: %v, want ErrSchema", o, err)
		}
	}
}

// TestOpenSideBySide: whoever comes second finds the tables made.
func TestOpenSideBySide(t *testing.T) {
	t.Parallel()
	url := urlIn(private(t))
	opened := make(chan error)
	const n = 8
	for range n {
		go func() {
			s, err := store.Open(t.Context(), url, store.Options{})
			if err == nil {
				err = s.Close()
			}
			opened <- err
		}()
	}
	for range n {
		if err := <-opened; err != nil {
			t.Error(err)
		}
	}
}

func TestNotADatabase(t *testing.T) {
	t.Parallel()
	dir := private(t)
	mkdir(t, dir, 0o700)
	if err := os.WriteFile(filepath.Join(dir, "acmsync.db"), bytes.Repeat([]byte("not a database\n"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, o := range []store.Options{{}, {ReadOnly: true}} {
		_, err := store.Open(t.Context(), urlIn(dir), o)
		if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "acmsync.db")) {
			t.Errorf("%+v: %v, want an error that names the file", o, err)
		}
	}
}

// mkdir makes a folder of exactly this mode, whatever the umask.
func mkdir(t *testing.T, dir string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
}

// raw runs SQL on the database behind the store's back.
func raw(t *testing.T, dir, query string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "acmsync.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	result, err := db.ExecContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%s touched %d rows (%v)", query, n, err)
	}
}

// hinder holds a reading transaction open on the database until it is
// released.
func hinder(t *testing.T, url string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", strings.TrimPrefix(url, "sqlite://"))
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := tx.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM domains`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := errors.Join(tx.Rollback(), db.Close()); err != nil {
			t.Error(err)
		}
	}
}
