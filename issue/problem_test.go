package issue_test

import (
	"crypto/x509"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mdns "github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/issue"
)

var page = http.Header{"Content-Type": {"text/html"}, "Retry-After": {"60"}}

var newOrderRefusals = map[string]struct {
	fault  ca.Fault
	kind   string
	status int
	outage bool
	closed bool
	says   string
}{
	"rate limit": {
		fault: ca.Refusal(ca.Problem{Type: "rateLimited", Detail: "too many certificates", Status: 429}),
		kind:  "rateLimited", status: 429,
	},
	"rate limit with another status": {
		fault: ca.Refusal(ca.Problem{Type: "rateLimited", Detail: "paused", Status: 403}),
		kind:  "rateLimited", status: 403,
	},
	"rejected identifier": {
		fault: ca.Refusal(ca.Problem{Type: "rejectedIdentifier", Detail: "policy forbids", Status: 400}),
		kind:  "rejectedIdentifier", status: 400, closed: true,
	},
	"malformed": {
		fault: ca.Refusal(ca.Problem{Type: "malformed", Detail: "no", Status: 400}),
		kind:  "malformed", status: 400, closed: true,
	},
	"new terms": {
		fault: ca.Refusal(ca.Problem{Type: "userActionRequired", Detail: "see the new terms", Status: 403}),
		kind:  "userActionRequired", status: 403,
	},
	"internal":            {fault: ca.Refusal(ca.Problem{Type: "serverInternal", Detail: "oops", Status: 500}), kind: "serverInternal", status: 500, outage: true},
	"busy page":           {fault: ca.Fault{Status: 503, Header: page, Body: "<html>busy</html>"}, status: 503, outage: true},
	"bad gateway":         {fault: ca.Fault{Status: 502, Body: "<html>bad gateway</html>"}, status: 502, outage: true},
	"empty":               {fault: ca.Fault{Status: 500}, status: 500, outage: true},
	"null":                {fault: ca.Fault{Status: 400, Body: "null"}, status: 400},
	"firewall":            {fault: ca.Fault{Status: 403, Body: "<html>blocked</html>"}, status: 403},
	"page with status ok": {fault: ca.Fault{Status: 200, Body: "<html>welcome to the hotel</html>"}, outage: true},
	"endless":             {fault: ca.Fault{Status: 201, Body: strings.Repeat(" ", 1<<20) + "{}"}, outage: true, says: "larger than"},
	"no answer":           {fault: ca.Fault{DropAnswer: true}, outage: true},
}

func TestRefusalsOfNewOrder(t *testing.T) {
	t.Parallel()
	for name, c := range newOrderRefusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, ca.Options{})
			l.authority.Fault(ca.Of(ca.NewOrder), c.fault)
			now := time.Now()
			o, err := l.client().Advance(t.Context(), l.intent("www.shop.example"), l.listener, now)
			p := problem(t, err)
			if p.Kind() != c.kind || p.Status != c.status || p.Outage() != c.outage || p.During != "order" {
				t.Errorf("got %+v (outage %v), want kind %q, status %d, outage %v", p, p.Outage(), c.kind, c.status, c.outage)
			}
			if !strings.Contains(p.Detail, c.says) {
				t.Errorf("the detail is %q, want it to say %q", p.Detail, c.says)
			}
			if p.Detail == "" || len(p.Detail) > 2100 || strings.Contains(p.Detail, "<html>") {
				t.Errorf("the detail is %q", p.Detail)
			}
			if closed := o.State == record.OrderClosed; closed != c.closed {
				t.Errorf("the order is %s, want closed: %v", o.State, c.closed)
			}
			if c.fault.Header.Get("Retry-After") == "60" && !p.RetryAfter.Equal(now.Add(time.Minute)) {
				t.Errorf("to be asked again at %s, want in a minute", p.RetryAfter)
			}
			if n := l.authority.Count(ca.NewOrder); n != 1 {
				t.Errorf("newOrder was sent %d times", n)
			}
		})
	}
}

func TestFailedValidationsKeepTheCAsWords(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"caa", "dns", "tls", "connection", "unauthorized", "incorrectResponse", "rateLimited", "malformed"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, ca.Options{})
			l.authority.Judge("www.shop.example", ca.Verdict{Problem: &ca.Problem{Type: kind, Detail: "what the CA saw", Status: 400}})
			o, err := l.pursue(t.Context(), l.client(), l.intent("www.shop.example"))
			want := &record.Problem{
				Type: record.ErrorURN + kind, Detail: "what the CA saw", Status: 400,
				Name: "www.shop.example", During: "challenge",
			}
			if diff := cmp.Diff(want, problem(t, err)); diff != "" {
				t.Errorf("the problem differs (-want +got):\n%s", diff)
			}
			if o.State != record.OrderClosed {
				t.Errorf("the order is %s, want closed", o.State)
			}
			for _, a := range o.Authorizations {
				if a.Presented {
					t.Error("the response was left behind")
				}
			}
		})
	}
}

func TestTheFailingNameIsNamed(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{AlwaysValid: true})
	l.authority.Judge("b.shop.example", ca.Verdict{Problem: &ca.Problem{Type: "dns", Detail: "NXDOMAIN", Status: 400}})
	_, err := l.pursue(t.Context(), l.client(), l.intent("a.shop.example", "b.shop.example", "c.shop.example"))
	if p := problem(t, err); p.Name != "b.shop.example" || p.Kind() != "dns" {
		t.Errorf("got %+v, want dns at b.shop.example", p)
	}
}

func TestARealValidationFails(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{})
	o := l.intent("www.shop.example")
	l.names.Remove("www.shop.example", mdns.TypeA)
	o, err := l.pursue(t.Context(), l.client(), o)
	if p := problem(t, err); p.Kind() != "connection" || p.Name != "www.shop.example" || p.Outage() {
		t.Errorf("got %+v, want Pebble's word for a name without address", p)
	}
	if o.State != record.OrderClosed {
		t.Errorf("the order is %s, want closed", o.State)
	}
}

func TestCompoundProblemsAreSorted(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{})
	l.authority.Fault(ca.Of(ca.NewOrder), ca.Refusal(ca.Problem{
		Type: "rejectedIdentifier", Detail: "two errors", Status: 400,
		Subproblems: []ca.Subproblem{
			{Type: "caa", Detail: "forbidden", Name: "z.shop.example"},
			{Type: "malformed", Detail: "no", Name: "a.shop.example"},
		},
	}))
	_, err := l.client().Advance(t.Context(), l.intent("a.shop.example", "z.shop.example"), l.listener, time.Now())
	p := problem(t, err)
	want := []record.Subproblem{
		{Type: "urn:ietf:params:acme:error:malformed", Detail: "no", Name: "a.shop.example"},
		{Type: "urn:ietf:params:acme:error:caa", Detail: "forbidden", Name: "z.shop.example"},
	}
	if diff := cmp.Diff(want, p.Subproblems); diff != "" {
		t.Errorf("the subproblems differ (-want +got):\n%s", diff)
	}
	if p.Name != "" {
		t.Errorf("two names failed, but the problem names %s", p.Name)
	}
}

func TestBadNonces(t *testing.T) {
	t.Parallel()
	bad := ca.Refusal(ca.Problem{Type: "badNonce", Detail: "stale", Status: 400})
	t.Run("one is made up for", func(t *testing.T) {
		t.Parallel()
		l := newLab(t, ca.Options{AlwaysValid: true})
		once := bad
		once.Times = 1
		l.authority.Fault(ca.Of(ca.NewOrder), once)
		o, err := l.pursue(t.Context(), l.client(), l.intent("www.shop.example"))
		if err != nil {
			t.Fatal(err)
		}
		l.exactlyOne(check(t, o), "www.shop.example")
	})
	t.Run("without end they are a problem", func(t *testing.T) {
		t.Parallel()
		l := newLab(t, ca.Options{})
		l.authority.Fault(ca.Of(ca.NewOrder), bad)
		o, err := l.client().Advance(t.Context(), l.intent("www.shop.example"), l.listener, time.Now())
		if p := problem(t, err); p.Kind() != "badNonce" || o.State != record.OrderIntent {
			t.Errorf("got %v in state %s, want badNonce and the order as it was", p, o.State)
		}
		if n := l.authority.Count(ca.NewOrder); n > 4 {
			t.Errorf("newOrder was sent %d times", n)
		}
	})
}

func TestAnUntrustedDirectorySaysSo(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{})
	client := l.client(func(c *issue.Config) { c.RootCAs = x509.NewCertPool() })
	o, err := client.Advance(t.Context(), l.intent("www.shop.example"), l.listener, time.Now())
	p := problem(t, err)
	if !strings.Contains(p.Detail, "unknown authority") || !strings.Contains(p.Detail, "acme.caFile") || !p.Outage() {
		t.Errorf("got %+v, want it to say that the authority is unknown, and where to mend that", p)
	}
	if o.State != record.OrderIntent || l.authority.Count() != 0 {
		t.Errorf("the order is %s after %d requests", o.State, l.authority.Count())
	}
}
