package controller

import (
	"context"

	"github.com/acmsync/acmsync/internal/record"
)

// renewal asks the CA when the row's certificate should be renewed, but not one
// that did not answer before in this pass. An error is an answer too: when to
// ask again is decided by it.
func (p *pass) renewal(ctx context.Context, d record.Domain) *record.RenewalInfo {
	if err := p.missing(); err != nil {
		return &record.RenewalInfo{ID: d.Suggestion.ID, Problem: err}
	}
	pair, err := p.Store.Pair(ctx, d.Certificate.SHA256)
	if err != nil || p.CA == nil {
		return nil
	}
	brief, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	info := p.CA.RenewalInfo(brief, pair.Chain, p.Now())
	if ctx.Err() != nil { // what was cut short says nothing
		return nil
	}
	return &info
}

// missing is why the CA's directory could not be had in this pass; nil: it could,
// or nobody asked for it.
func (p *pass) missing() *record.Problem {
	p.ca.mu.Lock()
	defer p.ca.mu.Unlock()
	return outage(p.ca.err)
}
