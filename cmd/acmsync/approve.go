package main

import (
	"errors"
	"fmt"
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
			db, err := store.Open(cmd.Context(), s.Store.URL, store.Options{})
			if err != nil {
				return err
			}
			defer db.Close()
			domains, _, err := db.Domains(cmd.Context())
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return listHolds(c, reconcile.Holds(domains))
			}
			if err := db.Approve(cmd.Context(), args[0]); errors.Is(err, store.ErrUnknownHash) {
				return fmt.Errorf("%w; run acmsync approve without a hash to list what is held", err)
			} else if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.out, "approved %s; the next sync removes what it names\n", args[0])
			return err
		},
	}
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
