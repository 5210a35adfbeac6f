package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/acmsync/acmsync/internal/deploy"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/reconcile"
)

// act carries out one action and says how it went.
func (p *pass) act(ctx context.Context, l store.Lease, d record.Domain, a reconcile.Action) (reconcile.Result, store.Change) {
	switch {
	case a.Kind.Orders():
		return p.order(ctx, l, d, a)
	case a.Kind == reconcile.Adopt:
		return p.adopt(ctx, d, a)
	case a.Kind == reconcile.Deploy:
		return p.install(ctx, d, a), store.Change{}
	case a.Kind == reconcile.Revoke:
		return p.revoke(ctx, d, a)
	default:
		return p.remove(ctx, d, a), store.Change{}
	}
}

// install hands the newest pair to one target.
func (p *pass) install(ctx context.Context, d record.Domain, a reconcile.Action) reconcile.Result {
	r := reconcile.Result{Action: a}
	target := p.target(a.Target)
	if target == nil || d.Certificate == nil {
		r.Err = fmt.Sprintf("there is no deploy target %q", a.Target)
		return r
	}
	pair, err := p.Store.Pair(ctx, d.Certificate.SHA256)
	if err == nil {
		pair.Names = d.Names // one that was brought along may have others, in any order
		err = p.handOver(ctx, target, d, pair)
	}
	return p.ended(ctx, r, err)
}

// revoke asks the CA to revoke one certificate. The chain is kept until that
// has happened.
func (p *pass) revoke(ctx context.Context, d record.Domain, a reconcile.Action) (reconcile.Result, store.Change) {
	directory := issuedAt(d, a.Serial)
	if err := p.ready(ctx, directory); err != nil {
		return p.refused(a, nil, err)
	}
	pair, err := p.Store.Pair(ctx, fingerprint(d, a.Serial))
	if err != nil {
		return p.refused(a, nil, fmt.Errorf("revoking certificate %s of %s: %w", a.Serial, d.Name(), err))
	}
	ca := p.at(directory)
	err = p.revokeAt(ctx, ca, d.Key, pair, a.Reason)
	ca.heard(err)
	if err != nil {
		r, _ := p.refused(a, nil, err)
		return r, store.Change{}
	}
	made := store.Request{At: p.bookedAt(directory), Directory: cmp.Or(pair.Directory, p.policy.Directory), Kind: "revoke", Key: d.Key}
	return reconcile.Result{Action: a}, store.Change{Requests: []store.Request{made}}
}

func fingerprint(d record.Domain, serial string) string { return known(d, serial).SHA256 }

func issuedAt(d record.Domain, serial string) string { return known(d, serial).Directory }

// known is the row's certificate with that serial number.
func known(d record.Domain, serial string) record.Certificate {
	if d.Certificate != nil && d.Certificate.Serial == serial {
		return *d.Certificate
	}
	for _, s := range d.Superseded {
		if s.Serial == serial {
			return s.Certificate
		}
	}
	return record.Certificate{}
}

// remove takes a domain's files from every target. It is done when all of them
// have let go.
func (p *pass) remove(ctx context.Context, d record.Domain, a reconcile.Action) reconcile.Result {
	r := reconcile.Result{Action: a}
	for _, target := range p.Targets {
		if err := p.takeFrom(ctx, target, d); err != nil {
			r.Action.Target = target.Name()
			return p.ended(ctx, r, err)
		}
	}
	return r
}

// fingerprints are those of every certificate that the row remembers.
func fingerprints(d record.Domain) []string {
	var known []string
	if d.Certificate != nil {
		known = append(known, d.Certificate.SHA256)
	}
	for _, s := range d.Superseded {
		known = append(known, s.SHA256)
	}
	for _, a := range d.Deployed {
		known = append(known, a.SHA256)
	}
	return known
}

// ended tells a target's failure from the end of the pass. What a hook wrote may
// hold secrets, so it goes to the log and not, with the error, to the status.
func (p *pass) ended(ctx context.Context, r reconcile.Result, err error) reconcile.Result {
	var hook *deploy.HookError
	if errors.As(err, &hook) && hook.Output != "" {
		p.Log.Warn("the hook failed", "domain", r.Action.Domain, "target", r.Action.Target,
			"status", hook.Status, "output", hook.Output)
	}
	var stuck *stuckError
	switch {
	case err == nil:
	case ctx.Err() != nil:
		r.Cancelled = true
	case errors.As(err, &stuck):
		r.Err = p.leftBehind(r.Action.Domain, stuck)
	default:
		r.Err = err.Error()
	}
	return r
}

func (p *pass) target(name string) Target {
	for _, t := range p.Targets {
		if t.Name() == name {
			return t
		}
	}
	return nil
}

// doing says what an action does, while it is done.
func doing(a reconcile.Action) string {
	switch a.Kind {
	case reconcile.Issue:
		return "issuing: " + a.Why
	case reconcile.Renew:
		return "renewing: " + a.Why
	case reconcile.Replace:
		return "replacing: " + a.Why
	case reconcile.Adopt:
		return "taking over what is at " + a.Target
	case reconcile.Deploy:
		return "deploying to " + a.Target
	case reconcile.Revoke:
		return "revoking " + a.Serial
	default:
		return "removing: " + a.Why
	}
}
