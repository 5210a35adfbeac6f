package gitrepo

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxLeftAlone is the longest that a server is left alone because it said so: a
// header that is wrong must not cut a repository off for a day.
const maxLeftAlone = time.Hour

// statusError is an HTTP answer that is not a success.
type statusError struct {
	code int
	// retryAfter is how long the server is to be left alone; 0: it did not say.
	retryAfter time.Duration
	// earlier: this was answered before, and nothing was asked now.
	earlier bool
}

func (e *statusError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("answered %d %s", e.code, http.StatusText(e.code)))
}

// busy says whether the server may answer otherwise by itself later.
func (e *statusError) busy() bool { return e.code == http.StatusTooManyRequests || e.code >= 500 }

// leave remembers how long the server asked to be left alone.
func (t *httpTransport) leave(e statusError, now time.Time) {
	if !e.busy() || e.retryAfter <= 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.left, t.until = e, now.Add(min(e.retryAfter, maxLeftAlone))
}

// leftAlone is what the server answered, while the time that it asked for runs.
func (t *httpTransport) leftAlone(now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	rest := t.until.Sub(now)
	if rest <= 0 {
		return nil
	}
	// Up to a whole second, so that what is said is not too early.
	return &statusError{code: t.left.code, retryAfter: (rest + time.Second - 1).Truncate(time.Second), earlier: true}
}

// retryAfter reads the header in both its forms (RFC 9110, section 10.2.3). A
// date is held against the server's own clock.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(0, at.Sub(now))
}
