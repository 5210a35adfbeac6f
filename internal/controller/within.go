package controller

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/acmsync/acmsync/internal/beside"
)

const (
	// heed is how long after its end a call is waited for: what pays attention
	// to its context returns in less.
	heed = time.Second
	// maxStrays bounds the calls to one party that were left behind and have not
	// returned. Each may hold a thread.
	maxStrays = 64
)

// stuckError is a call that did not return in its time, nor when it was told to.
type stuckError struct {
	who   string
	after time.Duration // zero: not tried, since an earlier call still hangs
}

func (e *stuckError) Error() string {
	if e.after == 0 {
		return e.who + " does not answer: an earlier call to it has not returned"
	}
	return fmt.Sprintf("%s did not answer within %s, and does not stop either", e.who, e.after)
}

// strays are the calls that were left behind: they hang and cannot be ended.
// What they return is dropped.
type strays struct {
	mu sync.Mutex
	by map[string]map[string]bool // party, then row
}

func (s *strays) add(who, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = map[string]map[string]bool{}
	}
	if s.by[who] == nil {
		s.by[who] = map[string]bool{}
	}
	s.by[who][key] = true
}

func (s *strays) drop(who, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.by[who], key)
}

// has reports whether the row's call to the party would be one too many.
func (s *strays) has(who, key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.by[who][key] || len(s.by[who]) >= maxStrays
}

// within makes a call to somebody else's code for one row, which is given an end
// at limit or when ctx ends. A call that does not heed it is left behind: the
// error is then a *stuckError, or that of ctx if it ended, and the row makes no
// other call to the same party until it has returned. A panic comes out here.
func within[T any](ctx context.Context, s *strays, who, key string, limit time.Duration, call func(context.Context) T) (T, error) {
	var none T
	if s.has(who, key) {
		return none, &stuckError{who: who}
	}
	outer := ctx
	ctx, cancel := context.WithTimeout(outer, limit)
	defer cancel()
	began, got, ended := time.Now(), none, make(chan struct{})
	var broke *beside.Panic
	go func() {
		broke = beside.Run(func() { got = call(ctx) })
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		select {
		case <-ended:
		case <-time.After(heed):
			s.leave(who, key, ended)
			if err := outer.Err(); err != nil { // it had not its time
				return none, err
			}
			return none, &stuckError{who: who, after: time.Since(began).Round(time.Second)}
		}
	}
	if broke != nil {
		panic(broke)
	}
	return got, nil
}

// leave remembers a call until it returns after all.
func (s *strays) leave(who, key string, ended <-chan struct{}) {
	s.add(who, key)
	go func() {
		_ = beside.Run(func() { <-ended })
		s.drop(who, key)
	}()
}
