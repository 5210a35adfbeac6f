package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/acmsync/acmsync/internal/deploy"
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
	refills := make([]refill, 0, len(domains)*len(targets))
	for _, d := range domains {
		for _, t := range targets {
			refills = append(refills, refill{domain: d, target: t})
		}
	}
	together(refills, func(r *refill) { r.did, r.err = r.run(ctx, s) })
	var errs []error
	for _, r := range refills {
		if r.did != "" {
			fmt.Fprintf(w, "target %s: %s %s\n", r.target.Name(), r.domain.Name(), r.did)
		}
		errs = append(errs, r.err)
	}
	return errors.Join(errs...)
}

// together works side by side, so that pairs share runs of a target's hook.
func together(all []refill, work func(*refill)) {
	const most = 64
	var group sync.WaitGroup
	slots := make(chan struct{}, most)
	for i := range all {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			work(&all[i])
		})
	}
	group.Wait()
}

// refill is one domain's pair on one target.
type refill struct {
	domain record.Domain
	target Installer
	did    string
	err    error
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

// run installs the pair where it is not, or not whole.
func (r *refill) run(ctx context.Context, s *store.Store) (did string, err error) {
	d := r.domain
	if d.Certificate == nil || d.Gone() {
		return "", nil
	}
	if holds, err := r.target.Holds(d.Name(), d.Certificate.SHA256); err != nil || holds {
		return "", err
	}
	p, err := s.Pair(ctx, d.Certificate.SHA256)
	if err != nil {
		return "", err
	}
	p.Names = d.Names // one that was brought along may have others, in any order
	err = r.target.Install(ctx, p)
	if errors.As(err, new(*deploy.NewerError)) { // as after a restored backup
		return "has a newer pair than the store; it is left as it is", nil
	}
	if err != nil {
		return "", err
	}
	return "is deployed again", nil
}
