package store_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"reflect"
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
	schema(t, dir, func(p *goose.Provider) error {
		_, err := p.UpTo(t.Context(), 1)
		return err
	})
	const row = `INSERT INTO domains (key, names, app, mode, challenge, target, refresh, rekey, entry, frozen, held, hold_hash, hold_why,
		generation, state, checks, attempts, reason, foreign_thumbprint, handled_refresh, handled_rekey, handled_entry, owner, epoch, lease_until, due_at)
		VALUES ('a.example', '["a.example"]', 'a', 'auto', 'http-01', '', '', '', '', 0, 0, '', '', 1, 'Failing', '{}', 3, '', 0, '', '', '', '', 4294967296, 0, 1)`
	raw(t, dir, row)
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

// schema moves the schema of a closed store to another version.
func schema(t *testing.T, dir string, move func(*goose.Provider) error) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "acmsync.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if err := move(p); err != nil {
		t.Fatal(err)
	}
}

// withoutOrigins is a store that was written before certificates said where
// they come from: one row has a certificate of a CA, one its owner's.
func withoutOrigins(t *testing.T) (dir string, want map[string]record.Pair) {
	t.Helper()
	dir = private(t)
	s, err := store.Open(t.Context(), urlIn(dir), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want = map[string]record.Pair{"ca.example": issue(t, "ca.example"), "own.example": own(t, "own.example")}
	admitNames(t, s, "ca.example", "own.example")
	for _, l := range claim(t, s, noon) {
		p, d := want[l.Key], l.Domain
		d.Certificate, d.Due = &p.Certificate, noon.Add(time.Hour)
		save(t, s, l, store.Change{Domain: d, Pair: &p})
		release(t, s, l, d)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	schema(t, dir, func(p *goose.Provider) error {
		_, err := p.DownTo(t.Context(), 3)
		return err
	})
	return dir, want
}

// wantPairs checks that the store has the pairs, with their origins.
func wantPairs(t *testing.T, s *store.Store, want map[string]record.Pair) {
	t.Helper()
	for key, d := range domains(t, s) {
		p := want[key]
		if d.Certificate == nil || !reflect.DeepEqual(*d.Certificate, p.Certificate) {
			t.Errorf("%s has %+v, want %+v", key, d.Certificate, p.Certificate)
		}
		if got, err := s.Pair(t.Context(), p.SHA256); err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("the pair of %s: %v, %v", key, got, err)
		}
	}
	if n := len(domains(t, s)); n != len(want) {
		t.Errorf("%d rows, want %d", n, len(want))
	}
}

// Until schema 4 a certificate without a directory was one that its owner had
// brought along.
func TestMigrateOrigins(t *testing.T) {
	t.Parallel()
	dir, want := withoutOrigins(t)
	wantPairs(t, open(t, urlIn(dir)), want)
}

// Who had a certificate before schema 7 needs no proof of whose the name is; one
// that was brought along never made it anybody's.
func TestMigrateProven(t *testing.T) {
	t.Parallel()
	dir, _ := withoutOrigins(t)
	all := domains(t, open(t, urlIn(dir)))
	if got, want := all["ca.example"].Proven, (record.Proven{App: all["ca.example"].App}); got != want || want.App == "" {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := all["own.example"].Proven; got != (record.Proven{}) {
		t.Errorf("%+v for what was brought along", got)
	}
}

// A damaged store may be of that time.
func TestSalvageOrigins(t *testing.T) {
	t.Parallel()
	dir, want := withoutOrigins(t)
	out, err := store.Salvage(t.Context(), urlIn(dir), noon)
	if err != nil || len(out.Mended) > 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	wantPairs(t, open(t, urlIn(dir)), want)
}
