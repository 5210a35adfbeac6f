package gitrepo

import (
	"net/http"
	"testing"
	"time"
)

// FuzzRetryAfter: whatever a server asks for, it is left alone for no time that
// lies behind us, and for an hour at most.
func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{"", "0", "120", "-1", "1e9", "99999999999999999999", "2147483647", "Mon, 23 Nov 2026 12:01:00 GMT", "Sun Nov  6 08:49:37 1994", "soon"} {
		f.Add(value, "Mon, 23 Nov 2026 12:00:00 GMT", 503)
		f.Add(value, "", 429)
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value, date string, code int) {
		wait := retryAfter(http.Header{"Retry-After": {value}, "Date": {date}})
		if wait < 0 {
			t.Errorf("%q waits %s", value, wait)
		}
		transport := &httpTransport{}
		transport.leave(statusError{code: code, retryAfter: wait}, now)
		if err := transport.leftAlone(now.Add(maxLeftAlone)); err != nil {
			t.Errorf("%q: after an hour: %v", value, err)
		}
	})
}
