package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
)

// Options says how to open a store.
type Options struct {
	// ReadOnly opens without writing anything, not even the files SQLite puts
	// beside a database. A database that does not exist reads as empty.
	ReadOnly bool
}

// Store is an open database. Its methods may be called concurrently.
type Store struct {
	write, read *sql.DB
	// What each pool has prepared.
	writing, reading statements

	path     string // empty: in memory
	readOnly bool
	session  *session
	batches  *batches
}

// Open opens the store at url, sqlite:///path/to/acmsync.db or [Memory], and
// brings its schema up to date. The file and, if need be, its folder are made,
// private to the user. The caller closes the store.
//
// A folder that cannot be used gives a [*FolderError].
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	path, err := location(url)
	if err != nil {
		return nil, err
	}
	if o.ReadOnly {
		return openReadOnly(ctx, path)
	}
	if path == "" {
		return openMemory(ctx)
	}
	return openFile(ctx, path)
}

func openFile(ctx context.Context, path string) (*Store, error) {
	dir := filepath.Dir(path)
	if err := prepareFolder(dir); err != nil {
		return nil, err
	}
	// Two processes that both find a new file would both make its tables.
	unlock, err := lockFolder(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := finishExchange(path); err != nil {
		return nil, &DiskError{path, err, "put " + rebuilt(path) + " in its place by hand"}
	}
	if err := prepareFile(path); err != nil {
		return nil, err
	}
	s, err := open(ctx, path)
	if err != nil {
		return nil, opening(path, "opening the store", err)
	}
	return s, nil
}

func open(ctx context.Context, path string) (*Store, error) {
	write, read, err := connect(path, false)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, write: write, read: read, session: newSession(path), batches: newBatches()}
	if err := migrate(ctx, write); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func openMemory(ctx context.Context) (*Store, error) {
	s, err := open(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("opening a store in memory: %w", err)
	}
	return s, nil
}

func openReadOnly(ctx context.Context, path string) (*Store, error) {
	there, err := exists(path)
	if err != nil {
		return nil, unusable(filepath.Dir(path), err)
	}
	s, err := openExisting(ctx, path, there)
	if err != nil {
		return nil, opening(path, "opening the store to read", err)
	}
	s.readOnly = true
	return s, nil
}

// opening is an error that names the path once.
func opening(path, what string, err error) error {
	err = translated(path, err)
	if errors.As(err, new(*DiskError)) || errors.As(err, new(*CorruptError)) {
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s %s: %w", what, path, err)
}

func openExisting(ctx context.Context, path string, there bool) (*Store, error) {
	if !there {
		return openMemory(ctx)
	}
	write, read, err := connect(path, true)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, write: write, read: read, session: newSession(path), batches: newBatches()}
	version, err := versionOf(ctx, read)
	if err == nil && version == schemaVersion {
		return s, nil
	}
	if err = errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	if version > 0 {
		return openOlder(ctx, path)
	}
	return openMemory(ctx)
}

// Close lets go of the store and of every lease that this Store still holds.
func (s *Store) Close() error {
	err := s.write.Close()
	if s.read != s.write {
		err = errors.Join(err, s.read.Close())
	}
	// Last, so that nobody takes over while a transaction is under way.
	return errors.Join(err, s.session.close())
}

// Checkpoint returns when everything written so far would survive the loss of
// this machine's memory. Committed SQL already does.
func (s *Store) Checkpoint(ctx context.Context) error { return ctx.Err() }

// translated is the package's function, and lets go of connections that were
// opened while the file system was read-only: they would stay so after it is
// mended. Those that can write are kept whatever happens, since a new one may
// need a write to be opened.
func (s *Store) translated(err error) error {
	if openedReadOnly(err) && s.path != "" {
		s.write.SetMaxIdleConns(0)
		s.write.SetMaxIdleConns(writers)
	}
	return translated(s.path, err)
}

// change runs fn in a writing transaction. what says what is being done, for
// the error.
func (s *Store) change(ctx context.Context, what string, fn func(*transaction) error) error {
	if s.readOnly {
		return fmt.Errorf("%s: %w", what, ErrReadOnly)
	}
	if err := inTx(ctx, s.write, &s.writing, nil, fn); err != nil {
		return fmt.Errorf("%s: %w", what, s.translated(err))
	}
	return nil
}

// step is change for the many small changes of work under way, which may share
// one wait for the disk.
func (s *Store) step(ctx context.Context, what string, fn func(*transaction) error) error {
	if s.readOnly {
		return fmt.Errorf("%s: %w", what, ErrReadOnly)
	}
	if err := s.batched(ctx, fn); err != nil {
		return fmt.Errorf("%s: %w", what, s.translated(err))
	}
	return nil
}

// view runs fn in a transaction that sees one state of the database.
func (s *Store) view(ctx context.Context, what string, fn func(*transaction) error) error {
	if err := inTx(ctx, s.read, &s.reading, &sql.TxOptions{ReadOnly: true}, fn); err != nil {
		return fmt.Errorf("%s: %w", what, s.translated(err))
	}
	return nil
}
