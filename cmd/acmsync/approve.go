package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/reconcile"
)

func newApprove(c console, o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "approve [HASH]",
		Short: "Let held removals happen",
		Long: `When more certificates than policy.maxRemovals would be lost at once, acmsync
holds them all and shows a hash. This releases exactly the removals of that
hash, once. Without a hash it lists what is held. It works on the store, not by
a commit: whoever could push the removal could push its approval too.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := o.load()
			if err != nil {
				return err
			}
			holds, err := held(cmd.Context(), s.Store.URL)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return listHolds(c, holds)
			}
			if !slices.ContainsFunc(holds, func(h reconcile.HeldRemovals) bool { return h.Hash == args[0] }) {
				return fmt.Errorf("%s: %w; run acmsync approve without a hash to list what is held", args[0], store.ErrUnknownHash)
			}
			if err := approve(cmd.Context(), s.Store.URL, args[0]); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.out, "approved %s; the next sync removes what it names\n", args[0])
			return err
		},
	}
}

// held looks without making a store where there is none.
func held(ctx context.Context, url string) ([]reconcile.HeldRemovals, error) {
	db, err := store.Open(ctx, url, store.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	domains, _, err := db.Domains(ctx)
	return reconcile.Holds(domains), err
}

func approve(ctx context.Context, url, hash string) error {
	db, err := store.Open(ctx, url, store.Options{})
	if err != nil {
		return err
	}
	return errors.Join(db.Approve(ctx, hash), db.Close())
}

func listHolds(c console, holds []reconcile.HeldRemovals) error {
	if len(holds) == 0 {
		_, err := fmt.Fprintln(c.out, "nothing is held")
		return err
	}
	for _, h := range holds {
		if _, err := fmt.Fprintf(c.out, "%s  %s: %s\n  %s\n", h.Hash, count(len(h.Names), "removal"), h.Why, strings.Join(h.Names, " ")); err != nil {
			return err
		}
	}
	return nil
}
