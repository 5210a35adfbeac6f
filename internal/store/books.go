package store

import (
	"context"
	"fmt"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// Request is one request that was made to a CA.
type Request struct {
	At        time.Time
	Directory string
	// Kind is newAccount, newOrder, challenge, finalize, revoke, …
	Kind string
	// Key is the row it was made for; empty: none.
	Key string
}

func requestColumns(r *Request) []column {
	return []column{{"at", timeAt{&r.At}}, {"directory", &r.Directory}, {"kind", &r.Kind}, {"domain_key", &r.Key}}
}

func bucketColumns(b *record.Bucket) []column {
	return []column{{"directory", &b.Directory}, {"account", &b.Account}, {"limit_name", &b.Limit}, {"bucket_key", &b.Key}}
}

// saveBooks logs the requests and debits the buckets.
func saveBooks(ctx context.Context, tx *transaction, c Change) error {
	for _, r := range c.Requests {
		cols := requestColumns(&r)
		if _, err := tx.ExecContext(ctx, insertion("requests", cols), values(cols)...); err != nil {
			return err
		}
	}
	for bucket, fullAt := range c.Spent {
		if c.Seen != nil {
			if err := unmoved(ctx, tx, bucket, c.Seen[bucket]); err != nil {
				return err
			}
		}
		if err := book(ctx, tx, bucket, fullAt, c.Seen != nil); err != nil {
			return err
		}
	}
	return nil
}

func unmoved(ctx context.Context, tx *transaction, b record.Bucket, seen time.Time) error {
	var is time.Time
	err := tx.QueryRowContext(ctx, `SELECT full_at FROM ledger
		WHERE directory = $1 AND account = $2 AND limit_name = $3 AND bucket_key = $4`, values(bucketColumns(&b))...).Scan(timeAt{&is})
	if err != nil && !noRows(err) {
		return err
	}
	if !is.Equal(stored(seen)) {
		return fmt.Errorf("%w: %s %s", ErrLedgerMoved, b.Limit, b.Key)
	}
	return nil
}

// book writes when a bucket is full again. Whoever has seen what it replaces
// may also give tokens back; else the later time wins, so that of two who spend
// at once neither undoes the other.
func book(ctx context.Context, tx *transaction, b record.Bucket, fullAt time.Time, seen bool) error {
	if fullAt.IsZero() {
		return nil
	}
	cols := append(bucketColumns(&b), column{"full_at", timeAt{&fullAt}})
	query := insertion("ledger", cols) + `
		ON CONFLICT (directory, account, limit_name, bucket_key) DO UPDATE SET full_at = excluded.full_at`
	if !seen {
		query += " WHERE ledger.full_at < excluded.full_at"
	}
	_, err := tx.ExecContext(ctx, query, values(cols)...)
	return err
}

// Ledger returns the books of all CAs.
func (s *Store) Ledger(ctx context.Context) (record.Ledger, error) {
	out := make(record.Ledger)
	query := "SELECT full_at, " + list(bucketColumns(new(record.Bucket))) + " FROM ledger"
	err := s.view(ctx, "reading the ledger", func(tx *transaction) error {
		return each(ctx, tx, query, nil, func(scan scanner) error {
			var b record.Bucket
			var fullAt time.Time
			err := scan(append([]any{timeAt{&fullAt}}, values(bucketColumns(&b))...)...)
			out[b] = fullAt
			return err
		})
	})
	return out, err
}

// Requests returns the requests made at or after since, oldest first.
func (s *Store) Requests(ctx context.Context, since time.Time) ([]Request, error) {
	var out []Request
	query := "SELECT " + list(requestColumns(new(Request))) + " FROM requests WHERE at >= $1 ORDER BY at, kind, domain_key"
	err := s.view(ctx, "reading the log of requests", func(tx *transaction) error {
		return each(ctx, tx, query, []any{since.UnixMicro()}, func(scan scanner) error {
			var r Request
			err := scan(values(requestColumns(&r))...)
			out = append(out, r)
			return err
		})
	})
	return out, err
}

// Prune deletes what nobody needs any more: requests and closed orders from
// before the time, and buckets that were full by then.
func (s *Store) Prune(ctx context.Context, before time.Time) error {
	return s.change(ctx, "pruning old records", func(tx *transaction) error {
		for _, query := range []string{
			`DELETE FROM requests WHERE at < $1`,
			`DELETE FROM orders WHERE NOT open AND opened_at < $1`,
			`DELETE FROM ledger WHERE full_at < $1`,
		} {
			if _, err := tx.ExecContext(ctx, query, before.UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	})
}

// stored is a time as it comes back from the database.
func stored(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMicro(t.UnixMicro()).UTC()
}
