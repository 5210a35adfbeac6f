package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// wantColumns are written by Admit alone.
func wantColumns(w *record.Want) []column {
	return []column{
		{"names", jsonAt{&w.Names}},
		{"app", &w.App},
		{"mode", wordAt[record.Mode]{&w.Mode, modes}},
		{"challenge", &w.Challenge},
		{"target", &w.Target},
		{"refresh", &w.Refresh},
		{"rekey", &w.Rekey},
		{"entry", &w.Entry},
		{"frozen", &w.Frozen},
		{"blocked", jsonAt{&w.Blocked}},
		{"brought", jsonAt{&w.Brought}},
		{"admitted_at", timeAt{&w.Since}},
		{"left_at", timeAt{&w.LeftAt}},
		{"lost_at", timeAt{&w.LostAt}},
		{"held", &w.Held},
		{"hold_hash", &w.HoldHash},
		{"hold_why", &w.HoldWhy},
	}
}

// progressColumns are written by the lease's holder alone.
func progressColumns(d *record.Domain) []column {
	return []column{
		{"state", wordAt[record.State]{&d.State, states}},
		{"state_since", timeAt{&d.Since}},
		{"checks", jsonAt{&d.Checks}},
		{"checked_at", timeAt{&d.CheckedAt}},
		{"attempts", &d.Attempt.Count},
		{"first_failed", timeAt{&d.Attempt.FirstFailed}},
		{"last_attempt", timeAt{&d.Attempt.Last}},
		{"next_attempt", timeAt{&d.Attempt.Next}},
		{"rate_limited_until", timeAt{&d.Attempt.RateLimitedUntil}},
		{"findings", jsonAt{&d.Findings}},
		{"problem", jsonAt{&d.Problem}},
		{"foreign_thumbprint", &d.ForeignThumbprint},
		{"notice", jsonAt{&d.Notice}},
		{"proven", jsonAt{&d.Proven}},
		{"suggestion", jsonAt{&d.Suggestion}},
		{"revocation", jsonAt{&d.Revocation}},
		{"passed", jsonAt{&d.Passed}},
		{"handled_refresh", &d.HandledRefresh},
		{"handled_rekey", &d.HandledRekey},
		{"handled_entry", &d.HandledEntry},
	}
}

func domainColumns(d *record.Domain) []column {
	cols := []column{{"key", &d.Key}, {"generation", &d.Generation}, {"due_at", timeAt{&d.Due}}}
	return append(append(cols, wantColumns(&d.Want)...), progressColumns(d)...)
}

// reason is what Counts counts by.
func reason(d record.Domain) string {
	for _, f := range d.Findings {
		if !f.Warning {
			return string(f.Code)
		}
	}
	return ""
}

// row is a domain on its way out of the database; err is set when some part of
// it cannot be decoded.
type row struct {
	domain record.Domain
	err    error
}

// only restricts a read to some rows; no keys means all.
type only []string

func (o only) where(col string) (clause string, args []any) {
	if len(o) == 0 {
		return "", nil
	}
	for _, key := range o {
		args = append(args, key)
	}
	return " WHERE " + col + " IN (" + marks(1, len(o)) + ")", args
}

// load reads rows with their certificates, orders and deployments, sorted by
// key.
func load(ctx context.Context, tx *transaction, keys only) ([]*row, error) {
	rows, err := loadDomains(ctx, tx, keys)
	if err != nil {
		return nil, err
	}
	byKey := make(map[string]*row, len(rows))
	for _, r := range rows {
		byKey[r.domain.Key] = r
	}
	for _, attach := range []func(context.Context, *transaction, only, map[string]*row) error{
		attachCertificates, attachOrders, attachDeployments,
	} {
		if err := attach(ctx, tx, keys, byKey); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

func loadDomains(ctx context.Context, tx *transaction, keys only) ([]*row, error) {
	where, args := keys.where("key")
	query := "SELECT " + list(domainColumns(new(record.Domain))) + " FROM domains" + where
	var out []*row
	err := each(ctx, tx, query, args, func(scan scanner) error {
		r := new(row)
		// The key comes first, so it is known even if the rest is unreadable.
		if r.err = scan(values(domainColumns(&r.domain))...); r.err != nil {
			legible(scan, &r.domain)
		}
		out = append(out, r)
		return nil
	})
	slices.SortFunc(out, func(a, b *row) int { return strings.Compare(a.domain.Key, b.domain.Key) })
	return out, err
}

// legible fills in which app a broken row is of and how, for whoever is to be
// told.
func legible(scan scanner, d *record.Domain) {
	cols := domainColumns(d)
	found, dest := make([]any, len(cols)), make([]any, len(cols))
	for i := range found {
		dest[i] = &found[i]
	}
	if scan(dest...) != nil {
		return
	}
	for i, c := range cols {
		text, ok := found[i].(string)
		switch {
		case ok && c.name == "app":
			d.App = text
		case ok && c.name == "mode":
			d.Mode = record.Mode(text)
		}
	}
}

type scanner func(dest ...any) error

// querier is a transaction or a pool.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// each calls fn for every row of a query.
func each(ctx context.Context, q querier, query string, args []any, fn func(scanner) error) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(func(dest ...any) error { return field(rows.Scan(dest...)) }); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Domains returns every row, sorted by key, as of one moment, and the rows
// that cannot be decoded, which are left out.
func (s *Store) Domains(ctx context.Context) ([]record.Domain, []Unreadable, error) {
	var rows []*row
	err := s.view(ctx, "reading domains", func(tx *transaction) (err error) {
		rows, err = load(ctx, tx, nil)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	domains, bad := make([]record.Domain, 0, len(rows)), []Unreadable(nil)
	for _, r := range rows {
		if r.err != nil {
			bad = append(bad, Unreadable{r.domain.Key, r.domain.App, r.domain.Mode, r.err})
			continue
		}
		domains = append(domains, r.domain)
	}
	return domains, bad, nil
}

// Count is how many rows share a mode, a state and a first reason.
type Count struct {
	Mode  record.Mode
	State record.State
	// Reason is a failure code; empty: nothing is wrong.
	Reason  string
	Domains int
}

const countsQuery = `
	SELECT mode, state, reason, COUNT(*) FROM domains
	GROUP BY mode, state, reason ORDER BY mode, state, reason`

// Counts counts the rows, sorted by mode, state and reason.
func (s *Store) Counts(ctx context.Context) ([]Count, error) {
	var out []Count
	err := s.view(ctx, "counting domains", func(tx *transaction) error {
		return each(ctx, tx, countsQuery, nil, func(scan scanner) error {
			var c Count
			defer func() { out = append(out, c) }()
			return scan(&c.Mode, &c.State, &c.Reason, &c.Domains)
		})
	})
	return out, err
}

// Newest returns the latest time at which something was asked of a CA or got
// from it; the zero time when nothing was. A clock that lies before it is wrong.
// Other times do not count: they are also written by a clock that is ahead, and
// would outlive its mending.
func (s *Store) Newest(ctx context.Context) (time.Time, error) {
	const query = `SELECT MAX(t) FROM (
		SELECT MAX(issued_at) AS t FROM certificates WHERE origin = 'acme' UNION ALL
		SELECT MAX(opened_at) FROM orders UNION ALL
		SELECT MAX(at) FROM requests) AS times`
	var newest time.Time
	err := s.view(ctx, "reading the newest time", func(tx *transaction) error {
		return tx.QueryRowContext(ctx, query).Scan(timeAt{&newest})
	})
	return newest, err
}

func noRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }
