package controller

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"

	"github.com/acmsync/acmsync/internal/beside"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/reconcile"
)

// guarded carries out one action and turns a panic into a failure of this
// domain alone.
func (p *pass) guarded(ctx context.Context, l store.Lease, d record.Domain, a reconcile.Action) (r reconcile.Result, c store.Change) {
	defer func() {
		if cause := recover(); cause != nil {
			r, c = reconcile.Result{Action: a, Err: p.panicked(d, cause)}, store.Change{}
			if a.Kind.Orders() {
				r.Order, c.Order = p.underWay(ctx, d)
			}
		}
	}()
	r, c = p.act(ctx, l, d, a)
	return r, p.booked(d, c, r)
}

// underWay is the row's order as the journal has it, for when what was done
// last got lost: the CA may be at work on it.
func (p *pass) underWay(ctx context.Context, d record.Domain) (shown, kept *record.Order) {
	o, open, err := p.Store.Order(ctx, d.Key)
	if err != nil || !open {
		p.fail(err)
		return nil, nil
	}
	return public(o), &o
}

// panicked logs a panic and names it for the operator. The name is that of the
// place in the program: it is the same at every retry, so that the status does not
// change for it, and for every domain that comes to the place.
func (p *pass) panicked(d record.Domain, cause any) string {
	broke := beside.Caught(cause)
	sum := sha256.Sum256([]byte(broke.Place))
	id := base32.StdEncoding.EncodeToString(sum[:])[:8]
	p.Log.Error("panic", "id", id, "domain", d.Name(), "cause", fmt.Sprint(broke.Cause), "stack", string(broke.Stack))
	return "panic " + id
}
