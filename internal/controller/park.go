package controller

import (
	"context"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/reconcile"
)

// parked is a row whose lease is kept until all others are done. Either its
// probe met another account's answer, and whether that is the domain's fault or
// the platform's shows only then; or it stays due although nothing can be done
// for it in this pass, and must not be taken up again.
type parked struct {
	cancel context.CancelFunc
	lease  store.Lease
	domain record.Domain
}

func (p *pass) park(row parked) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.parked = append(p.parked, row)
}

// noteProbe remembers that a probe of this pass found our own account's answer.
func (p *pass) noteProbe(d record.Domain) {
	if d.Checks.Challenge != record.Pass || !p.wasProbed(d) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answered = append(p.answered, d)
}

// probing remembers that the name is probed in this pass. What the row says of
// its challenge may be from another day.
func (p *pass) probing(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.probed == nil {
		p.probed = map[string]bool{}
	}
	p.probed[name] = true
}

func (p *pass) wasProbed(d record.Domain) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.probed[d.Name()]
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
		p.release(row.cancel, row.lease, row.domain)
	}
}

func later(d record.Domain, due time.Time) record.Domain {
	d.Due = due
	return d
}
