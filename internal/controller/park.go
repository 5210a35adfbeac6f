package controller

import (
	"context"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/reconcile"
)

// parked is a row whose probe met another account's answer. Whether that is
// the domain's fault or the platform's shows only when all others are done, so
// the lease is kept until then.
type parked struct {
	ctx    context.Context
	cancel context.CancelFunc
	lease  store.Lease
	domain record.Domain
}

func (p *pass) park(row parked) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.parked = append(p.parked, row)
}

// noteProbe remembers that a probe found our own account's answer.
func (p *pass) noteProbe(d record.Domain) {
	if d.Checks.Challenge != record.Pass {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answered = append(p.answered, d)
}

// settleParked lets go of the rows that were parked, as one problem of the
// account if that is what it is.
func (p *pass) settleParked() {
	rows := p.parked
	p.parked = nil
	stepped := append([]record.Domain(nil), p.answered...)
	for _, row := range rows {
		stepped = append(stepped, row.domain)
	}
	changed := map[string]record.Domain{}
	for _, d := range reconcile.AccountProblem(stepped) {
		changed[d.Key] = d
	}
	for _, row := range rows {
		if d, ok := changed[row.domain.Key]; ok {
			row.domain = d
		}
		p.release(row.ctx, row.cancel, row.lease, row.domain)
	}
}
