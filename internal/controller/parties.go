package controller

import (
	"context"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/issue"
)

// How long each party may take for one call; see within. Most have shorter ends
// of their own, and heed them.
const (
	lookTime  = 20 * time.Second // an observation ends by itself after 15 s
	placeTime = 30 * time.Second
	readTime  = 10 * time.Second
	caTime    = 2 * time.Minute
	// targetTime is for targets that do not say how long they take.
	targetTime = 2 * time.Minute
)

// limit is how long a call may take: no longer than the domain, where the time for
// that is set.
func (p *pass) limit(usual time.Duration) time.Duration {
	if p.Deadline > 0 {
		return p.Deadline
	}
	return usual
}

const responderName = "challenge.http01"

// see puts the question to the observer.
func (p *pass) see(ctx context.Context, key string, q record.Question) (record.Observation, error) {
	return within(ctx, &p.strays, "looking at the domain", key, p.limit(lookTime), func(ctx context.Context) record.Observation {
		return p.Observer.Observe(ctx, q)
	})
}

// flatten is the error of a call that returns nothing else.
func flatten(err, stuck error) error {
	if stuck != nil {
		return stuck
	}
	return err
}

func (p *pass) present(ctx context.Context, key, name, token, keyAuth string) error {
	return flatten(within(ctx, &p.strays, responderName, key, p.limit(placeTime), func(ctx context.Context) error {
		return p.Responder.Present(ctx, name, token, keyAuth)
	}))
}

func (p *pass) cleanUp(ctx context.Context, key, name, token string) error {
	return flatten(within(ctx, &p.strays, responderName, key, p.limit(placeTime), func(ctx context.Context) error {
		return p.Responder.CleanUp(ctx, name, token)
	}))
}

// place is what holding a place for responses comes to.
type place struct {
	release func()
	err     error
}

func (p *pass) holdPlace(ctx context.Context, key string, h holder) (release func(), err error) {
	got, err := within(ctx, &p.strays, responderName, key, p.limit(placeTime), func(ctx context.Context) place {
		release, err := h.Hold(ctx)
		if err == nil && ctx.Err() != nil { // nobody waits for it any more
			release()
			return place{nil, ctx.Err()}
		}
		return place{release, err}
	})
	if err != nil {
		return nil, err
	}
	return got.release, got.err
}

// slow is a Target that says how long handing over one pair may take when all
// is well.
type slow interface{ Takes() time.Duration }

func installTime(t Target) time.Duration {
	if s, ok := t.(slow); ok {
		return s.Takes()
	}
	return targetTime
}

func targetName(t Target) string { return "the deploy target " + t.Name() }

func (p *pass) handOver(ctx context.Context, t Target, d record.Domain, pair record.Pair) error {
	return flatten(within(ctx, &p.strays, targetName(t), d.Key, p.limit(installTime(t)), func(ctx context.Context) error {
		return t.Install(ctx, pair)
	}))
}

func (p *pass) takeFrom(ctx context.Context, t Target, d record.Domain) error {
	return flatten(within(ctx, &p.strays, targetName(t), d.Key, p.limit(targetTime), func(ctx context.Context) error {
		return t.Remove(ctx, d.Name(), fingerprints(d))
	}))
}

func (p *pass) holds(ctx context.Context, t Target, d record.Domain, sha256 string) (bool, error) {
	got, err := within(ctx, &p.strays, targetName(t), d.Key, p.limit(readTime), func(context.Context) held {
		holds, err := t.Holds(d.Name(), sha256)
		return held{holds, err}
	})
	if err != nil {
		return false, err
	}
	return got.holds, got.err
}

type held struct {
	holds bool
	err   error
}

// lying is what is installed at a target.
type lying struct {
	pair  record.Pair
	found bool
	err   error
}

func (p *pass) installed(ctx context.Context, t Target, k Keeper, d record.Domain) (record.Pair, bool, error) {
	got, err := within(ctx, &p.strays, targetName(t), d.Key, p.limit(readTime), func(context.Context) lying {
		pair, found, err := k.Installed(d.Name())
		return lying{pair, found, err}
	})
	if err != nil {
		return record.Pair{}, false, err
	}
	return got.pair, got.found, got.err
}

// stepped is an order after a step.
type stepped struct {
	order record.Order
	err   error
}

// advanceOrder has the order's CA take its next step. One that hangs leaves the
// order as it was.
func (p *pass) advanceOrder(ctx context.Context, ca *authority, o record.Order) (record.Order, error) {
	limit := caTime + time.Duration(len(o.Names))*nameTime
	got, err := within(ctx, &p.strays, "following the order at "+o.Directory, o.Key, p.limit(limit), func(ctx context.Context) stepped {
		next, err := ca.Advance(ctx, o, p.responder(o), p.Now())
		return stepped{next, err}
	})
	if err != nil {
		return o, err
	}
	return got.order, got.err
}

func (p *pass) revokeAt(ctx context.Context, ca *authority, key string, pair record.Pair, reason int) error {
	return flatten(within(ctx, &p.strays, "revoking at "+ca.URL(), key, p.limit(caTime), func(ctx context.Context) error {
		return ca.Revoke(ctx, pair.Chain, reason)
	}))
}

// abandonInDNS takes away what an order that is over left in DNS.
func (p *pass) abandonInDNS(ctx context.Context, o record.Order) (record.Order, error) {
	got, err := within(ctx, &p.strays, "challenge.dns01", o.Key, p.limit(tidyTime), func(ctx context.Context) stepped {
		tidied, err := issue.Abandoned(ctx, o, p.DNSResponder)
		return stepped{tidied, err}
	})
	if err != nil {
		return o, err
	}
	return got.order, got.err
}
