package controller

import (
	"context"
	"errors"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/verify"
)

// renewal asks the CA when the row's certificate should be renewed, but not one
// that did not answer before in this pass. An error is an answer too: when to
// ask again is decided by it.
func (p *pass) renewal(ctx context.Context, d record.Domain) *record.RenewalInfo {
	ca := p.at(d.Certificate.Directory)
	if ca == nil {
		return nil
	}
	if err := ca.missing(); err != nil {
		return &record.RenewalInfo{ID: d.Suggestion.ID, Problem: err}
	}
	pair, err := p.Store.Pair(ctx, d.Certificate.SHA256)
	if err != nil {
		return nil
	}
	brief, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	info := ca.RenewalInfo(brief, pair.Chain, p.Now())
	if ctx.Err() != nil { // what was cut short says nothing
		return nil
	}
	return &info
}

// revoked asks, if it is time to, whether the row's certificate was revoked.
// Nobody to ask says nothing, and is tried with the next look.
func (p *pass) revoked(ctx context.Context, d record.Domain) *record.Revocation {
	if p.Revocations == nil || !reconcile.Inquires(d, p.policy, p.Now()) {
		return nil
	}
	pair, err := p.Store.Pair(ctx, d.Certificate.SHA256)
	if err != nil {
		return nil
	}
	said, revoked, err := p.Revocations.Revoked(ctx, pair.Chain, p.Now())
	if err != nil && ctx.Err() == nil && !errors.Is(err, verify.ErrNoList) {
		p.Log.Info("cannot tell whether the certificate is revoked", "domain", d.Name(), "error", err)
	}
	if err != nil || !revoked {
		return nil
	}
	return &said
}

// missing is why the CA's directory could not be had in this pass; nil: it could,
// or nobody asked for it.
func (a *authority) missing() *record.Problem {
	a.mu.Lock()
	defer a.mu.Unlock()
	return outage(a.err)
}
