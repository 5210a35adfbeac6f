package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// All that is SQLite's own stands in this file; the rest of the package speaks
// what SQLite and PostgreSQL share ($1 placeholders, upserts, RETURNING,
// partial indexes, IS DISTINCT FROM).

// dbNow is the database's clock in microseconds. Leases end by it, so that the
// clocks of several machines need not agree.
const dbNow = `CAST(unixepoch('subsec') * 1000000 AS BIGINT)`

const gooseDialect = goose.DialectSQLite3

// busyTimeout is how long a writer waits for another process's transaction.
// It is shorter than the time a stopping program is given.
const busyTimeout = 5 * time.Second

// The sizes of the two pools.
const (
	writers = 1
	readers = 4
)

// connect opens a writing pool of one connection, since SQLite has one writer
// and queueing here is fair and quick where its busy handler sleeps, and a
// reading pool, which the write-ahead log keeps from waiting for the writer.
func connect(path string, readOnly bool) (write, read *sql.DB, err error) {
	if path == "" {
		write, err = pool("file::memory:", 1)
		return write, write, err
	}
	if readOnly {
		read, err = pool(readOnlyName(path), 2)
		return read, read, err
	}
	// WAL: readers and the writer do not wait for each other. FULL: a commit
	// is on disk before the request to the CA that it stands for is sent.
	dsn := fileName(path) + "?_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
	if write, err = pool(dsn, writers); err != nil {
		return nil, nil, err
	}
	if read, err = pool(dsn, readers); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	return write, read, nil
}

func fileName(path string) string {
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String()
}

// readOnlyName keeps a reader from leaving files behind: SQLite makes -wal
// and -shm even for a read-only connection, unless it is told that the file is
// immutable. Without a -wal no process has the database open, so it is.
func readOnlyName(path string) string {
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
		return fileName(path) + "?mode=ro&immutable=1"
	}
	return fileName(path) + "?mode=ro"
}

// copyInto makes db, which is in memory, a copy of the database at path.
func copyInto(ctx context.Context, db *sql.DB, path string) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(raw any) error {
		to, ok := raw.(interface {
			NewRestore(name string) (*sqlite.Backup, error)
		})
		if !ok {
			return errors.ErrUnsupported
		}
		b, err := to.NewRestore(readOnlyName(path))
		if err != nil {
			return err
		}
		_, err = b.Step(-1) // all of it
		return errors.Join(err, b.Finish())
	})
}

func pool(dsn string, size int) (*sql.DB, error) {
	sep := "?"
	if strings.Contains(dsn, "?") {
		sep = "&"
	}
	// secure_delete: a key that was deleted is overwritten, not just unlinked.
	pragmas := fmt.Sprintf("_pragma=busy_timeout(%d)&_pragma=foreign_keys(1)&_pragma=secure_delete(1)", busyTimeout.Milliseconds())
	db, err := sql.Open("sqlite", dsn+sep+pragmas)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

// translated puts the engine's own conditions into this package's errors; path
// is the database's.
func translated(path string, err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%w (waited %v): %w", ErrBusy, busyTimeout, err)
	case sqlite3.SQLITE_CONSTRAINT:
		if strings.Contains(e.Error(), "orders.directory, orders.names_key") {
			return fmt.Errorf("%w: %w", ErrOpenIntent, err)
		}
	case sqlite3.SQLITE_FULL:
		return &DiskError{path, err, "make room there"}
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return &DiskError{path, err, "let acmsync's user write to that folder and file system"}
	case sqlite3.SQLITE_IOERR:
		return &DiskError{path, err, "look at the disk and its file system (the kernel's log says more)"}
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return &CorruptError{path, err}
	}
	return err
}

// openedReadOnly reports whether a connection could not write because of how it
// was opened.
func openedReadOnly(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_READONLY
}

// isConstraint reports whether a row broke a rule of the schema.
func isConstraint(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_CONSTRAINT
}

// integrity is the engine's own check (https://sqlite.org/pragma.html,
// integrity_check), which reads every page; it returns what is wrong.
func integrity(ctx context.Context, q querier) (wrong []string, err error) {
	const most = 5
	err = each(ctx, q, fmt.Sprintf("PRAGMA integrity_check(%d)", most), nil, func(scan scanner) error {
		var said string
		err := scan(&said)
		if err == nil && said != "ok" {
			wrong = append(wrong, said)
		}
		return err
	})
	return wrong, err
}

// tablesOf are the tables of our schema, each after those it refers to.
func tablesOf(ctx context.Context, q querier) (tables []string, err error) {
	const query = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%' ORDER BY rowid`
	err = each(ctx, q, query, nil, func(scan scanner) error {
		var name string
		err := scan(&name)
		tables = append(tables, name)
		return err
	})
	return tables, err
}

// present reports whether a table exists.
func present(ctx context.Context, db *sql.DB, table string) (bool, error) {
	var n int
	err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $1`, table).Scan(&n)
	return n > 0, err
}
