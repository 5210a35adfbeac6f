package reconcile

import (
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// fail takes a failed attempt into the row: when the next one is, and what the
// row is until then. The first finding's reason says how it is retried.
// retryAfter is when the CA wants us back; zero: it did not say.
func fail(d *record.Domain, findings []record.Finding, retryAfter time.Time, p Policy, now time.Time) {
	handled(d)
	d.Findings = findings
	reason := failure.Of(findings[0].Code)
	switch {
	case reason.Code == failure.CAUnavailable:
		wait := outageWait(*d)
		postpone(d, later(now.Add(wait), retryAfter), now)
	case reason.Retry == failure.Until:
		limited(d, retryAfter, now)
	default:
		count(d, reason, retryAfter, p, now)
	}
}

// postpone waits for the CA, which has nothing to do with the domain: nothing
// is counted.
func postpone(d *record.Domain, until, now time.Time) {
	d.Attempt.Last, d.Attempt.Next, d.Attempt.RateLimitedUntil = now, until, time.Time{}
	if !valid(*d, now) {
		setState(d, record.Waiting, now)
	}
}

// limited waits for a limit to end. Nothing shortens that wait.
func limited(d *record.Domain, until, now time.Time) {
	if until.IsZero() {
		until = now.Add(longestWait)
	}
	postpone(d, later(until, now.Add(shortestWait)), now)
	d.Attempt.RateLimitedUntil = d.Attempt.Next
}

// count counts an attempt that failed for a reason of the domain's own.
func count(d *record.Domain, reason failure.Reason, retryAfter time.Time, p Policy, now time.Time) {
	a := &d.Attempt
	a.Count++
	a.Last, a.RateLimitedUntil = now, time.Time{}
	if a.FirstFailed.IsZero() {
		a.FirstFailed = now
	}
	state := record.Failing
	a.Next = nextTry(*d, a.Count, now)
	switch {
	case reason.Retry == failure.OnChange:
		// Nothing of ours sees that change at the CA, so a look a day later.
		a.Next = now.Add(jittered(day, d.Key, a.Count))
	case a.Count >= minAttempts && now.Sub(a.FirstFailed) >= p.FailAfter && !valid(*d, now):
		state = record.Failed
		a.Next = now.Add(jittered(day, d.Key, a.Count))
	}
	a.Next = later(a.Next, retryAfter)
	if !valid(*d, now) {
		setState(d, state, now)
	}
}

func later(x, y time.Time) time.Time {
	if y.After(x) {
		return y
	}
	return x
}

// clause makes a part of a sentence from a message.
func clause(message string) string { return strings.TrimSuffix(message, ".") }
