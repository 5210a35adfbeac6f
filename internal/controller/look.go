package controller

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// decide looks where the row wants to be looked at and decides, within what the
// CA's limits allow.
func (p *pass) decide(ctx context.Context, d record.Domain) (reconcile.Decision, error) {
	var dec reconcile.Decision
	var err error
	p.crew.briskly(&p.crew.looks, func() {
		dec, err = p.look(ctx, reconcile.Call(d, p.turns.of(d.Key), p.Now()))
	})
	if err != nil {
		return reconcile.Decision{}, err
	}
	return p.afford(ctx, dec, p.Now())
}

// look is decide but for the limits.
func (p *pass) look(ctx context.Context, d record.Domain) (reconcile.Decision, error) {
	d, q, ask := reconcile.Ask(d, p.policy, p.Now())
	q.Probe = q.Probe && p.mayProbe()
	var seen record.Observation
	if ask {
		p.tell(d, "checking DNS")
		var err error
		seen, err = p.observe(ctx, d.Key, q)
		if err := cmp.Or(ctx.Err(), err); err != nil { // what was cut short says nothing about the domain
			return reconcile.Decision{}, err
		}
	}
	p.tell(d, "reading what is deployed")
	seen.Lacking = p.lacking(ctx, d)
	if reconcile.Suggests(d, p.policy, p.Now()) {
		seen.Renewal = p.renewal(ctx, d)
	}
	seen.Revoked = p.revoked(ctx, d)
	seen.Found = p.found(ctx, d, seen.Lacking)
	return reconcile.Decide(d, seen, p.policy, p.Now()), nil
}

// lacking are the targets that lost what they acknowledged: their folder was
// wiped, or is another one by now.
func (p *pass) lacking(ctx context.Context, d record.Domain) []string {
	if d.Certificate == nil || d.Gone() {
		return nil
	}
	var names []string
	for _, a := range d.Deployed {
		t := p.target(a.Target)
		if t == nil || a.SHA256 != d.Certificate.SHA256 {
			continue
		}
		if holds, err := p.holds(ctx, t, d, a.SHA256); err == nil && !holds {
			names = append(names, a.Target)
		}
	}
	return names
}

// mayProbe reports whether the challenge can be probed. A plan puts nothing in
// place for it, so it probes only where edges answer by themselves.
func (p *pass) mayProbe() bool {
	platform := p.policy.Platform
	return !p.planning || platform.ChallengeMode == "stateless" && platform.Thumbprint != ""
}

// observe puts the question to the world. In the modes where the response must
// be put in place first, it is, and taken away again; where it cannot be, the
// challenge is left unknown.
func (p *pass) observe(ctx context.Context, key string, q record.Question) (record.Observation, error) {
	if !q.Probe {
		return p.see(ctx, key, q)
	}
	q.ProbeToken = rand.Text()
	q.ProbeExpect = q.ProbeToken + "." + p.policy.Platform.Thumbprint
	if err := p.present(ctx, key, q.Name, q.ProbeToken, q.ProbeExpect); err != nil {
		if !p.unplaced(err) {
			p.fail(fmt.Errorf("challenge.http01: putting the response for %s in place: %w", q.Name, err))
		}
		q.Probe = false
		return p.see(ctx, key, q)
	}
	p.probing(q.Name)
	defer func() {
		if err := p.cleanUp(p.last, key, q.Name, q.ProbeToken); err != nil {
			p.Log.Warn("a probe's response could not be taken away", "domain", q.Name, "error", err)
		}
	}()
	return p.see(ctx, key, q)
}
