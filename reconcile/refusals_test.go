package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// refusals are what the CA says to an order a second after the start.
var refusals = []struct {
	name    string
	problem record.Problem
	state   record.State
	code    failure.Code
	counted int
	order   bool // issue left the order open
	min     time.Duration
	max     time.Duration
}{
	{"validation", *acme("unauthorized", "no", "authorization"), record.Failing, failure.CDNChallengeMissing, 1, false, time.Minute, 2 * time.Minute},
	{"CAA", *acme("caa", "no", "authorization"), record.Failing, failure.CAAForbids, 1, false, time.Minute, 2 * time.Minute},
	{"blocklist", *acme("rejectedIdentifier", "no", "order"), record.Failing, failure.Blocklisted, 1, false, day, 28 * time.Hour},
	{"no answer", record.Problem{During: "order"}, record.Waiting, failure.CAUnavailable, 0, true, time.Minute, 2 * time.Minute},
	{
		"503 that says when",
		record.Problem{Status: 503, During: "order", RetryAfter: start.Add(time.Second + 3*time.Hour)},
		record.Waiting, failure.CAUnavailable, 0, true, 3 * time.Hour, 3 * time.Hour,
	},
	{
		"rate limit",
		record.Problem{Type: "urn:ietf:params:acme:error:rateLimited", Status: 429, RetryAfter: start.Add(time.Second + 3*time.Hour), During: "finalize"},
		record.Waiting, failure.RateLimited, 0, true, 3 * time.Hour, 3 * time.Hour,
	},
	{
		"rate limit without a time",
		record.Problem{Type: "urn:ietf:params:acme:error:rateLimited", Status: 429, During: "order"},
		record.Waiting, failure.RateLimited, 0, true, time.Hour, time.Hour,
	},
	{
		"paused",
		record.Problem{Type: "urn:ietf:params:acme:error:rateLimited", Status: 429, Detail: "account is paused", During: "order"},
		record.Failing, failure.AccountPaused, 1, true, day, 28 * time.Hour,
	},
	{"account", *acme("userActionRequired", "terms", "order"), record.Failing, failure.AccountProblem, 1, true, time.Minute, 2 * time.Minute},
	{
		"a wall in front of the download",
		record.Problem{Status: 403, Detail: "Forbidden", During: "certificate"},
		record.Failing, failure.CARefused, 1, true, time.Minute, 2 * time.Minute,
	},
}

func TestSettleRefusals(t *testing.T) {
	t.Parallel()
	now := start.Add(time.Second)
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := policy()
			d := ordered(t, p)
			o := *d.Order
			if !c.order {
				o.State = record.OrderClosed
			}
			r := reconcile.Result{Action: reconcile.Action{Kind: reconcile.Issue}, Order: &o, Problem: &c.problem}
			d = reconcile.Settle(d, r, p, now)
			state(t, d, c.state)
			code(t, d, c.code)
			wait := d.Attempt.Next.Sub(now)
			if d.Attempt.Count != c.counted || wait < c.min || wait > c.max || (d.Order != nil) != c.order {
				t.Errorf("attempt %+v (in %v), order %+v", d.Attempt, wait, d.Order)
			}
			if c.counted == 0 && !d.Attempt.FirstFailed.IsZero() {
				t.Error("waiting for the CA is no failure of the domain")
			}
			dec := look(d, well, p, now)
			if len(dec.Actions) > 0 || dec.Next.Due.Before(now.Add(50*time.Second)) {
				t.Errorf("it goes on at once: %+v", dec)
			}
			state(t, dec.Next, c.state)
			if a := only(t, look(dec.Next, well, p, d.Attempt.Next)); !a.Kind.Orders() {
				t.Errorf("and then: %+v", a)
			}
		})
	}
}

// A new order that is rate limited was not made: nothing is left open.
func TestRateLimitedNewOrder(t *testing.T) {
	t.Parallel()
	p := policy()
	d := ordered(t, p)
	d.Order.URL, d.Order.State = "", record.OrderIntent
	problem := &record.Problem{Type: "urn:ietf:params:acme:error:rateLimited", Status: 429, RetryAfter: start.Add(time.Hour), During: "order"}
	d = reconcile.Settle(d, reconcile.Result{Action: reconcile.Action{Kind: reconcile.Issue}, Problem: problem}, p, start)
	if d.Order != nil || !d.Attempt.RateLimitedUntil.Equal(start.Add(time.Hour)) {
		t.Errorf("%+v", d)
	}
}

func TestOutageBackoffDoubles(t *testing.T) {
	t.Parallel()
	p := policy()
	d := look(wanted(t, p), well, p, start).Next
	now, last := start, time.Duration(0)
	for range 12 {
		d = reconcile.Settle(d, reconcile.Result{Action: reconcile.Action{Kind: reconcile.Issue}, Problem: &record.Problem{During: "directory"}}, p, now)
		wait := d.Attempt.Next.Sub(now)
		if wait < last || wait > 70*time.Minute {
			t.Fatalf("after %v comes %v", last, wait)
		}
		now, last = d.Attempt.Next, wait
		d = look(d, well, p, now).Next
	}
	if last < time.Hour {
		t.Errorf("after twelve outages the wait is %v", last)
	}
	if d.Attempt.Count != 0 {
		t.Errorf("%+v", d.Attempt)
	}
}

// What is said of the next attempt is when it is scheduled, whatever the CA
// asked for.
func TestRemedyNamesTheNextAttempt(t *testing.T) {
	t.Parallel()
	p := policy()
	for name, problem := range map[string]record.Problem{
		"limit":  {Type: "urn:ietf:params:acme:error:rateLimited", Status: 429, During: "order"},
		"outage": {Status: 503, During: "order"},
	} {
		for after, at := range map[string]time.Time{
			"no Retry-After": {}, "seconds": start.Add(5 * time.Second), "an hour": start.Add(time.Hour), "the past": start.Add(-time.Hour),
		} {
			problem.RetryAfter = at
			d := reconcile.Settle(ordered(t, p), reconcile.Result{Action: reconcile.Action{Kind: reconcile.Issue}, Problem: &problem}, p, start)
			next := d.Attempt.Next.UTC().Format(time.RFC3339)
			if len(d.Findings) != 1 || !strings.Contains(d.Findings[0].Remedy, next) {
				t.Errorf("%s, %s: the next attempt is at %s, and it says %+v", name, after, next, d.Findings)
			}
			if d = look(d, well, p, start.Add(30*time.Second)).Next; len(d.Findings) != 1 || !strings.Contains(d.Findings[0].Remedy, next) {
				t.Errorf("%s, %s: looked at again, it says %+v", name, after, d.Findings)
			}
		}
	}
}
