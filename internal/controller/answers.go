package controller

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/acmsync/acmsync/internal/challenge"
	"github.com/acmsync/acmsync/internal/record"
)

// holder is a responder that can say, before anything is asked of the CA,
// whether it will be able to answer, and keeps its place until it is released.
type holder interface {
	Hold(ctx context.Context) (release func(), err error)
}

// hold makes sure that the challenges of the row's order can be answered. Behind
// them nothing is to be answered any more.
func (p *pass) hold(ctx context.Context, d record.Domain) (release func(), err error) {
	o := record.Order{Challenge: d.Challenge}
	if d.Order != nil {
		o = *d.Order
	}
	h, ok := p.Responder.(holder)
	if !ok || p.inDNS(o) || o.State == record.OrderFinalizing {
		return func() {}, nil
	}
	return p.holdPlace(ctx, d.Key, h)
}

// unplaced reports whether the error is that of a host that cannot answer
// challenges. That is nobody's domain's fault, and said once for all of them.
func (p *pass) unplaced(err error) bool {
	var place *challenge.PlaceError
	if !errors.As(err, &place) {
		return false
	}
	p.fail(place)
	return true
}

// answers are the responses that this process has in place for orders. They end
// with their order whatever way it ends: a listener keeps its port for as long
// as there is one.
type answers struct {
	mu    sync.Mutex
	byKey map[string][]answer // by the row's key
}

type answer struct{ order, name, token string }

func (a *answers) add(key string, one answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, known := range a.byKey[key] {
		if known == one {
			return
		}
	}
	if a.byKey == nil {
		a.byKey = map[string][]answer{}
	}
	a.byKey[key] = append(a.byKey[key], one)
}

// of are the answers of a row, all of its orders'.
func (a *answers) of(key string) []answer {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]answer(nil), a.byKey[key]...)
}

func (a *answers) keys() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(maps.Keys(a.byKey))
}

func (a *answers) drop(key string, gone answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var left []answer
	for _, one := range a.byKey[key] {
		if one != gone {
			left = append(left, one)
		}
	}
	if len(left) == 0 {
		delete(a.byKey, key) // there is no map yet when an earlier process's response goes
		return
	}
	a.byKey[key] = left
}

// noted is the responder for one order; it writes down what it put in place.
type noted struct {
	*pass
	order record.Order
}

func (n noted) Present(ctx context.Context, name, token, keyAuth string) error {
	n.answers.add(n.order.Key, answer{n.order.ID, name, token})
	return n.present(ctx, n.order.Key, name, token, keyAuth)
}

func (n noted) CleanUp(ctx context.Context, name, token string) error {
	err := n.cleanUp(ctx, n.order.Key, name, token)
	if err == nil {
		n.answers.drop(n.order.Key, answer{n.order.ID, name, token})
	}
	return err
}

// recall writes down what the journal says is in place: an earlier process may
// have put it there.
func (a *answers) recall(o *record.Order) {
	if o == nil || o.Challenge == record.DNS01 { // see tidyDNS
		return
	}
	for _, auth := range o.Authorizations {
		if auth.Presented {
			a.add(o.Key, answer{o.ID, auth.Name, auth.Token})
		}
	}
}

// withdraw takes away the row's responses whose order is open no more.
func (p *pass) withdraw(key string) {
	held := p.answers.of(key)
	if len(held) == 0 {
		return
	}
	o, open, err := p.Store.Order(p.last, key)
	if err != nil {
		return // the next pass asks again
	}
	for _, one := range held {
		if !open || o.ID != one.order {
			p.takeAway(key, one)
		}
	}
}

// abandon takes all of the row's responses away: another process has the row
// and answers for it, perhaps on the same port.
func (p *pass) abandon(key string) {
	for _, one := range p.answers.of(key) {
		p.takeAway(key, one)
	}
}

func (p *pass) takeAway(key string, one answer) {
	if err := p.cleanUp(p.last, key, one.name, one.token); err != nil {
		p.Log.Warn("a challenge's response could not be taken away", "domain", one.name, "error", err)
		return
	}
	p.answers.drop(key, one)
}
