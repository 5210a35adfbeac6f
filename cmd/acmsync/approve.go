package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/reconcile"
)

func newApprove(c console, o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "approve [HASH]",
		Short: "Let held removals happen, or a held push",
		Long: `When more certificates than policy.maxRemovals would be lost at once, acmsync
holds them all and shows a hash. This releases exactly the removals of that
hash, once. With repository.allowedSignersFile, a push that is not signed as it
should be is held, too; the id of its commit as hash lets desired state be taken
from exactly that commit. Without a hash it lists what is held. It works on the
store, not by a commit: whoever could push could push the approval too.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := o.load()
			if err != nil {
				return err
			}
			holds, push, err := held(cmd.Context(), s.Store.URL)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return listHolds(c, holds, push)
			}
			isRemoval := slices.ContainsFunc(holds, func(h reconcile.HeldRemovals) bool { return h.Hash == args[0] })
			switch {
			case isRemoval:
				err = approve(cmd.Context(), s.Store.URL, args[0], (*store.Store).Approve)
			case push.commit != "" && push.commit == args[0]:
				err = approve(cmd.Context(), s.Store.URL, args[0], (*store.Store).ApproveTip)
			default:
				return fmt.Errorf("%s: %w; run acmsync approve without a hash to list what is held", args[0], store.ErrUnknownHash)
			}
			if err != nil {
				return err
			}
			what := "takes desired state from it"
			if isRemoval {
				what = "removes what it names"
			}
			_, err = fmt.Fprintf(c.out, "approved %s; the next sync %s\n", args[0], what)
			return err
		},
	}
}

// heldPush is a commit from which desired state is not taken, and why.
type heldPush struct {
	commit string
	why    []record.FileError
}

// held looks without making a store where there is none.
func held(ctx context.Context, url string) ([]reconcile.HeldRemovals, heldPush, error) {
	db, err := store.Open(ctx, url, store.Options{ReadOnly: true})
	if err != nil {
		return nil, heldPush{}, err
	}
	defer db.Close()
	domains, _, err := db.Domains(ctx)
	if err != nil {
		return nil, heldPush{}, err
	}
	meta, err := db.Meta(ctx)
	push := heldPush{commit: meta.HeldTip, why: meta.Errors}
	if meta.HeldTip == meta.ApprovedTip {
		push = heldPush{}
	}
	return reconcile.Holds(domains), push, err
}

func approve(ctx context.Context, url, hash string, what func(*store.Store, context.Context, string) error) error {
	db, err := store.Open(ctx, url, store.Options{})
	if err != nil {
		return err
	}
	return errors.Join(what(db, ctx, hash), db.Close())
}

func listHolds(c console, holds []reconcile.HeldRemovals, push heldPush) error {
	if len(holds) == 0 && push.commit == "" {
		_, err := fmt.Fprintln(c.out, "nothing is held")
		return err
	}
	if push.commit != "" {
		if _, err := fmt.Fprintf(c.out, "%s  desired state at this commit:\n", push.commit); err != nil {
			return err
		}
	}
	for _, e := range push.why {
		if _, err := fmt.Fprintf(c.out, "  %s: %s\n", printable(e.File), printable(e.Message)); err != nil {
			return err
		}
	}
	for _, h := range holds {
		if _, err := fmt.Fprintf(c.out, "%s  %s: %s\n  %s\n", h.Hash, count(len(h.Names), "removal"), h.Why, strings.Join(h.Names, " ")); err != nil {
			return err
		}
	}
	return nil
}
