package verify

import (
	"context"
	"errors"
	"sync/atomic"
)

// maxQuestions bounds what one observation may ask name servers, repetitions
// and all. A name that is well takes three or four questions; one with ten
// labels, four silent name servers and a long chain of aliases about sixty.
const maxQuestions = 128

// allowance is what one observation may still ask, carried by its context
// because the caches ask on behalf of whoever comes first.
type allowance struct{ left atomic.Int32 }

type allowanceKey struct{}

func withAllowance(ctx context.Context, questions int32) context.Context {
	a := new(allowance)
	a.left.Store(questions)
	return context.WithValue(ctx, allowanceKey{}, a)
}

// allowanceOf is nil, which is without end, for a context without one.
func allowanceOf(ctx context.Context) *allowance {
	a, _ := ctx.Value(allowanceKey{}).(*allowance)
	return a
}

func (a *allowance) spend() bool { return a == nil || a.left.Add(-1) >= 0 }

func (a *allowance) spent() bool { return a != nil && a.left.Load() <= 0 }

var errTooMany = errors.New(tooMany)

const tooMany = "this name takes too many questions to follow"
