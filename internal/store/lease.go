package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// Lease is the right to write one row's progress. It is a value: copies are
// the same lease.
type Lease struct {
	Key string
	// Owner is who claimed it, with the session; Epoch counts the row's claims.
	Owner string
	Epoch int64
	// Domain is the row as it was claimed.
	Domain record.Domain
}

// quarantine is how long an unreadable row is left alone.
const quarantine = time.Hour

// Claim takes leases on at most limit rows that are due at now and that nobody
// holds, the longest due first, then by key. They last ttl by the database's
// clock unless they are extended.
//
// Rows that cannot be decoded are put off for an hour; [Store.Domains] names
// them.
func (s *Store) Claim(ctx context.Context, owner string, now time.Time, limit int, ttl time.Duration) ([]Lease, error) {
	if s.readOnly {
		return nil, fmt.Errorf("claiming due domains: %w", ErrReadOnly)
	}
	// Most passes find nothing, and need not take the write lock to know.
	if due, err := s.due(ctx, now); err != nil || !due || limit <= 0 {
		return nil, err
	}
	if err := s.session.begin(); err != nil {
		return nil, err
	}
	var out []Lease
	err := s.step(ctx, "claiming due domains", func(tx *transaction) (err error) {
		if err := s.expire(ctx, tx, now); err != nil {
			return err
		}
		out, err = claim(ctx, tx, s.session.owner(owner), now, limit, ttl)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Store) due(ctx context.Context, now time.Time) (due bool, err error) {
	err = s.view(ctx, "looking for due domains", func(tx *transaction) error {
		return tx.QueryRowContext(ctx, dueQuery, timeAt{&now}).Scan(&due)
	})
	return due, err
}

// What a pass asks when there may be nothing to do. All of it is found by the
// index on due_at, so that it costs what is due and not what exists.
const (
	dueQuery = `SELECT EXISTS (SELECT 1 FROM domains WHERE due_at <= $1)`

	// In one statement, so that no two claims see the same free row.
	claimQuery = `
		UPDATE domains SET owner = $1, epoch = epoch + 1, lease_until = ` + dbNow + ` + $2
		WHERE key IN (
			SELECT key FROM domains
			WHERE due_at <= $3 AND lease_until <= ` + dbNow + `
			ORDER BY due_at, key LIMIT $4)
		RETURNING key, epoch`

	holdersQuery = `
		SELECT owner, COUNT(*) FROM domains
		WHERE due_at <= $1 AND lease_until > ` + dbNow + ` GROUP BY owner`

	nextQuery = `
		SELECT due_at FROM domains
		WHERE due_at IS NOT NULL AND lease_until <= ` + dbNow + `
		ORDER BY due_at LIMIT 1`
)

func claim(ctx context.Context, tx *transaction, owner string, now time.Time, limit int, ttl time.Duration) ([]Lease, error) {
	epochs, keys := make(map[string]int64), only(nil)
	args := []any{owner, ttl.Microseconds(), timeAt{&now}, limit}
	err := each(ctx, tx, claimQuery, args, func(scan scanner) error {
		var key string
		var epoch int64
		err := scan(&key, &epoch)
		epochs[key], keys = epoch, append(keys, key)
		return err
	})
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	rows, err := load(ctx, tx, keys)
	if err != nil {
		return nil, err
	}
	var out []Lease
	for _, r := range rows {
		key := r.domain.Key
		if r.err != nil {
			if err := putOff(ctx, tx, key, now.Add(quarantine)); err != nil {
				return nil, err
			}
			continue
		}
		out = append(out, Lease{Key: key, Owner: owner, Epoch: epochs[key], Domain: r.domain})
	}
	slices.SortStableFunc(out, func(a, b Lease) int {
		return cmp.Or(a.Domain.Due.Compare(b.Domain.Due), strings.Compare(a.Key, b.Key))
	})
	return out, nil
}

func putOff(ctx context.Context, tx *transaction, key string, until time.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE domains SET owner = '', lease_until = 0, due_at = $2 WHERE key = $1`, key, timeAt{&until})
	if err != nil {
		return err
	}
	return increment(ctx, tx, metaChanges) // status shows it
}

// expire ends the leases of sessions whose process is gone.
func (s *Store) expire(ctx context.Context, tx *transaction, now time.Time) error {
	owners, err := s.holders(ctx, tx, now)
	if err != nil {
		return err
	}
	for owner := range owners {
		if !s.session.gone(owner) {
			continue
		}
		// Owner stays, for whoever reads the table; the next claim counts the
		// epoch on.
		if _, err := tx.ExecContext(ctx, `UPDATE domains SET lease_until = 0 WHERE owner = $1`, owner); err != nil {
			return err
		}
	}
	return nil
}

// holders counts the due rows that each other session has a lease on.
func (s *Store) holders(ctx context.Context, tx *transaction, now time.Time) (map[string]int, error) {
	out := make(map[string]int)
	err := each(ctx, tx, holdersQuery, []any{timeAt{&now}}, func(scan scanner) error {
		var owner string
		var n int
		err := scan(&owner, &n)
		if !s.session.mine(owner) {
			out[owner] = n
		}
		return err
	})
	return out, err
}

// Busy counts the rows due at now that another live process is working on.
func (s *Store) Busy(ctx context.Context, now time.Time) (int, error) {
	n := 0
	err := s.view(ctx, "looking for domains under a lease", func(tx *transaction) error {
		owners, err := s.holders(ctx, tx, now)
		for owner, rows := range owners {
			if !s.session.gone(owner) {
				n += rows
			}
		}
		return err
	})
	return n, err
}

// NextDue returns the earliest time at which a row that nobody holds is due,
// perhaps in the past; the zero time when there is none.
func (s *Store) NextDue(ctx context.Context) (time.Time, error) {
	var next time.Time
	err := s.view(ctx, "looking for the next due time", func(tx *transaction) error {
		return tx.QueryRowContext(ctx, nextQuery).Scan(timeAt{&next})
	})
	if noRows(err) {
		return time.Time{}, nil
	}
	return next, err
}

// Extend makes the lease last ttl from now on, by the database's clock. It
// never revives a lease that was released: owner and epoch must still stand.
func (s *Store) Extend(ctx context.Context, l Lease, ttl time.Duration) error {
	return s.step(ctx, "extending the lease on "+l.Key, func(tx *transaction) error {
		result, err := tx.ExecContext(ctx,
			`UPDATE domains SET lease_until = `+dbNow+` + $4 WHERE key = $1 AND owner = $2 AND epoch = $3`,
			l.Key, l.Owner, l.Epoch, ttl.Microseconds())
		if err != nil {
			return err
		}
		return touched(result)
	})
}

func touched(result sql.Result) error {
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		return ErrLeaseLost
	}
	return err
}

// Release saves d, sets the row's wake time to d.Due and ends the lease. If
// what is wanted changed during the lease, the row is due at once instead. A
// row that was forgotten needs no release, and none is an error.
func (s *Store) Release(ctx context.Context, l Lease, d record.Domain) error {
	return s.step(ctx, "releasing "+l.Key, func(tx *transaction) error {
		err := save(ctx, tx, l, Change{Domain: d})
		if errors.Is(err, errForgotten) {
			return nil
		}
		if err != nil {
			return err
		}
		// Claimed rows are due, and admission only ever makes them due sooner:
		// leaving due_at alone is "at once".
		_, err = tx.ExecContext(ctx, `UPDATE domains SET owner = '', lease_until = 0,
			due_at = CASE WHEN generation = $2 THEN $3 ELSE due_at END WHERE key = $1`,
			l.Key, l.Domain.Generation, timeAt{&d.Due})
		return err
	})
}

// hold checks that the lease stands and returns the row's generation. Within
// the transaction nobody else can take it.
func hold(ctx context.Context, tx *transaction, l Lease) (generation int64, err error) {
	var owner string
	var epoch int64
	err = tx.QueryRowContext(ctx, `SELECT owner, epoch, generation FROM domains WHERE key = $1`, l.Key).Scan(&owner, &epoch, &generation)
	switch {
	case noRows(err):
		return 0, errForgotten
	case err != nil:
		return 0, fmt.Errorf("checking the lease: %w", err)
	case owner != l.Owner || epoch != l.Epoch:
		return 0, ErrLeaseLost
	}
	return generation, nil
}

// errForgotten: there is no row. Whoever holds a lease on it lost it.
var errForgotten = fmt.Errorf("%w: the domain was forgotten", ErrLeaseLost)
