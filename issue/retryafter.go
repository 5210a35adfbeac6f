package issue

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// maxWait bounds what Retry-After can ask for: no CA's limits look back longer
// than a week.
const maxWait = 7 * 24 * time.Hour

// retryAfter is when the answer asks us to come back (RFC 9110, section
// 10.2.3); zero: it does not.
func retryAfter(h http.Header, now time.Time) time.Time {
	wait, ok := parseRetryAfter(h.Get("Retry-After"), h.Get("Date"), now)
	if !ok {
		return time.Time{}
	}
	return now.Add(wait)
}

// parseRetryAfter reads both of its forms. A point in time is by the CA's
// clock, which the answer's Date shows; without one it is by ours.
func parseRetryAfter(value, date string, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil {
		return time.Duration(min(seconds, uint64(maxWait/time.Second))) * time.Second, true
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	from, err := http.ParseTime(date)
	if err != nil {
		from = now
	}
	return min(max(until.Sub(from), 0), maxWait), true
}

const (
	firstPoll = 15 * time.Millisecond
	slowPoll  = 5 * time.Second
	idlePoll  = time.Minute
	// After this many slow polls, about two minutes, nobody expects an answer
	// within seconds any more.
	idleAfter = 28
)

// pollAfter is our own pace when the CA sets none: quick at first, because
// validation often takes milliseconds, then threefold each time, so that the
// seconds it may take as well cost a handful of requests.
func pollAfter(polls int) time.Duration {
	if polls > idleAfter {
		return idlePoll
	}
	return time.Duration(math.Min(float64(firstPoll)*math.Pow(3, float64(max(polls, 0))), float64(slowPoll)))
}
