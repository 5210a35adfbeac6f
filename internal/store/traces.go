package store

import (
	"context"

	"github.com/acmsync/acmsync/internal/record"
)

// Traces are the orders that are over, at most limit, the oldest first, whose
// responses in DNS are still to be taken away; with a key, those of that row
// and also the open one.
func (s *Store) Traces(ctx context.Context, key string, limit int) ([]record.Order, error) {
	var found []record.Order
	query := "SELECT " + list(orderColumns(new(record.Order))) + " FROM orders WHERE traces AND NOT open ORDER BY opened_at LIMIT $1"
	args := []any{limit}
	if key != "" {
		query = "SELECT " + list(orderColumns(new(record.Order))) + " FROM orders WHERE traces AND domain_key = $2 ORDER BY opened_at LIMIT $1"
		args = append(args, key)
	}
	err := s.view(ctx, "reading what orders left in DNS", func(tx *transaction) error {
		return each(ctx, tx, query, args, func(scan scanner) error {
			var o record.Order
			if err := scan(values(orderColumns(&o))...); err != nil {
				return err
			}
			found = append(found, o)
			return nil
		})
	})
	return found, err
}

// SetTraces remembers which responses of an order are still in place, and
// nothing else of it.
func (s *Store) SetTraces(ctx context.Context, o record.Order) error {
	traces := o.Traces()
	return s.change(ctx, "remembering what the order of "+o.Key+" left in DNS", func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `UPDATE orders SET traces = $2, authorizations = $3 WHERE id = $1`,
			o.ID, traces, jsonAt{&o.Authorizations})
		return err
	})
}
