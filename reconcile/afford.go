package reconcile

import (
	"cmp"
	"fmt"
	"maps"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/spec"
)

// OrderRequest is the row's order as the CA's limits see it, the one that is
// under way or else the next: what is to be spent when its intent is written.
func OrderRequest(d record.Domain, p Policy, now time.Time) budget.Request {
	r := budget.Request{Directory: p.Directory, Account: p.Platform.Thumbprint, Names: d.Names}
	for _, name := range d.Names {
		r.Domains = append(r.Domains, spec.RegisteredDomain(name))
	}
	c := d.Certificate
	r.Renewal = c != nil && c.Directory == p.Directory && c.Covers(d.Names) && len(c.Names) == len(d.Names)
	if _, r.Replaces = Replaces(d, p, now); orderOpen(d, p) {
		r.Replaces = d.Order.Exempt
	}
	return r
}

// Spend is what the books become, bucket by bucket, when the row's next order
// is opened. It belongs in the transaction that makes the intent durable.
func Spend(d record.Domain, books record.Ledger, p Policy, now time.Time) record.Ledger {
	return budget.Spend(books, OrderRequest(d, p, now), p.Limits, now)
}

// Learn is what the books become, bucket by bucket, by what the CA said to an
// order of the row; d is the row as it was ordered for. It belongs in the
// transaction that saves the settled row.
func Learn(d record.Domain, r Result, books record.Ledger, p Policy, now time.Time) record.Ledger {
	if r.Problem == nil || !r.Action.Kind.Orders() {
		return nil
	}
	request := OrderRequest(d, p, now)
	switch r.Problem.During {
	case "authorization", "challenge":
		learned := budget.Refund(books, request, p.Limits)
		maps.Copy(learned, budget.Fail(books, request, cmp.Or(r.Problem.Name, d.Name()), p.Limits, now))
		return learned
	}
	if until := r.Problem.RetryAfter; r.Problem.Kind() == "rateLimited" && until.After(now) {
		return budget.Refused(books, request, p.Limits, r.Problem.Detail, until)
	}
	return nil
}

// Afford holds a new order back while the books say that the CA would refuse
// it. An order that is under way was paid for when it was opened.
func Afford(dec Decision, books record.Ledger, p Policy, now time.Time) Decision {
	if len(dec.Actions) != 1 || !dec.Actions[0].Kind.Orders() || orderOpen(dec.Next, p) {
		return dec
	}
	short, at := budget.Next(books, OrderRequest(dec.Next, p, now), p.Limits, now)
	if !at.After(now) {
		return dec
	}
	d := clone(dec.Next)
	unserved := takeNotServed(&d)
	postpone(&d, at, now)
	d.Attempt.RateLimitedUntil = at
	f := limitFinding(d, short, at)
	d.Findings = []record.Finding{f}
	rest(&d, unserved, p, now)
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
