package reconcile

import (
	"cmp"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/record"
)

// urgency is who goes first where the CA's limits do not do for all.
type urgency int

const (
	// expiring: what is in use is out of date, or soon will be.
	expiring urgency = iota
	// revoking: the CA is about to revoke what is in use.
	revoking
	// renewing: time is up by policy, and there is plenty of it.
	renewing
	// beginning: there is no certificate yet.
	beginning
	// replacing: what is in use is good and no longer as it is wanted.
	replacing
	// repeating: there is no certificate, and trying has failed again and again.
	repeating
)

// leaves is the part of what all share that is left to the more urgent, who are
// rarer and cannot say when they come.
func (u urgency) leaves() float64 {
	return [...]float64{expiring: 0, revoking: 0, renewing: 0, beginning: 0.1, replacing: 0.25, repeating: 0.5}[u]
}

// rateLimited is the kind of a CA's refusal for a limit (RFC 8555, section 6.7).
const rateLimited = "rateLimited"

func urgencyOf(d record.Domain, p Policy, now time.Time) urgency {
	c := d.Certificate
	n, _ := needOf(d, p, now)
	switch {
	case c != nil && c.NotAfter.Sub(now) <= soon(*c):
		return expiring
	case c != nil && (n.urged || overdue(d, now)):
		return revoking
	case n.kind == Renew:
		return renewing
	case n.kind == Replace:
		return replacing
	case d.Attempt.Count >= minAttempts:
		return repeating
	default:
		return beginning
	}
}

// soon is how long before its end a certificate is expiring: a week, or a sixth
// of a short life.
func soon(c record.Certificate) time.Duration {
	return min(lastDays, c.NotAfter.Sub(c.NotBefore)/6)
}

// Contends reports whether the row wants a new order as soon as the CA's limits
// allow it, as far as can be said without looking at the world.
func Contends(d record.Domain, p Policy, now time.Time) bool {
	_, needed := needOf(d, p, now)
	return needed && !d.Gone() && mayOrder(d) && !orderOpen(d, p) && (attemptDue(d, now) || short(d))
}

// short reports whether the row waits for our own books, not by the CA's word.
func short(d record.Domain) bool {
	byCA := d.Problem != nil && d.Problem.Kind() == rateLimited
	return !d.Attempt.RateLimitedUntil.IsZero() && !byCA
}

// Turns says when each of the rows that contend for what the CA's limits allow
// may order, by key. The most urgent go first, those that expire first among
// them; among newcomers an app that had much lets those go first that had
// little.
func Turns(rows []record.Domain, books record.Ledger, p Policy, now time.Time) map[string]budget.Turn {
	line := contenders(rows, books, p, now)
	requests := make([]budget.Request, len(line))
	for i, c := range line {
		requests[i] = c.request
	}
	turns := make(map[string]budget.Turn, len(line))
	for i, turn := range budget.Turns(books, requests, p.Limits, now) {
		turns[line[i].row.Key] = turn
	}
	return turns
}

// contender is a row with what decides when its turn is.
type contender struct {
	row     record.Domain
	urgency urgency
	// by is when it expires, or what its app took, as a time.
	by      time.Time
	request budget.Request
}

func contenders(rows []record.Domain, books record.Ledger, p Policy, now time.Time) []contender {
	var line []contender
	for _, d := range rows {
		if !Contends(d, p, now) {
			continue
		}
		c := contender{row: d, urgency: urgencyOf(d, p, now), request: OrderRequest(d, p, now)}
		if c.urgency <= renewing {
			c.by = d.Certificate.NotAfter
		}
		line = append(line, c)
	}
	slices.SortFunc(line, compareContenders)
	shares := map[string]time.Time{}
	for i, c := range line {
		if c.urgency <= renewing {
			continue
		}
		full, known := shares[c.row.App]
		if !known {
			full = c.request.Took(books, now)
		}
		line[i].by, shares[c.row.App] = full, full.Add(day)
	}
	slices.SortFunc(line, compareContenders)
	return line
}

func compareContenders(x, y contender) int {
	return cmp.Or(
		cmp.Compare(x.urgency, y.urgency),
		x.by.Compare(y.by),
		x.row.Want.Since.Compare(y.row.Want.Since),
		cmp.Compare(x.row.Key, y.row.Key),
	)
}

// Call takes into a row that waits for our own books when its turn is by now;
// other rows stay as they are. One whose turn has come may be decided on.
func Call(d record.Domain, turn budget.Turn, now time.Time) record.Domain {
	switch {
	case turn.At.IsZero() || !short(d):
		return d
	case !turn.At.After(now):
		d = clone(d)
		d.Attempt.Next, d.Attempt.RateLimitedUntil = now, time.Time{}
	case !turn.At.Equal(d.Attempt.Next):
		d = clone(d)
		shorted(&d, turn)
	}
	return d
}
