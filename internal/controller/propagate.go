package controller

import (
	"context"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/issue"
)

// inDNS reports whether the order's challenges are answered in DNS.
func (p *pass) inDNS(o record.Order) bool {
	return o.Challenge == record.DNS01 && p.DNSResponder != nil
}

// responder answers the order's challenges. What is in DNS the journal knows, as
// it outlives this process; what this process has in place is noted.
func (p *pass) responder(o record.Order) issue.Responder {
	if p.inDNS(o) {
		return p.DNSResponder
	}
	return noted{p, o}
}

// holdOn is how short a wait for DNS is that a worker stays for.
const holdOn = time.Second

// comeback is an order that was let go of while its record spreads over the
// name servers, so that its worker is free, and to which the same pass returns.
type comeback struct{ at, until time.Time }

// comesBack reports whether an order is to be let go of for now although the
// pass has patience with it left.
func (p *pass) comesBack(o record.Order) bool {
	if o.State != record.OrderPresented || !o.Traces() || !o.NextAt.After(p.Now().Add(holdOn)) {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.returns == nil {
		p.returns = map[string]comeback{}
	}
	back, known := p.returns[o.Key]
	if !known {
		back.until = p.Now().Add(patience)
	}
	back.at = o.NextAt
	p.returns[o.Key] = back
	return true
}

// awaitReturn waits, where a worker has nothing else to do, for the next order
// that is to be returned to; false: there is none.
func (p *pass) awaitReturn(ctx context.Context) bool {
	p.mu.Lock()
	var next time.Time
	for key, back := range p.returns {
		switch {
		case !back.at.After(p.Now()) || back.at.After(back.until) || back.at.After(p.Now().Add(patience)):
			back.at = time.Time{} // it is due, or this pass waits for it no longer
			p.returns[key] = back
		case next.IsZero() || back.at.Before(next):
			next = back.at
		}
	}
	p.mu.Unlock()
	return !next.IsZero() && p.sleepUntil(ctx, next) == nil
}

const (
	// tidyTime bounds what a pass spends on records that were left in DNS, and
	// tidyCount how many orders it does that for.
	tidyTime  = 10 * time.Second
	tidyCount = 100
)

// tidyDNS takes away what orders that are over left in DNS: those of one row, or
// of all. What cannot be taken away now is tried again in the next pass.
func (p *pass) tidyDNS(ctx context.Context, key string) {
	if p.DNSResponder == nil || ctx.Err() != nil {
		return
	}
	left, err := p.Store.Traces(ctx, key, tidyCount)
	p.fail(err)
	ctx, cancel := context.WithTimeout(ctx, tidyTime)
	defer cancel()
	for _, o := range left {
		tidied, err := p.abandonInDNS(ctx, o)
		if err != nil {
			p.Log.Warn("a record of a dns-01 challenge is left behind for now", "domain", o.Key, "error", err)
		}
		p.fail(p.Store.SetTraces(p.last, tidied))
	}
}
