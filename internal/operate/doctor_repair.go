package operate

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

// Installer is a deploy target that can be filled again.
type Installer interface {
	Place
	Install(ctx context.Context, p record.Pair) error
}

// Repair rebuilds a damaged store from what can be read of it, fills deploy
// targets again, and says to w what it did. An intact installation is left as
// it is.
func (i Installation) Repair(ctx context.Context, targets []Installer, w io.Writer) error {
	in, err := store.Inspect(ctx, i.StoreURL)
	if err != nil {
		return err
	}
	if len(in.Damage) > 0 {
		if err := i.salvage(ctx, w); err != nil {
			return err
		}
	}
	s, err := store.Open(ctx, i.StoreURL, store.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	domains, _, err := s.Domains(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range domains {
		for _, t := range targets {
			errs = append(errs, refill(ctx, s, d, t, w))
		}
	}
	return errors.Join(errs...)
}

func (i Installation) salvage(ctx context.Context, w io.Writer) error {
	out, err := store.Salvage(ctx, i.StoreURL, i.Now())
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "store: rebuilt with %d rows; the damaged one is %s\n", out.Rows, out.Broken)
	for _, m := range out.Mended {
		fmt.Fprintf(w, "store: %s: %s\n", m.Key, record.Clean(m.Err.Error(), 600))
	}
	return nil
}

// refill installs a domain's pair where it is not, or not whole.
func refill(ctx context.Context, s *store.Store, d record.Domain, t Installer, w io.Writer) error {
	if d.Certificate == nil || d.Gone() {
		return nil
	}
	if holds, err := t.Holds(d.Name(), d.Certificate.SHA256); err != nil || holds {
		return err
	}
	p, err := s.Pair(ctx, d.Certificate.SHA256)
	if err != nil {
		return err
	}
	if err := t.Install(ctx, p); err != nil {
		return err
	}
	fmt.Fprintf(w, "target %s: %s is deployed again\n", t.Name(), d.Name())
	return nil
}
