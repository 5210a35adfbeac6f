package issue

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// TestNothingIsSentInPlain: the transport, which all requests go through, holds
// them to https, whatever a library above it does.
func TestNothingIsSentInPlain(t *testing.T) {
	t.Parallel()
	var met atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { met.Add(1) }))
	t.Cleanup(inside.Close)
	c := New(Config{Directory: "https://ca.test/directory"})
	t.Cleanup(c.Close)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		req, err := http.NewRequestWithContext(t.Context(), method, inside.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if x := c.exchange(t.Context(), "", req); !errors.Is(x.err, errPlain) || met.Load() != 0 {
			t.Errorf("%s: %v, and %d requests", method, x.err, met.Load())
		}
	}
}
