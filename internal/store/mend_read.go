package store

import (
	"context"

	"github.com/acmsync/acmsync/internal/record"
)

// dropRead deletes apps and files that cannot be read: the next pass reads
// desired state again.
func (out *Salvaged) dropRead(ctx context.Context, tx *transaction) error {
	for _, part := range []struct {
		table string
		cols  []column // the key first
	}{{"apps", appColumns(new(record.App))}, {"files", fileColumns(new(AcceptedFile))}} {
		bad, err := unreadable(ctx, tx, part.table, part.cols)
		if err != nil {
			return err
		}
		for _, key := range bad {
			out.say(key, "what was read of it is left out, to be read again (%s)", part.table)
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+part.table+" WHERE "+part.cols[0].name+" = $1", key); err != nil {
				return err
			}
		}
	}
	return nil
}

// unreadable are the keys of rows that make no sense.
func unreadable(ctx context.Context, tx *transaction, table string, cols []column) (bad []string, err error) {
	err = each(ctx, tx, "SELECT "+list(cols)+" FROM "+table, nil, func(scan scanner) error {
		if scan(values(cols)...) == nil {
			return nil
		}
		var key string
		dest := []any{&key}
		for range cols[1:] {
			dest = append(dest, new(any))
		}
		err := scan(dest...)
		bad = append(bad, key)
		return err
	})
	return bad, err
}

// dropValues deletes single values that make no sense. Counts begin anew.
func (out *Salvaged) dropValues(ctx context.Context, tx *transaction) error {
	bad := map[string]error{}
	err := each(ctx, tx, "SELECT key, value FROM meta", nil, func(scan scanner) error {
		var key, value string
		err := scan(&key, &value)
		if err == nil {
			bad[key] = new(Meta).take(key, value)
		}
		return err
	})
	if err != nil {
		return err
	}
	for key, why := range bad {
		if why == nil {
			continue
		}
		out.say("", "a value is left out: %w", why)
		switch key {
		case metaAdmissions, metaChanges, metaPublished:
			err = setValue(ctx, tx, key, "1")
		default:
			_, err = tx.ExecContext(ctx, "DELETE FROM meta WHERE key = $1", key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
