package reconcile

import (
	"cmp"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/spec"
)

// OrderRequest is the row's order as the CA's limits see it, the one that is
// under way or else the next, at the policy's CA: what is to be spent when its
// intent is written.
func OrderRequest(d record.Domain, p Policy, now time.Time) budget.Request {
	if d.Order != nil {
		p = p.At(d.Order.Directory)
	}
	r := budget.Request{Directory: p.Directory, Account: p.Platform.Thumbprint, App: d.App, Names: d.Names}
	for _, name := range d.Names {
		r.Domains = append(r.Domains, spec.RegisteredDomain(name))
	}
	c := d.Certificate
	r.Renewal = c != nil && c.Directory == p.Directory && c.Covers(d.Names) && len(c.Names) == len(d.Names)
	if _, r.Replaces = Replaces(d, p, now); d.Order != nil {
		r.Replaces = d.Order.Exempt
	}
	r.Standby = p.CAs()[0].Directory != p.Directory
	r.Leaves = urgencyOf(d, p, now).leaves()
	return r
}

// Spend is what the books become, bucket by bucket, when the row's next order
// is opened. It belongs in the transaction that makes the intent durable.
func Spend(d record.Domain, books record.Ledger, p Policy, now time.Time) record.Ledger {
	request := OrderRequest(d, p, now)
	return budget.Spend(books, request, p.At(request.Directory).Limits, now)
}

// Learn is what the books become, bucket by bucket, by what the CA said to an
// order of the row; d is the row as it was ordered for. It belongs in the
// transaction that saves the settled row.
func Learn(d record.Domain, r Result, books record.Ledger, p Policy, now time.Time) record.Ledger {
	if !r.Action.Kind.Orders() {
		return nil
	}
	p = p.At(r.directory(d))
	request := OrderRequest(d, p, now)
	if r.Certificate != nil && d.Order != nil {
		return budget.Issued(books, request, p.Limits, d.Order.OpenedAt, now)
	}
	if r.Problem == nil {
		return nil
	}
	switch r.Problem.During {
	case "authorization", "challenge":
		learned := record.Ledger{}
		if d.Order != nil {
			learned = budget.Refund(books, request, p.Limits, d.Order.OpenedAt, now)
		}
		maps.Copy(learned, budget.Fail(books, request, cmp.Or(r.Problem.Name, d.Name()), p.Limits, now))
		return learned
	}
	if until := r.Problem.RetryAfter; r.Problem.Kind() == rateLimited && until.After(now) {
		return budget.Refused(books, request, p.Limits, r.Problem.Detail, until)
	}
	return nil
}

// Needs are the buckets of the CAs' limits that [Afford] looks at for the
// decision.
func Needs(dec Decision, p Policy, now time.Time) []record.Bucket {
	var all []record.Bucket
	for _, directory := range dec.candidates() {
		all = append(all, OrderRequest(dec.Next, p.At(directory), now).Buckets()...)
	}
	return all
}

// candidates are the CAs that the decision's order may go to, in their order.
func (dec Decision) candidates() []string {
	chosen := ""
	if len(dec.Actions) > 0 {
		chosen = dec.Actions[0].Directory
	}
	return append([]string{chosen}, dec.Others...)
}

// Afford holds a new order back while the books say that the CA would refuse
// it, or until its turn if others are more urgent, and none of the other CAs that
// could take its place has room. The zero turn is nobody's; a turn is one at the
// policy's first CA. An order that is under way was paid for when it was opened.
// What a name failed too often for is not asked of another CA.
func Afford(dec Decision, turn budget.Turn, books record.Ledger, p Policy, now time.Time) Decision {
	if !opens(dec, p) {
		return dec
	}
	first := p.At(dec.Actions[0].Directory)
	request := OrderRequest(dec.Next, first, now)
	short, at := budget.Next(books, request, first.Limits, now)
	if turn.At.After(at) && first.Directory == p.Directory {
		short, at = turn.For, turn.At
	}
	if !at.After(now) {
		return dec
	}
	if !budget.FailedTooOften(books, request, first.Limits, now) {
		for _, directory := range dec.Others {
			other := p.At(directory)
			if _, free := budget.Next(books, OrderRequest(dec.Next, other, now), other.Limits, now); !free.After(now) {
				return dec.at(other, now)
			} else if free.Before(at) {
				at = free
			}
		}
	}
	return unaffordable(dec, budget.Turn{At: at, For: short}, first, now)
}

// at is the decision with its order going to another CA.
func (dec Decision) at(p Policy, now time.Time) Decision {
	a := dec.Actions[0]
	why, _, _ := strings.Cut(a.Why, "; from ")
	a.Directory, a.Why = p.Directory, why+instead(dec.Next, p, now)
	dec.Actions = []Action{a}
	return dec
}

// unaffordable waits until a CA has room.
func unaffordable(dec Decision, turn budget.Turn, p Policy, now time.Time) Decision {
	d := clone(dec.Next)
	unserved := takeNotServed(&d)
	postpone(&d, turn.At, now)
	shorted(&d, turn)
	rest(&d, unserved, p, now)
	v := &view{d: d, policy: p, now: now}
	v.need, v.needed = needOf(d, p, now)
	v.d.Due = v.due()
	v.say(Wait, turn.At, "%s", clause(d.Findings[0].Message))
	return Decision{Next: v.d, Outcome: v.outcome}
}

// opens reports whether the decision begins an order, and so draws on a limit.
func opens(dec Decision, p Policy) bool {
	return len(dec.Actions) == 1 && dec.Actions[0].Kind.Orders() && !orderOpen(dec.Next, p)
}

// shorted makes the row wait for a bucket of our own books.
func shorted(d *record.Domain, turn budget.Turn) {
	if d.Problem != nil && d.Problem.Kind() == rateLimited {
		d.Problem = nil // that limit is over
	}
	d.Attempt.Next, d.Attempt.RateLimitedUntil = turn.At, turn.At
	d.Findings = []record.Finding{limitFinding(*d, turn.For, turn.At)}
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
