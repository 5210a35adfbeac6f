package store

import (
	"context"
	"fmt"

	"github.com/acmsync/acmsync/internal/record"
)

// Change is one step's result. All of it is written in one transaction.
type Change struct {
	// Domain is how far the row got. Its want and Due are not written.
	//
	// Domain.Order nil closes the row's order, unless Order is set. Of the
	// certificates only Certificate.SHA256 and what Superseded says of their
	// end are taken; the rest does not change once issued. One that the row's
	// owner brings along (Want.Brought) needs no Pair: admission stored it.
	Domain record.Domain
	// Order is written into the journal, with its private key when it is new.
	Order *record.Order
	// Pair becomes the row's certificate, which Domain.Certificate must name.
	Pair *record.Pair
	// Requests were made to the CA.
	Requests []Request
	// Entry, if not nil, is made in the books of the CAs' limits.
	Entry *Entry
	// Forget deletes the row and all that belongs to it, keys included.
	Forget bool
	// Current: the change holds only for what was wanted when the lease began;
	// ErrOvertaken when that has changed since. So it is with Forget.
	Current bool
}

// Save writes a change under a lease, with one wait for the disk. The row's
// wake time stays as it is until [Store.Release], so that the row of a holder
// that dies is due again.
func (s *Store) Save(ctx context.Context, l Lease, c Change) error {
	return s.step(ctx, "saving "+l.Key, func(tx *transaction) error {
		return save(ctx, tx, l, c)
	})
}

func save(ctx context.Context, tx *transaction, l Lease, c Change) error {
	generation, err := hold(ctx, tx, l)
	if err != nil {
		return err
	}
	if c.Domain.Key != l.Key {
		return fmt.Errorf("the lease is on %s, the change is of %s", l.Key, c.Domain.Key)
	}
	if err := saveBooks(ctx, tx, c); err != nil {
		return err
	}
	if err := increment(ctx, tx, metaChanges); err != nil {
		return err
	}
	if (c.Forget || c.Current) && generation != l.Domain.Generation {
		return ErrOvertaken
	}
	if c.Forget {
		return forget(ctx, tx, l.Key)
	}
	return saveProgress(ctx, tx, c)
}

func saveProgress(ctx context.Context, tx *transaction, c Change) error {
	d, first := c.Domain, reason(c.Domain)
	cols := append(progressColumns(&d), column{"reason", &first})
	_, err := tx.ExecContext(ctx, "UPDATE domains SET "+assignments(cols, 2)+" WHERE key = $1",
		append([]any{d.Key}, values(cols)...)...)
	if err != nil {
		return err
	}
	if err := saveCertificates(ctx, tx, d, c.Pair); err != nil {
		return err
	}
	if err := saveOrder(ctx, tx, d, c.Order); err != nil {
		return err
	}
	return saveDeployments(ctx, tx, d)
}

func forget(ctx context.Context, tx *transaction, key string) error {
	for _, query := range []string{
		`DELETE FROM deployments WHERE domain_key = $1`,
		`DELETE FROM orders WHERE domain_key = $1`,
		`DELETE FROM certificates WHERE domain_key = $1`,
		`DELETE FROM brought WHERE domain_key = $1`,
		`DELETE FROM domains WHERE key = $1`,
	} {
		if _, err := tx.ExecContext(ctx, query, key); err != nil {
			return err
		}
	}
	return nil
}
