package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// transaction runs statements that were prepared before where it can: parsing
// one takes longer than carrying it out.
type transaction struct {
	tx       *sql.Tx
	prepared *statements
	// ctx, if not nil, stands in for the context of every statement. What
	// interrupts a statement undoes the whole transaction, and in a batch that
	// would be other people's work.
	ctx context.Context
}

func (t *transaction) context(ctx context.Context) context.Context {
	if t.ctx != nil {
		return t.ctx
	}
	return ctx
}

func (t *transaction) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx = t.context(ctx)
	if stmt := t.prepared.find(query); stmt != nil {
		return t.tx.StmtContext(ctx, stmt).ExecContext(ctx, args...)
	}
	return t.tx.ExecContext(ctx, query, args...)
}

func (t *transaction) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx = t.context(ctx)
	if stmt := t.prepared.find(query); stmt != nil {
		return t.tx.StmtContext(ctx, stmt).QueryContext(ctx, args...)
	}
	return t.tx.QueryContext(ctx, query, args...)
}

func (t *transaction) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	ctx = t.context(ctx)
	if stmt := t.prepared.find(query); stmt != nil {
		return t.tx.StmtContext(ctx, stmt).QueryRowContext(ctx, args...)
	}
	return t.tx.QueryRowContext(ctx, query, args...)
}

func (t *transaction) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return t.tx.PrepareContext(t.context(ctx), query)
}

// maxPrepared bounds the statements of a pool. There are a few dozen; those
// with a list of keys come in many lengths.
const maxPrepared = 128

// statements are the prepared statements of a pool. A transaction cannot make
// them, as it has the pool's one connection: it asks, and the next finds them.
type statements struct {
	mu    sync.Mutex
	made  map[string]*sql.Stmt
	asked []string
}

func (s *statements) find(query string) *sql.Stmt {
	s.mu.Lock()
	defer s.mu.Unlock()
	stmt, known := s.made[query]
	if !known && len(s.made) < maxPrepared {
		if s.made == nil {
			s.made = make(map[string]*sql.Stmt)
		}
		s.made[query] = nil
		s.asked = append(s.asked, query)
	}
	return stmt
}

// prepare makes what was asked for. What cannot be prepared goes on without.
func (s *statements) prepare(ctx context.Context, db *sql.DB) {
	s.mu.Lock()
	asked := s.asked
	s.asked = nil
	s.mu.Unlock()
	for _, query := range asked {
		stmt, err := db.PrepareContext(ctx, query)
		s.mu.Lock()
		if err == nil {
			s.made[query] = stmt
		} else {
			delete(s.made, query)
		}
		s.mu.Unlock()
	}
}

// inTx runs fn in a transaction.
func inTx(ctx context.Context, db *sql.DB, s *statements, o *sql.TxOptions, fn func(*transaction) error) error {
	s.prepare(ctx, db)
	tx, err := db.BeginTx(ctx, o)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // if fn panics, the connection is free again
	if err := fn(&transaction{tx: tx, prepared: s}); err != nil {
		// Once the context has ended, database/sql has rolled back by itself.
		if undo := tx.Rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) {
			return errors.Join(err, undo)
		}
		return err
	}
	return tx.Commit()
}
