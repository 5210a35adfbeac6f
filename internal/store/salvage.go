package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Salvaged is what became of a damaged database.
type Salvaged struct {
	// Broken is where the damaged database lies now.
	Broken string
	// Rows is how many could be read, over all tables.
	Rows int
	// Mended says, by row, what had to be left out or made anew.
	Mended []Damage
}

// Salvage builds a new database from what can be read of the one at url and
// puts it in its place. The damaged one is kept beside it. Every row that can
// be read is taken over; one that does not make sense is taken back to what
// its intact parts say, without losing a certificate whose key fits. Desired
// state is admitted anew by the next pass. [ErrBusy]: another process is at
// work on the store.
//
// Whatever fails before the end leaves everything as it was.
func Salvage(ctx context.Context, url string, now time.Time) (Salvaged, error) {
	path, err := location(url)
	if err != nil || path == "" {
		return Salvaged{}, errors.Join(err, errors.New("store.url: a store in memory cannot be rebuilt"))
	}
	unlock, err := lockFolder(ctx, filepath.Dir(path))
	if err != nil {
		return Salvaged{}, err
	}
	defer unlock()
	if err := finishExchange(path); err != nil {
		return Salvaged{}, &DiskError{path, err, "put " + rebuilt(path) + " in its place by hand"}
	}
	if newSession(path).alive() || openElsewhere(path) {
		return Salvaged{}, fmt.Errorf("%s: %w: stop acmsync first", path, ErrBusy)
	}
	fresh := rebuilt(path)
	if err := removeDatabase(fresh); err != nil {
		return Salvaged{}, &DiskError{path, err, "remove it by hand"}
	}
	out := Salvaged{Broken: path + ".broken-" + now.UTC().Format("20060102T150405Z")}
	if err := out.rebuild(ctx, path, fresh, now); err != nil {
		return Salvaged{}, errors.Join(fmt.Errorf("rebuilding %s: %w", path, err), removeDatabase(fresh))
	}
	if err := exchange(path, fresh, out.Broken); err != nil {
		return Salvaged{}, &DiskError{path, err, "see which of its files were renamed to *.broken-*"}
	}
	return out, nil
}

// alive reports whether a session of the store has a process that lives.
func (s *session) alive() bool {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool { return !s.gone("/" + e.Name()) })
}

// rebuild makes the new database with the schema that the damaged one has, so
// that migrations treat its rows as they would have in place.
func (out *Salvaged) rebuild(ctx context.Context, path, fresh string, now time.Time) error {
	if err := prepareFile(fresh); err != nil {
		return err
	}
	from, _, err := connect(path, true)
	if err != nil {
		return err
	}
	defer from.Close()
	version, err := versionOf(ctx, from)
	if errors.Is(err, ErrSchema) {
		return err
	}
	if err != nil || version < 1 { // that cannot be read either
		version = schemaVersion
	}
	write, read, err := connect(fresh, false)
	if err != nil {
		return err
	}
	s := &Store{path: fresh, write: write, read: read, session: newSession(fresh), batches: newBatches()}
	return errors.Join(out.fill(ctx, from, s, version, now), s.Close())
}

func (out *Salvaged) fill(ctx context.Context, from *sql.DB, s *Store, version int64, now time.Time) error {
	if err := migrateTo(ctx, s.write, version); err != nil {
		return err
	}
	// Rows may come without the one they belong to; mend looks for those.
	if _, err := s.write.ExecContext(ctx, "PRAGMA foreign_keys = OFF"); err != nil {
		return err
	}
	if err := s.change(ctx, "taking rows over", func(tx *transaction) error { return out.takeAll(ctx, from, tx) }); err != nil {
		return err
	}
	if err := migrate(ctx, s.write); err != nil {
		return err
	}
	return s.change(ctx, "mending rows", func(tx *transaction) error { return out.mend(ctx, tx, now) })
}

func (out *Salvaged) takeAll(ctx context.Context, from *sql.DB, to *transaction) error {
	tables, err := tablesOf(ctx, to)
	if err != nil {
		return err
	}
	for _, table := range tables {
		n, err := takeOver(ctx, from, to, table)
		if err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
		out.Rows += n
	}
	return nil
}

// takeOver copies the rows of a table that can be read. The scan ends at the
// first damaged page; from there each row is asked for alone.
func takeOver(ctx context.Context, from *sql.DB, to *transaction, table string) (n int, err error) {
	cols, err := columnsOf(ctx, to, table)
	if err != nil {
		return 0, err
	}
	c := copying{to: to, table: table, cols: cols}
	query := fmt.Sprintf("SELECT rowid, %s FROM %s", strings.Join(cols, ", "), table)
	broken := each(ctx, from, query+" ORDER BY rowid", nil, c.row(ctx))
	if broken == nil || c.err != nil || ctx.Err() != nil {
		return c.n, errors.Join(c.err, ctx.Err())
	}
	one, err := from.PrepareContext(ctx, query+" WHERE rowid = $1")
	if err != nil { // not even the schema can be read
		return c.n, ctx.Err()
	}
	defer one.Close()
	for id, end := c.last+1, lastRow(ctx, from, table, c.last); id <= end && c.err == nil && ctx.Err() == nil; id++ {
		_ = eachOf(ctx, one, id, c.row(ctx))
	}
	return c.n, errors.Join(c.err, ctx.Err())
}

func eachOf(ctx context.Context, one *sql.Stmt, id int64, fn func(scanner) error) error {
	rows, err := one.QueryContext(ctx, id)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// lastRow is the highest row id of a table, as far as it is worth looking: a
// damaged page may claim any number.
func lastRow(ctx context.Context, from *sql.DB, table string, seen int64) int64 {
	const beyond = 5_000
	last := seen + beyond
	var said int64
	if err := from.QueryRowContext(ctx, "SELECT COALESCE(MAX(rowid), 0) FROM "+table).Scan(&said); err == nil && said > seen {
		last = min(last, said)
	}
	return last
}

// copying is one table on its way.
type copying struct {
	to    *transaction
	table string
	cols  []string
	last  int64
	n     int
	err   error // of the new database
}

func (c *copying) row(ctx context.Context) func(scanner) error {
	insert := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s) ON CONFLICT DO NOTHING", c.table, strings.Join(c.cols, ", "), marks(1, len(c.cols)))
	return func(scan scanner) error {
		var id int64
		values := make([]any, len(c.cols))
		dest := []any{&id}
		for i := range values {
			dest = append(dest, &values[i])
		}
		if err := scan(dest...); err != nil {
			return err
		}
		c.last = id
		if _, err := c.to.ExecContext(ctx, insert, values...); err != nil {
			if isConstraint(err) { // a row that never was one of ours
				return nil
			}
			c.err = err
			return err
		}
		c.n++
		return nil
	}
}

func columnsOf(ctx context.Context, tx *transaction, table string) (cols []string, err error) {
	err = each(ctx, tx, "SELECT name FROM pragma_table_info('"+table+"')", nil, func(scan scanner) error {
		var name string
		err := scan(&name)
		cols = append(cols, name)
		return err
	})
	return cols, err
}
