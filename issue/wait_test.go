package issue_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
)

// until advances to the state, with every validation of the CA under control.
func (l *lab) until(state record.OrderState, names ...string) record.Order {
	l.t.Helper()
	client := l.client()
	o := l.intent(names...)
	for o.State != state {
		var err error
		if o, err = client.Advance(l.t.Context(), o, l.listener, time.Now()); err != nil {
			l.t.Fatal(err)
		}
	}
	return o
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	const own = 45 * time.Millisecond // after the first poll's 15 ms
	now := time.Now().Truncate(time.Second)
	for name, c := range map[string]struct {
		header http.Header
		want   time.Duration
	}{
		"seconds":                {http.Header{"Retry-After": {"7"}}, 7 * time.Second},
		"date by the CA's clock": {http.Header{"Retry-After": {now.Add(time.Hour + 10*time.Minute).UTC().Format(http.TimeFormat)}}, 10 * time.Minute},
		"absurd":                 {http.Header{"Retry-After": {"99999999999"}}, 7 * 24 * time.Hour},
		"garbage":                {http.Header{"Retry-After": {"soon"}}, own},
		"negative":               {http.Header{"Retry-After": {"-5"}}, own},
		"none":                   {nil, own},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, ca.Options{})
			l.authority.Judge("www.shop.example", ca.Verdict{}) // never ends
			o := l.until(record.OrderValidating, "www.shop.example")
			l.authority.Fault(ca.Reads(ca.Authz), ca.Fault{Header: c.header})
			l.authority.SkewDate(time.Hour)
			o, err := l.client().Advance(t.Context(), o, l.listener, now)
			if err != nil {
				t.Fatal(err)
			}
			got := o.NextAt.Sub(now)
			// The CA's clock went on since now.
			slack := time.Duration(0)
			if c.want == 10*time.Minute {
				slack = time.Minute
			}
			if got < c.want-slack || got > c.want {
				t.Errorf("wants to be asked again after %s, want %s", got, c.want)
			}
		})
	}
}

func TestPollsSlowDown(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{})
	l.authority.Judge("www.shop.example", ca.Verdict{}) // never ends
	o := l.until(record.OrderValidating, "www.shop.example")
	client := l.client()
	now := time.Now()
	var last time.Duration
	for i := range 60 {
		next, err := client.Advance(t.Context(), o, l.listener, now)
		if err != nil {
			t.Fatal(err)
		}
		gap := next.NextAt.Sub(now)
		if gap < last || gap > time.Minute {
			t.Fatalf("poll %d waits %s after one that waited %s", i, gap, last)
		}
		last, o, now = gap, next, next.NextAt
	}
	if last != time.Minute {
		t.Errorf("after 60 polls still asks every %s", last)
	}
}

func TestAnOrderInProcessingIsWaitedFor(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{AlwaysValid: true})
	o := l.until(record.OrderFinalizing, "www.shop.example")
	body := fmt.Sprintf(`{"status":"processing","identifiers":[{"type":"dns","value":"www.shop.example"}],"finalize":%q}`, o.FinalizeURL)
	lift := l.authority.Fault(ca.Reads(ca.Order), ca.Fault{
		Status: http.StatusOK, Body: body, Header: http.Header{"Retry-After": {"3"}},
	})
	now := time.Now()
	o, err := l.client().Advance(t.Context(), o, l.listener, now)
	if err != nil || o.State != record.OrderFinalizing || !o.NextAt.Equal(now.Add(3*time.Second)) {
		t.Fatalf("got %v, an order that is %s and due in %s; want it finalizing and due in 3 s", err, o.State, o.NextAt.Sub(now))
	}
	if n := l.authority.Count(ca.Finalize); n != 0 {
		t.Errorf("the CSR was sent to an order in processing")
	}
	lift()
	o.NextAt = time.Time{}
	if o, err = l.pursue(t.Context(), l.client(), o); err != nil {
		t.Fatal(err)
	}
	l.exactlyOne(check(t, o), "www.shop.example")
}

// TestAnOrderThatExpiresInProcessing: the certificate is being issued, and is not
// given up for the order's date. In the end it is.
func TestAnOrderThatExpiresInProcessing(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{AlwaysValid: true})
	o := l.until(record.OrderFinalizing, "www.shop.example")
	body := fmt.Sprintf(`{"status":"processing","identifiers":[{"type":"dns","value":"www.shop.example"}],"finalize":%q}`, o.FinalizeURL)
	lift := l.authority.Fault(ca.Reads(ca.Order), ca.Fault{Status: http.StatusOK, Body: body})
	client, now := l.client(), o.Expires.Add(time.Hour)
	o, err := client.Advance(t.Context(), o, l.listener, now)
	if err != nil || o.State != record.OrderFinalizing || !o.NextAt.After(now) {
		t.Fatalf("got %v, an order that is %s and due at %s", err, o.State, o.NextAt)
	}
	o.NextAt = time.Time{}
	if gone, err := client.Advance(t.Context(), o, l.listener, o.Expires.Add(25*time.Hour)); err == nil || gone.State != record.OrderClosed {
		t.Errorf("a day later it is %s, %v", gone.State, err)
	}
	lift()
	if o, err = l.pursue(t.Context(), client, o); err != nil {
		t.Fatal(err)
	}
	l.exactlyOne(check(t, o), "www.shop.example")
}

// orderNotReady means that the order is further, or less far, than we think.
func TestOrderNotReadyIsLookedInto(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{AlwaysValid: true})
	refusal := ca.Refusal(ca.Problem{Type: "orderNotReady", Detail: "not yet", Status: http.StatusForbidden})
	refusal.Times = 2
	l.authority.Fault(ca.Of(ca.Finalize), refusal)
	o, err := l.pursue(t.Context(), l.client(), l.intent("www.shop.example"))
	if err != nil {
		t.Fatal(err)
	}
	l.exactlyOne(check(t, o), "www.shop.example")
}

func TestAnOrderThatIsPendingAgainGoesBack(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{AlwaysValid: true})
	o := l.until(record.OrderFinalizing, "www.shop.example")
	body := fmt.Sprintf(`{"status":"pending","identifiers":[{"type":"dns","value":"www.shop.example"}],"finalize":%q}`, o.FinalizeURL)
	l.authority.Fault(ca.Reads(ca.Order), ca.Fault{Status: http.StatusOK, Body: body, Times: 1})
	client := l.client()
	o, err := client.Advance(t.Context(), o, l.listener, time.Now())
	if err != nil || o.State != record.OrderValidating || o.NextAt.IsZero() {
		t.Fatalf("got %v, an order that is %s, due %s; want it to validate again, later", err, o.State, o.NextAt)
	}
	l.authority.Forget()
	if o, err = l.pursue(t.Context(), client, o); err != nil {
		t.Fatal(err)
	}
	l.exactlyOne(check(t, o), "www.shop.example")
	if l.authority.Count(ca.Authz) == 0 {
		t.Error("nobody looked whether the authorization lapsed")
	}
}

// A new order whose names are all proven needs no challenge.
func TestReusedAuthorizationsAreNotProvenAgain(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{AlwaysValid: true, AuthzReuse: 100})
	client := l.client()
	if _, err := l.pursue(t.Context(), client, l.intent("www.shop.example")); err != nil {
		t.Fatal(err)
	}
	l.authority.Forget()
	o, err := l.pursue(t.Context(), client, l.intent("www.shop.example"))
	if err != nil {
		t.Fatal(err)
	}
	check(t, o)
	if n := l.authority.Count(ca.Challenge, ca.Authz); n != 0 {
		t.Errorf("%d requests for what was proven already", n)
	}
	if issued := l.authority.CertificatesFor("www.shop.example"); len(issued) != 2 {
		t.Errorf("%d certificates for two orders, want 2", len(issued))
	}
}
