package issue

import (
	"net/http"
	"testing"
	"time"
)

func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	date := now.Format(http.TimeFormat)
	for _, seed := range []string{"", "0", "120", "-1", "1e9", "99999999999999999999", "Mon, 23 Nov 2026 12:01:00 GMT", "soon", "Monday, 23-Nov-26 12:01:00 GMT"} {
		f.Add(seed, date)
		f.Add(seed, "")
	}
	f.Fuzz(func(t *testing.T, value, date string) {
		wait, ok := parseRetryAfter(value, date, now)
		if wait < 0 || wait > maxWait {
			t.Errorf("%q waits %s", value, wait)
		}
		if !ok && wait != 0 {
			t.Errorf("%q is no time but waits %s", value, wait)
		}
		if at := retryAfter(http.Header{"Retry-After": {value}, "Date": {date}}, now); !at.IsZero() && at.Before(now) {
			t.Errorf("%q is in the past: %s", value, at)
		}
	})
}
