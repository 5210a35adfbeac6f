package reconcile

import (
	"cmp"
	"fmt"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/spec"
)

// OrderRequest is the row's next order as the CA's limits see it: what is to be
// spent when its intent is written.
func OrderRequest(d record.Domain, p Policy) budget.Request {
	r := budget.Request{Directory: p.Directory, Account: p.Platform.AccountURI, Names: d.Names}
	for _, name := range d.Names {
		r.Domains = append(r.Domains, spec.RegisteredDomain(name))
	}
	c := d.Certificate
	r.Renewal = c != nil && c.Directory == p.Directory && c.Covers(d.Names) && len(c.Names) == len(d.Names)
	return r
}

// Afford holds a new order back while the books say that the CA would refuse
// it. An order that is under way was paid for when it was opened.
func Afford(dec Decision, books record.Ledger, p Policy, now time.Time) Decision {
	if len(dec.Actions) != 1 || !dec.Actions[0].Kind.Orders() || orderOpen(dec.Next) {
		return dec
	}
	short, at := budget.Next(books, OrderRequest(dec.Next, p), p.Limits, now)
	if !at.After(now) {
		return dec
	}
	d := clone(dec.Next)
	postpone(&d, at, now)
	d.Attempt.RateLimitedUntil = at
	f := limitFinding(d, short, at)
	d.Findings = []record.Finding{f}
	rest(&d, p, now)
	v := &view{d: d, policy: p, now: now}
	v.need, v.needed = needOf(d, p, now)
	v.d.Due = v.due()
	v.say(Wait, at, "%s", clause(f.Message))
	return Decision{Next: v.d, Outcome: v.outcome}
}

func limitFinding(d record.Domain, b record.Bucket, until time.Time) record.Finding {
	what := cmp.Or(b.Key, "the account")
	message, remedy := failure.Of(failure.RateLimited).Fill(failure.Values{
		"name":   d.Name(),
		"detail": fmt.Sprintf(" (by our own count, %s has used up its limit of %s)", what, b.Limit),
		"until":  stamp(until),
	})
	return record.Finding{Code: failure.RateLimited, Message: message, Remedy: remedy}
}
