package controller_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
)

// TestLimitIsWaitedOutWhateverIsPushed: a limit that the CA sets in the middle
// of an order holds for the order too, and neither refresh nor a restart nor
// other settings shorten it.
func TestLimitIsWaitedOutWhateverIsPushed(t *testing.T) {
	t.Parallel()
	w := begin(t)
	limit := ca.Refusal(ca.Problem{Type: "rateLimited", Status: http.StatusTooManyRequests, Detail: "too many, too fast"})
	limit.Header.Set("Retry-After", "3600")
	limit.Times = 1
	w.CA.Fault(ca.Writes(ca.Challenge), limit)
	w.shop("www.shop.example")
	w.pass()
	d := w.domain("www.shop.example")
	if d.State != record.Waiting || reason(d) != string(failure.RateLimited) || d.Order == nil {
		t.Fatalf("%s, %v, order %v", d.State, d.Findings, d.Order)
	}
	if e := w.entry("shop", "www.shop.example"); (e.RateLimitedUntil.Sub(w.clock.now()) - time.Hour).Abs() > time.Minute {
		t.Errorf("status says until %s", e.RateLimitedUntil)
	}
	w.CA.Forget()
	w.push("apiVersion: acmsync/v1\napps:\n  - {name: shop, refresh: now, domains: [www.shop.example]}\n")
	w.pass()
	w.replace()
	w.pass()
	if n := w.CA.Count(); n > 0 {
		t.Errorf("%d requests before the limit ended", n)
	}
	w.forward(time.Hour + time.Minute)
	w.pass()
	w.wantIssued("www.shop.example")
	if n := w.CA.Count(ca.NewOrder); n > 0 {
		t.Errorf("%d further orders", n)
	}
}
