package store

import (
	"context"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

const (
	limitedQuery = `SELECT key FROM domains WHERE rate_limited_until > 0`
	dueKeysQuery = `SELECT key FROM domains WHERE due_at <= $1`

	dueAfterQuery = `SELECT key FROM domains WHERE due_at > $1`

	callQuery = `UPDATE domains SET due_at = $2 WHERE key = $1 AND due_at > $2 AND lease_until <= ` + dbNow

	// loadedAtOnce bounds the placeholders of one statement.
	loadedAtOnce = 500
)

// Contenders returns the rows that may want something of the CA now, sorted by
// key: those that are due, and those that wait for a limit of it. Rows that
// cannot be decoded are left out.
func (s *Store) Contenders(ctx context.Context, now time.Time) ([]record.Domain, error) {
	var out []record.Domain
	err := s.view(ctx, "looking for who waits for the CA's limits", func(tx *transaction) error {
		keys, err := contenders(ctx, tx, now)
		if err == nil {
			out, err = decodable(ctx, tx, keys)
		}
		return err
	})
	return out, err
}

// decodable are the rows of these keys that can be decoded.
func decodable(ctx context.Context, tx *transaction, keys []string) (out []record.Domain, err error) {
	for some := range slices.Chunk(keys, loadedAtOnce) {
		rows, err := load(ctx, tx, some)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if r.err == nil {
				out = append(out, r.domain)
			}
		}
	}
	return out, nil
}

func contenders(ctx context.Context, tx *transaction, now time.Time) ([]string, error) {
	var keys []string
	add := func(scan scanner) error {
		var key string
		err := scan(&key)
		keys = append(keys, key)
		return err
	}
	if err := each(ctx, tx, dueKeysQuery, []any{timeAt{&now}}, add); err != nil {
		return nil, err
	}
	if err := each(ctx, tx, limitedQuery, nil, add); err != nil {
		return nil, err
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// DueAfter are the rows that are due later than a time. Rows that cannot be
// decoded are left out.
func (s *Store) DueAfter(ctx context.Context, at time.Time) (out []record.Domain, err error) {
	err = s.view(ctx, "looking for rows that are due in a distant future", func(tx *transaction) error {
		var keys []string
		err := each(ctx, tx, dueAfterQuery, []any{timeAt{&at}}, func(scan scanner) error {
			var key string
			err := scan(&key)
			keys = append(keys, key)
			return err
		})
		if err == nil {
			out, err = decodable(ctx, tx, keys)
		}
		return err
	})
	return out, err
}

// Call makes these rows due at now, if nobody holds them and they are not due
// before.
func (s *Store) Call(ctx context.Context, keys []string, now time.Time) error {
	return s.change(ctx, "calling those whose turn has come", func(tx *transaction) error {
		for _, key := range keys {
			if _, err := tx.ExecContext(ctx, callQuery, key, timeAt{&now}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Books returns all of the ledger.
func (s *Store) Books(ctx context.Context) (record.Ledger, error) {
	out := record.Ledger{}
	query := "SELECT " + list(bucketColumns(new(record.Bucket))) + ", full_at FROM ledger"
	err := s.view(ctx, "reading the ledger", func(tx *transaction) error {
		return each(ctx, tx, query, nil, func(scan scanner) error {
			var b record.Bucket
			var fullAt time.Time
			err := scan(append(values(bucketColumns(&b)), timeAt{&fullAt})...)
			out[b] = fullAt
			return err
		})
	})
	return out, err
}
