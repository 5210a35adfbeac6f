package controller

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/acmsync/acmsync/internal/keypair"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/reconcile"
)

// found is what lies at the targets that are not known to have the row's own
// certificate.
func (p *pass) found(ctx context.Context, d record.Domain, lacking []string) []record.Found {
	if d.Gone() || d.Mode == record.ByHand {
		return nil
	}
	var all []record.Found
	for _, t := range p.Targets {
		if has(d, t.Name()) && !slices.Contains(lacking, t.Name()) {
			continue
		}
		pair, there, err := p.readBack(ctx, t, d)
		switch {
		case err != nil:
			if d.Certificate == nil {
				p.Log.Warn("what a deploy target has cannot be used", "domain", d.Name(), "target", t.Name(), "error", err)
			}
			all = append(all, record.Found{Target: t.Name(), Fault: err.Error()})
		case there:
			all = append(all, record.Found{Target: t.Name(), Certificate: pair.Certificate})
		}
	}
	return all
}

// has reports whether the target acknowledged the row's certificate.
func has(d record.Domain, target string) bool {
	return d.Certificate != nil && slices.ContainsFunc(d.Deployed, func(a record.Deployment) bool {
		return a.Target == target && a.SHA256 == d.Certificate.SHA256
	})
}

// errSelfSigned: whoever serves such a pair put it there as a stopgap.
var errSelfSigned = errors.New("the certificate is signed by itself")

// readBack is a target's pair, checked as one that a CA returned is. An error
// says why there is none that can be used.
func (p *pass) readBack(ctx context.Context, t Target, d record.Domain) (record.Pair, bool, error) {
	k, ok := t.(Keeper)
	if !ok {
		return record.Pair{}, false, nil
	}
	raw, found, err := p.installed(ctx, t, k, d)
	if err != nil || !found {
		return record.Pair{}, false, err
	}
	pair, err := keypair.Check(raw.Chain, raw.Key, d.Names, p.Now())
	if err != nil {
		return record.Pair{}, false, err
	}
	if leaf, err := keypair.ParseChain(pair.Chain); err != nil || bytes.Equal(leaf[0].RawIssuer, leaf[0].RawSubject) {
		return record.Pair{}, false, errors.Join(err, errSelfSigned)
	}
	if pair.IssuedAt = raw.IssuedAt; raw.IssuedAt.After(p.Now()) {
		pair.IssuedAt = p.Now() // a folder's name must not date a record of ours into the future
	}
	return pair, true, nil
}

// adopt reads the pair that was decided on once more, with its key. Chain, key
// and row become the store's in one transaction; killed before that, the next
// pass finds all as it was.
func (p *pass) adopt(ctx context.Context, d record.Domain, a reconcile.Action) (reconcile.Result, store.Change) {
	r := reconcile.Result{Action: a}
	target := p.target(a.Target)
	if target == nil {
		r.Err = fmt.Sprintf("there is no deploy target %q", a.Target)
		return r, store.Change{}
	}
	pair, found, err := p.readBack(ctx, target, d)
	switch {
	case err != nil:
		r.Err = err.Error()
	case !found || pair.Serial != a.Serial:
		r.Err = fmt.Sprintf("%s has another pair by now", a.Target)
	default:
		pair.Certificate = reconcile.Adopted(d, pair.Certificate)
		r.Certificate = &pair.Certificate
		p.Log.Info("adopted", "domain", d.Name(), "target", a.Target, "serial", a.Serial, "why", a.Why)
		return r, store.Change{Pair: &pair}
	}
	return r, store.Change{}
}

// tellStrays names what lies at targets for names that no row knows, as after
// the loss of a store: it is left alone, since nobody knows whose it is.
func (p *pass) tellStrays(rows []record.Domain) {
	known := make(map[string]bool, len(rows))
	for _, d := range rows {
		known[d.Name()] = !reconcile.NothingLeft(d)
	}
	for _, t := range p.Targets {
		k, ok := t.(Keeper)
		if !ok {
			continue
		}
		names, err := k.Names()
		if err != nil {
			p.Log.Warn("a deploy target cannot be listed", "target", t.Name(), "error", err)
		}
		names = slices.DeleteFunc(names, func(name string) bool { return known[name] })
		if len(names) > 0 {
			p.Log.Warn("a deploy target has pairs of names that are not wanted and not in the store; they are left alone, remove them by hand if nobody needs them",
				"target", t.Name(), "count", len(names), "names", names[:min(len(names), 10)])
		}
	}
}
