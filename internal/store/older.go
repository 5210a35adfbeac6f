package store

import (
	"context"
	"errors"
	"fmt"
)

// openOlder opens a copy, in memory and brought up to date, of a store that an
// earlier acmsync wrote: whoever only reads must not migrate it, and must not
// take it for empty.
func openOlder(ctx context.Context, path string) (*Store, error) {
	write, read, err := connect("", false)
	if err != nil {
		return nil, err
	}
	s := &Store{write: write, read: read, session: newSession(""), batches: newBatches()}
	if err := copyInto(ctx, write, path); err != nil {
		return nil, errors.Join(fmt.Errorf("reading the schema of an earlier acmsync: %w", err), s.Close())
	}
	if err := migrate(ctx, write); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}
