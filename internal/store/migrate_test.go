package store_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

// A store that an earlier acmsync wrote is brought up to date as it is opened,
// and what was in it is there.
func TestMigrateFromTheFirstSchema(t *testing.T) {
	t.Parallel()
	dir := firstSchema(t)
	s := open(t, urlIn(dir))
	l := claimOne(t, s)
	if l.Domain.Attempt.Count != 3 || l.Domain.Notice != (record.Notice{}) {
		t.Fatalf("%+v", l.Domain)
	}
	d := l.Domain
	d.Notice = record.Notice{Began: noon, Told: noon.Add(72 * time.Hour), Reason: "domain-not-found"}
	save(t, s, l, store.Change{Domain: d})
	s.Close()
	if rows, _, err := open(t, urlIn(dir)).Domains(t.Context()); err != nil || rows[0].Notice != d.Notice {
		t.Errorf("%+v, %v, want the notice after a restart", rows, err)
	}
}

// firstSchema is a folder with a store as the first acmsync wrote it, of one
// row.
func firstSchema(t *testing.T) (dir string) {
	t.Helper()
	dir = private(t)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "acmsync.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	const row = `INSERT INTO domains (key, names, app, mode, challenge, target, refresh, rekey, entry, frozen, held, hold_hash, hold_why,
		generation, state, checks, attempts, reason, foreign_thumbprint, handled_refresh, handled_rekey, handled_entry, owner, epoch, lease_until, due_at)
		VALUES ('a.example', '["a.example"]', 'a', 'auto', 'http-01', '', '', '', '', 0, 0, '', '', 1, 'Failing', '{}', 3, '', 0, '', '', '', '', 4294967296, 0, 1)`
	if _, err := db.ExecContext(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Reading a store that an earlier acmsync wrote shows what is in it, and leaves
// it to whoever writes to migrate it.
func TestReadAnEarlierSchema(t *testing.T) {
	t.Parallel()
	dir := firstSchema(t)
	before := snapshot(t, dir)
	if d := domains(t, openReadOnly(t, urlIn(dir)))["a.example"]; d.Attempt.Count != 3 {
		t.Errorf("read as %+v", d)
	}
	if in, err := store.Inspect(t.Context(), urlIn(dir)); err != nil || len(in.Domains) != 1 || len(in.Damage) > 0 {
		t.Errorf("inspected: %+v, %v", in, err)
	}
	if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
		t.Errorf("reading changed files:\n%s", diff)
	}
}
