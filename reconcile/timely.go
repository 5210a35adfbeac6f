package reconcile

import (
	"reflect"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// skew is by how much a record may be ahead of a clock that is right.
const skew = 5 * time.Minute

// maxPause is more than a CA can ask an order to wait.
const maxPause = 10 * day

// Ahead reports whether a clock that was ahead left its mark in the row.
func Ahead(d record.Domain, now time.Time) bool { return !reflect.DeepEqual(d, BackToNow(d, now)) }

// BackToNow takes out of a row what a clock that was ahead put there: looks and
// attempts that are yet to come, and waits that began then. now must be right. A
// wait keeps its length, so that none that protects a limit is cut short.
func BackToNow(d record.Domain, now time.Time) record.Domain {
	ahead := func(t time.Time) bool { return t.After(now.Add(skew)) }
	if ahead(d.CheckedAt) {
		d.CheckedAt = time.Time{}
	}
	if ahead(d.Since) {
		d.Since = now
	}
	if a := &d.Attempt; ahead(a.Last) {
		by := a.Last.Sub(now)
		a.Last, a.FirstFailed = now, earliest(a.FirstFailed, now)
		a.Next, a.RateLimitedUntil = sooner(a.Next, by), sooner(a.RateLimitedUntil, by)
	}
	if ahead(d.Suggestion.NextAt.Add(-latestPoll)) {
		d.Suggestion.NextAt = now
	}
	if d.Order != nil && ahead(d.Order.NextAt.Add(-maxPause)) {
		o := *d.Order
		o.NextAt = time.Time{}
		d.Order = &o
	}
	d.Deployed = slices.Clone(d.Deployed)
	for i := range d.Deployed {
		if at := &d.Deployed[i]; ahead(at.Next.Add(-2 * longestWait)) {
			at.Next = now
		}
	}
	d.Passed = slices.DeleteFunc(slices.Clone(d.Passed), func(p record.Passed) bool { return ahead(p.At) })
	if r := d.Revocation; r != nil && ahead(r.Seen) {
		seen := *r
		seen.Seen = now
		d.Revocation = &seen
	}
	if n := &d.Notice; ahead(n.Began) || ahead(n.Told) || ahead(n.Healed) {
		*n = record.Notice{}
	}
	return d
}

func sooner(t time.Time, by time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-by)
}
