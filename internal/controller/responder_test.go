package controller_test

import (
	"context"
	"sync"

	"github.com/acmsync/acmsync/issue"
)

// panicking is a responder that panics at the nth time it presents for a name.
type panicking struct {
	issue.Responder

	mu   sync.Mutex
	name string
	left int
}

func (p *panicking) at(name string, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.name, p.left = name, n
}

func (p *panicking) Present(ctx context.Context, name, token, keyAuth string) error {
	if p.strikes(name) {
		panic("no")
	}
	return p.Responder.Present(ctx, name, token, keyAuth)
}

func (p *panicking) strikes(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if name != p.name {
		return false
	}
	p.left--
	return p.left == 0
}
