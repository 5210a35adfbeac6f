package issue_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
)

// The CA hands the order it already has to a second intent. The first one
// finalizes it; the second finds a certificate that is not its own.
func TestACertificateForAnotherKeyIsNotOurs(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{})
	client := l.client()
	first, second := l.intent("www.shop.example"), l.intent("www.shop.example")
	second, err := client.Advance(t.Context(), second, l.listener, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if first, err = l.pursue(t.Context(), client, first); err != nil {
		t.Fatal(err)
	}
	if first.URL != second.URL {
		t.Fatalf("two orders, %s and %s, want the CA to return the first", first.URL, second.URL)
	}
	second, err = l.pursue(t.Context(), client, second)
	if p := problem(t, err); p.During != "certificate" || p.Outage() {
		t.Errorf("got %+v, want a problem with the certificate", p)
	}
	if second.State != record.OrderClosed || len(second.Chain) != 0 {
		t.Errorf("the second order is %s with a chain of %d bytes, want it closed", second.State, len(second.Chain))
	}
	l.exactlyOne(check(t, first), "www.shop.example")
}

func TestOrdersThatAreGoneAreClosed(t *testing.T) {
	t.Parallel()
	untyped := ca.Fault{Status: http.StatusNotFound}
	typed := ca.Refusal(ca.Problem{Type: "malformed", Detail: "no such thing", Status: http.StatusNotFound})
	for name, match := range map[string]func(*ca.Request) bool{
		"authorization": ca.Of(ca.Authz), "challenge": ca.Of(ca.Challenge), "order": ca.Of(ca.Order),
		"finalize": ca.Of(ca.Finalize), "certificate": ca.Of(ca.Cert),
	} {
		for kind, gone := range map[string]ca.Fault{"untyped": untyped, "typed": typed} {
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				l := newLab(t, ca.Options{AlwaysValid: true})
				l.authority.Fault(match, gone)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				o, err := l.pursue(ctx, l.client(), l.intent("www.shop.example"))
				if p := problem(t, err); p.Status != http.StatusNotFound || p.Outage() {
					t.Errorf("got %+v, want a 404 that is no outage", p)
				}
				if o.State != record.OrderClosed {
					t.Errorf("the order is %s, want closed", o.State)
				}
			})
		}
	}
}

func TestAnOrderThatExpiresUnprovenIsClosed(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{})
	l.authority.Judge("www.shop.example", ca.Verdict{}) // never ends
	client := l.client()
	o := l.intent("www.shop.example")
	for o.State != record.OrderValidating {
		var err error
		if o, err = client.Advance(t.Context(), o, l.listener, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	o, err := client.Advance(t.Context(), o, l.listener, o.Expires.Add(time.Second))
	if p := problem(t, err); p.Outage() || o.State != record.OrderClosed {
		t.Errorf("got %v and an order that is %s, want it closed", p, o.State)
	}
}

// What a wall in front of the CA says about an order ends it only when the CA
// itself need not know it any longer.
func TestAnOrderBehindAWallIsClosedWhenItExpires(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{})
	client := l.client()
	o, err := client.Advance(t.Context(), l.intent("www.shop.example"), l.listener, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	l.authority.Fault(ca.Of(), ca.Fault{Status: 403, Body: "<html>blocked</html>"})
	for now, want := range map[time.Time]record.OrderState{
		time.Now():                 record.OrderOrdered,
		o.Expires.Add(time.Second): record.OrderClosed,
	} {
		after, err := client.Advance(t.Context(), o, l.listener, now)
		if p := problem(t, err); p.Status != 403 || after.State != want {
			t.Errorf("at %s: got %v and an order that is %s, want %s", now, p, after.State, want)
		}
	}
}

func TestAnOrderOfAnotherDirectoryIsClosedUnasked(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{})
	o := l.intent("www.shop.example")
	o.Directory = "https://other.example/dir"
	o, err := l.client().Advance(t.Context(), o, l.listener, time.Now())
	if err != nil || o.State != record.OrderClosed || l.authority.Count() != 0 {
		t.Errorf("got %v, an order that is %s, %d requests; want it closed without asking", err, o.State, l.authority.Count())
	}
}
