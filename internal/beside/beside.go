// Package beside does parts of a piece of work side by side.
//
// A panic that a goroutine does not recover from ends the process, and with it
// the work for everybody else. Here it comes out where the parts are waited
// for: there somebody knows whose work it was, and can go on with the others.
package beside

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
)

// Panic is a panic on its way from the goroutine where it happened to the one
// that deals with it.
type Panic struct {
	Cause any
	// Stack is that of the goroutine where it happened.
	Stack []byte
	// Place is the function and line where it happened: the same at every time,
	// so that a panic can be recognized when it happens again.
	Place string
}

func (p *Panic) Error() string { return fmt.Sprintf("panic at %s: %v", p.Place, p.Cause) }

// Caught is what recover returned, to be called where it was called. What came
// from another goroutine is handed on as it is.
func Caught(cause any) *Panic {
	if p, ok := cause.(*Panic); ok {
		return p
	}
	return &Panic{Cause: cause, Stack: debug.Stack(), Place: place()}
}

// deepest is how much of a stack is looked at.
const deepest = 64

// place is the frame below the last of the runtime's that carry a panic: one
// that was raised again on its way up has several.
func place() string {
	callers := make([]uintptr, deepest)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	found, raising := "", false
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		switch {
		case strings.HasPrefix(f.Function, "runtime."):
			raising = raising || f.Function == "runtime.gopanic"
		case raising:
			found, raising = fmt.Sprintf("%s:%d", f.Function, f.Line), false
		}
	}
	return found
}

// Run calls do and returns its panic; nil: there was none.
func Run(do func()) (p *Panic) {
	defer func() {
		if cause := recover(); cause != nil {
			p = Caught(cause)
		}
	}()
	do()
	return nil
}

// Once is [sync.OnceValue], but for whom it hands a panic to: everybody gets what
// happened to the first.
func Once[T any](do func() T) func() T {
	return sync.OnceValue(func() (v T) {
		if p := Run(func() { v = do() }); p != nil {
			panic(p)
		}
		return v
	})
}

// Group is parts that run side by side. The zero Group has none.
type Group struct {
	running sync.WaitGroup
	first   atomic.Pointer[Panic]
}

// Go runs a part.
func (g *Group) Go(part func()) {
	g.running.Go(func() {
		if p := Run(part); p != nil {
			g.first.CompareAndSwap(nil, p)
		}
	})
}

// Wait returns when all parts have ended. If any panicked, it panics with the
// first one's *[Panic].
func (g *Group) Wait() {
	g.running.Wait()
	if p := g.first.Load(); p != nil {
		panic(p)
	}
}
