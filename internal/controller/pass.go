package controller

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/acmsync/acmsync/internal/beside"
	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/reconcile"
)

// Result is how a pass ended.
type Result struct {
	// Failure is why the program, as opposed to a domain, could not do its
	// work: settings, git, store, clock, CA. Nil: it could.
	Failure error
	// Invalid are the errors of refused files.
	Invalid []record.FileError
	// Stepped is how many domains were worked on, Acted how many actions were
	// carried out.
	Stepped, Acted int
	// Committed is the status commit; empty: nothing changed.
	Committed string
	// Unfinished: time ran out, or another process is at work on a row.
	Unfinished bool
	// Next is when something is due again; zero: only a push moves anything.
	Next time.Time
}

// Pass runs acmsync once. What fails in one part does not stop the next: with
// the repository out of reach renewals go on, with the CA out of reach
// deployments do, and both are reported.
func (c *Controller) Pass(ctx context.Context) Result {
	p, err := c.begin(ctx)
	switch {
	case ctx.Err() != nil:
		return Result{Unfinished: true}
	case err != nil:
		return Result{Failure: err}
	}
	defer p.let()
	unread := p.safely("reading desired state", func() error { return p.pullInTime(ctx) })
	p.fail(unread)
	p.fail(p.safely("working", func() error { return p.work(ctx) }))
	if err := p.safely("telling the status", p.report); !sameCause(unread, err) {
		p.fail(err)
	}
	return p.end(ctx)
}

// safely does a part of the pass, whose panic must not keep the others from
// being done.
func (p *pass) safely(part string, do func() error) (err error) {
	if broke := beside.Run(func() { err = do() }); broke != nil {
		return fmt.Errorf("%s: %s; the log has it", part, p.panicked(record.Domain{}, broke))
	}
	return err
}

// sameCause reports whether the repository is out of reach for both, which is
// said once.
func sameCause(x, y error) bool {
	return both[*gitrepo.UnreachableError](x, y) || both[*gitrepo.AuthError](x, y) || both[*gitrepo.HostKeyError](x, y)
}

func both[E error](x, y error) bool {
	var a, b E
	return errors.As(x, &a) && errors.As(y, &b)
}

// pass is one pass under way. Its workers share it.
type pass struct {
	*Controller
	over <-chan struct{} // closed when it was told to end
	// last is for what must still be written when it was told to end; all of it
	// together gets lastWrites. let frees it.
	last context.Context
	// lastPush is the same for the last push of the status.
	lastPush context.Context
	let      func()
	policy   reconcile.Policy
	meta     store.Meta
	// planning: everything happens in memory.
	planning bool
	cas      []*authority

	books books
	turns turns
	crew  *crew
	// statusTip is where the status branch stands; empty: unknown, or nowhere.
	statusTip string
	tipsKnown bool

	mu       sync.Mutex
	failures []error
	result   Result
	parked   []parked
	aside    []record.Domain     // rows that cannot be read, as admission found them
	returns  map[string]comeback // by row
	// answered are the domains whose probe met our own account's answer.
	answered []record.Domain
	probed   map[string]bool   // by name
	doing    map[string]string // by row, what was last begun
}

func (c *Controller) begin(ctx context.Context) (*pass, error) {
	meta, err := c.Store.Meta(ctx)
	if err != nil {
		return nil, err
	}
	p := &pass{Controller: c, over: ctx.Done(), meta: meta, cas: c.authorities(), crew: newCrew(c.Concurrency)}
	p.policy = withCA(c.Policy, meta)
	for _, a := range p.cas {
		a.Pause(meta.Pauses[a.URL()])
	}
	last, letLast := lasting(ctx, lastWrites, lastWrites)
	push, letPush := lasting(ctx, lastWrites, lastPush)
	p.last, p.lastPush, p.let = last, push, func() { letPush(); letLast() }
	return p, nil
}

// withCA fills in what the store remembers of the CAs, so that CAA records can
// be judged while one is out of reach.
func withCA(policy reconcile.Policy, meta store.Meta) reconcile.Policy {
	for directory, said := range meta.CAs {
		policy = policy.Know(directory, said)
	}
	return policy
}

// fail remembers a failure of the program itself. Each is reported once, and
// what is wrong with the database once for all who meet it.
func (p *pass) fail(err error) {
	if err == nil || p.interrupted(err) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, known := range p.failures {
		if known.Error() == err.Error() || unkept(known) && unkept(err) {
			return
		}
	}
	p.failures = append(p.failures, err)
}

// unkept reports whether an error is that of a database which cannot be used,
// because of the disk or because it is damaged. That is no domain's fault.
func unkept(err error) bool {
	return errors.As(err, new(*store.DiskError)) || errors.As(err, new(*store.CorruptError))
}

// interrupted reports whether an error only says that the pass, or a lease, is
// over. A server that takes too long to answer is another matter.
func (p *pass) interrupted(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		select {
		case <-p.over:
			return true
		default:
			return false
		}
	}
	return errors.Is(err, context.Canceled)
}

func (p *pass) end(ctx context.Context) Result {
	p.fail(p.tidy(ctx))
	p.fail(p.notePauses())
	for _, key := range p.answers.keys() { // another process may have ended the order, or dropped the row
		p.fail(p.safely("taking responses away", func() error { p.withdraw(key); return nil }))
	}
	r := p.result
	r.Unfinished = r.Unfinished || ctx.Err() != nil
	next, err := p.Store.NextDue(p.last)
	p.fail(err)
	r.Next = next
	p.fail(p.absence())
	r.Failure = errors.Join(p.failures...)
	return r
}

// keepBooksFor is how long the log of requests and closed orders are kept;
// longer than any limit of a CA looks back.
const keepBooksFor = 30 * 24 * time.Hour

// tidy drops old records after a pass that did something.
func (p *pass) tidy(ctx context.Context) error {
	if p.result.Acted == 0 || ctx.Err() != nil || !p.confirmed() {
		return nil
	}
	return p.Store.Prune(ctx, p.Now().Add(-keepBooksFor))
}

const (
	// lastWrites is how much longer than its pass all its writes may take: less
	// than whoever asked us to stop waits before insisting.
	lastWrites = 6 * time.Second
	// lastPush is how much longer than its time a pass may take to tell the
	// repository: it asked for an end by then, and the next pass tells it too.
	lastPush = 2 * time.Second
)

// lasting is a context for what must still be written when ctx has ended: for so
// long if it was told to stop, and for so long if its time ran out.
func lasting(ctx context.Context, stopped, late time.Duration) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		more := stopped
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			more = late
		}
		select {
		case <-out.Done():
		case <-time.After(more):
			cancel()
		}
	})
	return out, func() { stop(); cancel() }
}
