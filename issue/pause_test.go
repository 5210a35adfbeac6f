package issue_test

import (
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/issue"
)

// TestWhatAnOrderNeedsIsPausedToo: an order is not begun that would get no nonce,
// unless one is in the pool, or whose authorizations could not be asked for.
func TestWhatAnOrderNeedsIsPausedToo(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{AlwaysValid: true})
	soon := time.Now().Add(time.Hour)
	used := l.client()
	if _, err := l.pursue(t.Context(), used, l.intent("www.shop.example")); err != nil {
		t.Fatal(err)
	}
	used.Pause(map[string]time.Time{"newNonce": soon, "revokeCert": soon, "renewalInfo": soon})
	if err := used.Paused(); err != nil {
		t.Errorf("it has nonces, and %v", err)
	}
	used.Pause(map[string]time.Time{"other": soon})
	fresh := l.client()
	fresh.Pause(map[string]time.Time{"newNonce": soon})
	for what, c := range map[string]*issue.CA{"authorizations": used, "nonces": fresh} {
		if p := problem(t, c.Paused()); !p.Outage() || p.RetryAfter.Before(soon.Add(-time.Minute)) {
			t.Errorf("%s: %v until %s", what, p, p.RetryAfter)
		}
	}
}

// TestAPauseThatBeginsBeforeTheRepetition is told as one, with its end.
func TestAPauseThatBeginsBeforeTheRepetition(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{AlwaysValid: true})
	client := l.client()
	chain := l.issue("www.shop.example").Chain
	soon := time.Now().Add(time.Hour)
	l.authority.Before(ca.RenewalInfo, func() { client.Pause(map[string]time.Time{"renewalInfo": soon}) })
	l.authority.Fault(ca.Of(ca.RenewalInfo), ca.Fault{Drop: true})
	said := client.RenewalInfo(t.Context(), chain, time.Now())
	if said.Problem == nil || said.RetryAfter.Before(soon.Add(-time.Minute)) && said.Problem.RetryAfter.Before(soon.Add(-time.Minute)) {
		t.Errorf("%+v, %v", said, said.Problem)
	}
}
