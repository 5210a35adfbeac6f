package reconcile

import (
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// The waits between tries. The last one repeats.
var (
	// firstIssue spends at most five orders an hour on a name, the number of
	// failures that public CAs grant.
	firstIssue = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute}
	// renewals follow the CAs' advice: there is time, and their limits count.
	renewals = []time.Duration{time.Minute, 10 * time.Minute, 100 * time.Minute, day}
	// deployments go to our own servers, which do not mind.
	deployments = []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour}
	// revocations and what follows them are in no hurry.
	revocations = []time.Duration{time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, day}
)

const (
	// lastDays is when a renewal that keeps failing is tried hourly.
	lastDays = 7 * day
	// shortestWait and longestWait bound waits that grow by doubling.
	shortestWait = time.Minute
	longestWait  = time.Hour
	// minAttempts must have failed before a domain is Failed.
	minAttempts = 3
)

// wait is the pause after the nth failure (from 1), a little longer for some
// keys than for others so that what failed together is not tried together.
func wait(steps []time.Duration, n int, key string) time.Duration {
	step := steps[min(max(n, 1), len(steps))-1]
	return jittered(step, key, n)
}

// jittered adds up to a tenth.
func jittered(d time.Duration, key string, n int) time.Duration {
	return (d + part(d, draw(key, n)/10)).Truncate(time.Second)
}

// nextTry is when a domain whose nth attempt failed is tried again on its own.
func nextTry(d record.Domain, n int, now time.Time) time.Time {
	if !valid(d, now) {
		return now.Add(wait(firstIssue, n, d.Key))
	}
	urgent := d.Certificate.NotAfter.Add(-lastDays)
	if overdue(d, now) {
		urgent = now
	}
	next := now.Add(wait(renewals, n, d.Key))
	if n < len(renewals) {
		return next
	}
	if hourly := now.Add(jittered(time.Hour, d.Key, n)); !hourly.Before(urgent) {
		return hourly
	}
	if next.After(urgent) {
		return urgent // the daily wait must not swallow the hourly ones
	}
	return next
}

// outageWait doubles the wait before, which is kept as Last and Next.
func outageWait(d record.Domain) time.Duration {
	before := time.Duration(0)
	if d.Problem != nil && d.Problem.Outage() {
		before = d.Attempt.Next.Sub(d.Attempt.Last)
	}
	step := min(max(2*before, shortestWait), longestWait)
	return jittered(step, d.Key, int(step/time.Second))
}

// recheckWait is how soon something that has been wrong for age is looked at
// again: a thirtieth of it, no sooner than a minute, no later than an hour.
func recheckWait(age time.Duration) time.Duration {
	return min(max(age/30, shortestWait), longestWait)
}

// dailyCheck is the first of the row's daily times after t. They are spread
// over the day by the row's key.
func dailyCheck(key string, t time.Time) time.Time {
	slot := part(day, draw("daily", key)).Truncate(time.Second)
	at := t.UTC().Truncate(day).Add(slot)
	if !at.After(t) {
		at = at.Add(day)
	}
	return at
}
