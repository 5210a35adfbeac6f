package store

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
)

// batches let changes that come at the same time share a transaction, and so
// one wait for the disk: with one writer, that wait sets the pace of many
// orders at once. Each change still happens whole or not at all, by a savepoint
// of its own, and nobody hears of success before the commit.
type batches struct {
	// turn is held by whoever runs a batch, which is one of those in it or one
	// who came a moment too late for the last.
	turn chan struct{}

	mu      sync.Mutex
	waiting []*job
}

// job is one change on its way into a batch.
type job struct {
	ctx  context.Context // of whoever waits for it
	fn   func(*transaction) error
	done chan error
}

// maxBatch bounds how many changes wait for each other.
const maxBatch = 64

// batchTime is more than the database makes a batch wait, see busyTimeout.
const batchTime = 2 * busyTimeout

// errAbandoned is what the rest of a batch gets when one of it panics.
var errAbandoned = errors.New("the transaction was abandoned")

func newBatches() *batches { return &batches{turn: make(chan struct{}, 1)} }

// batched runs fn in a transaction that it may share with others. Once that has
// begun, the end of ctx no longer stops it, because it is theirs too; until then
// it ends when everybody's context has.
func (s *Store) batched(ctx context.Context, fn func(*transaction) error) error {
	j := &job{ctx: ctx, fn: fn, done: make(chan error, 1)}
	s.batches.add(j)
	for {
		select {
		case err := <-j.done:
			return err
		case s.batches.turn <- struct{}{}:
			s.runBatch(ctx)
		case <-ctx.Done():
			if s.batches.withdraw(j) {
				return ctx.Err()
			}
			return <-j.done
		}
	}
}

// runBatch runs what waits, with the turn held, and tells everyone how it went.
func (s *Store) runBatch(ctx context.Context) {
	jobs := s.batches.take()
	results := slices.Repeat([]error{errAbandoned}, len(jobs))
	defer func() {
		for i, j := range jobs {
			j.done <- results[i]
		}
		<-s.batches.turn
	}()
	if len(jobs) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), batchTime)
	defer cancel()
	begun := whenAllGiveUp(jobs, cancel)
	defer begun()
	var each []error
	err := inTx(ctx, s.write, &s.writing, nil, func(tx *transaction) (err error) {
		begun()
		tx.ctx = ctx
		if len(jobs) == 1 {
			return jobs[0].fn(tx)
		}
		each, err = runAll(ctx, tx, jobs)
		return err
	})
	if err != nil || len(jobs) == 1 {
		each = slices.Repeat([]error{err}, len(jobs))
	}
	results = each
}

// whenAllGiveUp calls f when nobody waits for any of the jobs any longer, unless
// it is stopped before: a program that was told to end must not wait for another
// one's transaction.
func whenAllGiveUp(jobs []*job, f func()) (stop func()) {
	var waiting atomic.Int64
	waiting.Store(int64(len(jobs)))
	var stops []func() bool
	for _, j := range jobs {
		stops = append(stops, context.AfterFunc(j.ctx, func() {
			if waiting.Add(-1) == 0 {
				f()
			}
		}))
	}
	return func() {
		for _, stop := range stops {
			stop()
		}
	}
}

// runAll runs the jobs one after the other and returns how each went. err is
// one that spoils the whole transaction.
func runAll(ctx context.Context, tx *transaction, jobs []*job) (results []error, err error) {
	for _, j := range jobs {
		if _, err := tx.ExecContext(ctx, "SAVEPOINT one"); err != nil {
			return nil, err
		}
		failed := j.fn(tx)
		if failed != nil {
			if _, err := tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT one"); err != nil {
				return nil, errors.Join(failed, err)
			}
		}
		if _, err := tx.ExecContext(ctx, "RELEASE SAVEPOINT one"); err != nil {
			return nil, err
		}
		results = append(results, failed)
	}
	return results, nil
}

func (b *batches) add(j *job) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = append(b.waiting, j)
}

func (b *batches) take() []*job {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := min(len(b.waiting), maxBatch)
	jobs := b.waiting[:n:n]
	b.waiting = b.waiting[n:]
	return jobs
}

// withdraw reports whether the job was still waiting, and then is no longer.
func (b *batches) withdraw(j *job) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.Index(b.waiting, j)
	if i < 0 {
		return false
	}
	b.waiting = slices.Delete(b.waiting, i, i+1)
	return true
}
