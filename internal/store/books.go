package store

import (
	"context"
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

// Entry is an entry in the books of the CAs' limits. It is made within the
// transaction of its change, so that of two who spend at once the second sees
// what the first left.
type Entry struct {
	// Buckets are those that Book needs to see.
	Buckets []record.Bucket
	// Book returns the buckets that change. Its error fails the change. It must
	// not use the store, and may be called again.
	Book func(record.Ledger) (record.Ledger, error)
}

// saveBooks logs the requests and debits the buckets.
func saveBooks(ctx context.Context, tx *transaction, c Change) error {
	for _, r := range c.Requests {
		cols := requestColumns(&r)
		if _, err := tx.ExecContext(ctx, insertion("requests", cols), values(cols)...); err != nil {
			return err
		}
	}
	if c.Entry == nil {
		return nil
	}
	books, err := readBuckets(ctx, tx, c.Entry.Buckets)
	if err != nil {
		return err
	}
	changed, err := c.Entry.Book(books)
	if err != nil {
		return err
	}
	for bucket, fullAt := range changed {
		if err := writeBucket(ctx, tx, bucket, fullAt); err != nil {
			return err
		}
	}
	return nil
}

// readBuckets finds each bucket by the ledger's key.
func readBuckets(ctx context.Context, tx *transaction, buckets []record.Bucket) (record.Ledger, error) {
	out := make(record.Ledger)
	for _, b := range buckets {
		var fullAt time.Time
		err := tx.QueryRowContext(ctx, `SELECT full_at FROM ledger
			WHERE directory = $1 AND account = $2 AND limit_name = $3 AND bucket_key = $4`, values(bucketColumns(&b))...).Scan(timeAt{&fullAt})
		switch {
		case noRows(err):
		case err != nil:
			return nil, err
		default:
			out[b] = fullAt
		}
	}
	return out, nil
}

func writeBucket(ctx context.Context, tx *transaction, b record.Bucket, fullAt time.Time) error {
	if fullAt.IsZero() {
		return nil
	}
	cols := append(bucketColumns(&b), column{"full_at", timeAt{&fullAt}})
	_, err := tx.ExecContext(ctx, insertion("ledger", cols)+`
		ON CONFLICT (directory, account, limit_name, bucket_key) DO UPDATE SET full_at = excluded.full_at`, values(cols)...)
	return err
}

// Ledger returns what the books say of these buckets. One that is missing is
// full.
func (s *Store) Ledger(ctx context.Context, buckets ...record.Bucket) (record.Ledger, error) {
	var out record.Ledger
	err := s.view(ctx, "reading the ledger", func(tx *transaction) (err error) {
		out, err = readBuckets(ctx, tx, buckets)
		return err
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
