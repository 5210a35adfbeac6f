package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/record"
)

// orderColumns leaves the private key out, so that reading rows never touches
// one.
func orderColumns(o *record.Order) []column {
	return []column{
		{"id", &o.ID},
		{"domain_key", &o.Key},
		{"directory", &o.Directory},
		{"names", jsonAt{&o.Names}},
		{"state", wordAt[record.OrderState]{&o.State, orderStates}},
		{"opened_at", timeAt{&o.OpenedAt}},
		{"csr", bytesAt{&o.CSR}},
		{"rekey", &o.Rekey},
		{"challenge", &o.Challenge},
		{"replaces", &o.Replaces},
		{"exempt", &o.Exempt},
		{"url", &o.URL},
		{"account", &o.Account},
		{"finalize_url", &o.FinalizeURL},
		{"certificate_url", &o.CertificateURL},
		{"expires", timeAt{&o.Expires}},
		{"authorizations", jsonAt{&o.Authorizations}},
		{"chain", bytesAt{&o.Chain}},
		{"next_at", timeAt{&o.NextAt}},
		{"polls", &o.Polls},
	}
}

func attachOrders(ctx context.Context, tx *transaction, keys only, to map[string]*row) error {
	where, args := keys.where("domain_key")
	if where == "" {
		where = " WHERE open"
	} else {
		where += " AND open"
	}
	query := "SELECT domain_key, " + list(orderColumns(new(record.Order))) + " FROM orders" + where
	return each(ctx, tx, query, args, func(scan scanner) error {
		var key string
		o := new(record.Order)
		err := scan(append([]any{&key}, values(orderColumns(o))...)...)
		if r := to[key]; r != nil {
			r.err = errors.Join(r.err, err)
			r.domain.Order = o
		}
		return nil
	})
}

// Order returns a row's open order with its private key; false: it has none.
func (s *Store) Order(ctx context.Context, key string) (record.Order, bool, error) {
	var o record.Order
	cols := append(orderColumns(&o), column{"key", bytesAt{(*[]byte)(&o.PrivateKey)}})
	query := "SELECT " + list(cols) + " FROM orders WHERE domain_key = $1 AND open"
	err := s.view(ctx, "reading the order of "+key, func(tx *transaction) error {
		return tx.QueryRowContext(ctx, query, key).Scan(values(cols)...)
	})
	if noRows(err) {
		return record.Order{}, false, nil
	}
	if err != nil {
		return record.Order{}, false, err
	}
	return o, true, nil
}

// saveOrder writes o into the journal and closes every other order of the row,
// so that a row never has two open. Without o, the order that d says is in
// flight stays as the journal has it.
func saveOrder(ctx context.Context, tx *transaction, d record.Domain, o *record.Order) error {
	keep := d.Order
	if o != nil {
		keep = o
	}
	id := ""
	if keep != nil && keep.Open() {
		id = keep.ID
	}
	if err := closeOrders(ctx, tx, d.Key, id); err != nil {
		return err
	}
	if o == nil {
		return nil
	}
	if o.Key != d.Key {
		return fmt.Errorf("order %s belongs to %s, not %s", o.ID, o.Key, d.Key)
	}
	return writeOrder(ctx, tx, *o)
}

// closeOrders closes the row's open orders but one. A key that no certificate
// will be issued for is erased with it.
func closeOrders(ctx context.Context, tx *transaction, key, except string) error {
	_, err := tx.ExecContext(ctx, `UPDATE orders SET open = FALSE, state = $3, key = NULL WHERE domain_key = $1 AND open AND id <> $2`,
		key, except, string(record.OrderClosed))
	return err
}

func writeOrder(ctx context.Context, tx *transaction, o record.Order) error {
	open, traces, sorted := o.Open(), o.Traces(), slices.Sorted(slices.Values(o.Names))
	joined := strings.Join(sorted, ",")
	cols := append(orderColumns(&o), column{"open", &open}, column{"names_key", &joined}, column{"traces", &traces})
	var was bool
	err := tx.QueryRowContext(ctx, `SELECT open FROM orders WHERE id = $1`, o.ID).Scan(&was)
	switch {
	case noRows(err):
		cols = append(cols, column{"key", orderKey(&o)})
		_, err = tx.ExecContext(ctx, insertion("orders", cols), values(cols)...)
	case err != nil:
	case open && !was:
		return fmt.Errorf("order %s was closed before", o.ID)
	default:
		// The key stays as it is: with the intent, or erased with its closing.
		_, err = tx.ExecContext(ctx, "UPDATE orders SET "+assignments(cols, 2)+" WHERE id = $1", append([]any{o.ID}, values(cols)...)...)
	}
	if err != nil {
		return fmt.Errorf("writing order %s in state %s: %w", o.ID, o.State, err)
	}
	return nil
}

// orderKey is the key to insert: an order that is closed already needs none.
func orderKey(o *record.Order) any {
	if !o.Open() {
		return bytesAt{new([]byte)}
	}
	return bytesAt{(*[]byte)(&o.PrivateKey)}
}
