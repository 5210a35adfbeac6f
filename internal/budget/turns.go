package budget

import (
	"container/heap"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// Turn is when a request may be made.
type Turn struct {
	At time.Time
	// For is the bucket that is waited for; zero: none is.
	For record.Bucket
}

// Turns says when each of the requests may be made, if all want to be made as
// soon as can be and the first ones are the most urgent. Nobody waits for a
// token that those before could not use yet: a request that has to wait for its
// registered domain lets others go first at the account's bucket.
func Turns(books record.Ledger, sorted []Request, l Limits, now time.Time) []Turn {
	turns := make([]Turn, len(sorted))
	for i, r := range sorted {
		turns[i] = Turn{At: now}
		for _, d := range r.draws(l) {
			if at := d.at(books, now); d.width == own && at.After(turns[i].At) {
				turns[i] = Turn{At: at, For: d.bucket}
			}
		}
	}
	for _, width := range []width{ofDomain, ofAll} {
		for _, line := range lines(sorted, l, width, turns) {
			full := books[line.bucket]
			line.serve(line.bound.all[0].draw.limit.credible(full, now), now, turns)
		}
	}
	return turns
}

// lines are who waits for each of the buckets of that width, in the order in
// which these are first needed.
func lines(sorted []Request, l Limits, width width, turns []Turn) []*line {
	var all []*line
	by := map[record.Bucket]*line{}
	for i, r := range sorted {
		for _, d := range r.draws(l) {
			if d.width != width {
				continue
			}
			if by[d.bucket] == nil {
				by[d.bucket] = newLine(d.bucket)
				all = append(all, by[d.bucket])
			}
			heap.Push(&by[d.bucket].bound, entrant{rank: i, free: turns[i].At, draw: d})
		}
	}
	return all
}

// entrant is a request that needs a token of a shared bucket from a time on.
type entrant struct {
	rank int
	free time.Time
	draw draw
}

// line is who waits for one shared bucket: those that could use a token, the most
// urgent first, and those that cannot yet, the earliest first.
type line struct {
	bucket       record.Bucket
	ready, bound entrants
}

func newLine(b record.Bucket) *line {
	return &line{
		bucket: b,
		ready:  entrants{less: func(x, y entrant) bool { return x.rank < y.rank }},
		bound:  entrants{less: func(x, y entrant) bool { return x.free.Before(y.free) }},
	}
}

// serve gives each token to the most urgent of those that can use it then.
func (q *line) serve(full, now time.Time, turns []Turn) {
	for at := now; q.ready.Len()+q.bound.Len() > 0; {
		for q.bound.Len() > 0 && !q.bound.all[0].free.After(at) {
			heap.Push(&q.ready, heap.Pop(&q.bound))
		}
		if q.ready.Len() == 0 {
			at = q.bound.all[0].free
			continue
		}
		best := q.ready.all[0]
		if gives := best.draw.limit.gives(full, best.draw.keep); !full.IsZero() && gives.After(at) {
			at = gives // by then somebody more urgent may be able to use it
			continue
		}
		heap.Pop(&q.ready)
		if at.After(best.free) {
			turns[best.rank] = Turn{At: at, For: q.bucket}
		}
		full = best.draw.limit.take(full, at)
	}
}

// entrants is a heap.
type entrants struct {
	all  []entrant
	less func(x, y entrant) bool
}

func (e *entrants) Len() int           { return len(e.all) }
func (e *entrants) Less(i, j int) bool { return e.less(e.all[i], e.all[j]) }
func (e *entrants) Swap(i, j int)      { e.all[i], e.all[j] = e.all[j], e.all[i] }
func (e *entrants) Push(x any)         { e.all = append(e.all, x.(entrant)) }

func (e *entrants) Pop() any {
	last := e.all[len(e.all)-1]
	e.all = e.all[:len(e.all)-1]
	return last
}

// Took is the later, the more orders the request's app had of late.
func (r Request) Took(books record.Ledger, now time.Time) time.Time {
	return later(now, books[r.share()])
}
