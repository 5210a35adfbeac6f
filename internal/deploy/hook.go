package deploy

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/acmsync/acmsync/internal/beside"
)

const (
	// gather is how long a run waits for further installs after the last one.
	gather = 50 * time.Millisecond
	// patience bounds the wait, counted from the oldest install of the run;
	// with starting up it stays well under the 5 s that are promised.
	patience = 3 * time.Second
)

// hook lets installs that happen close together share one run of a command.
// Runs never overlap: while one is under way, the next one gathers.
type hook struct {
	run  func(ctx context.Context, names []string) error
	turn chan struct{}

	mu sync.Mutex
	// next is the batch that has not begun; nil: none.
	next *batch
}

// batch is what one run covers.
type batch struct {
	names []string
	// joined tells the batch's goroutine of a further install.
	joined  chan struct{}
	waiting int
	cancel  context.CancelFunc
	// done is closed when the run has ended; err is its outcome.
	done chan struct{}
	err  error
	// broke is a panic on the way; everybody who waits for the run meets it.
	broke *beside.Panic
}

func newHook(run func(context.Context, []string) error) *hook {
	return &hook{run: run, turn: make(chan struct{}, 1)}
}

// wait returns the outcome of a run that begins after now and names name.
// When everybody who waits for a run has given up, it is ended.
func (h *hook) wait(ctx context.Context, name string) error {
	b := h.join(context.WithoutCancel(ctx), name)
	select {
	case <-b.done:
		if b.broke != nil {
			panic(b.broke)
		}
		return b.err
	case <-ctx.Done():
		h.leave(b)
		return ctx.Err()
	}
}

func (h *hook) join(ctx context.Context, name string) *batch {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := h.next
	if b == nil {
		b = &batch{joined: make(chan struct{}, 1), done: make(chan struct{})}
		ctx, b.cancel = context.WithCancel(ctx)
		h.next = b
		go func() {
			defer close(b.done)
			defer b.cancel()
			defer h.begin(b) // whatever happened, nobody joins it any more
			b.broke = beside.Run(func() { h.serve(ctx, b) })
		}()
	}
	if !slices.Contains(b.names, name) {
		b.names = append(b.names, name)
	}
	b.waiting++
	select {
	case b.joined <- struct{}{}:
	default:
	}
	return b
}

func (h *hook) leave(b *batch) {
	h.mu.Lock()
	b.waiting--
	last := b.waiting == 0
	if last && h.next == b {
		h.next = nil
	}
	h.mu.Unlock()
	if last {
		b.cancel()
		<-b.done
	}
}

// serve is the life of one batch.
func (h *hook) serve(ctx context.Context, b *batch) {
	b.settle(ctx)
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
	}
	names := h.begin(b)
	if b.err = ctx.Err(); b.err == nil {
		b.err = h.run(ctx, names)
	}
}

// begin closes the batch: who installs from here on needs the next run.
func (h *hook) begin(b *batch) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.next == b {
		h.next = nil
	}
	return slices.Sorted(slices.Values(b.names))
}

// settle waits until nobody joined for a while, or the oldest grows impatient.
func (b *batch) settle(ctx context.Context) {
	latest := time.NewTimer(patience)
	defer latest.Stop()
	for {
		quiet := time.NewTimer(gather)
		select {
		case <-b.joined:
			quiet.Stop()
		case <-quiet.C:
			return
		case <-latest.C:
			quiet.Stop()
			return
		case <-ctx.Done():
			quiet.Stop()
			return
		}
	}
}
