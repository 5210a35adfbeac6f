package budget

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// Allow reports whether the request may be made now, and if not, when: the time
// at which every bucket it draws on has a token again, if nobody else draws on
// them. When it may be made, that time is now.
func Allow(books record.Ledger, r Request, l Limits, now time.Time) (ok bool, at time.Time) {
	_, at = Next(books, r, l, now)
	return at.Equal(now), at
}

// Next is Allow for those who want to say what the request waits for: the
// bucket that has a token last. It is the zero bucket when the request need not
// wait.
func Next(books record.Ledger, r Request, l Limits, now time.Time) (waitsFor record.Bucket, at time.Time) {
	at = now
	for _, d := range r.draws(l) {
		if gives := d.at(books, now); gives.After(at) {
			waitsFor, at = d.bucket, gives
		}
	}
	return waitsFor, at
}

// FailedTooOften reports whether the names of the request have failed so often
// that the CA would not look at them now.
func FailedTooOften(books record.Ledger, r Request, l Limits, now time.Time) bool {
	for _, name := range unique(r.Names) {
		if full, spent := books[r.failures(name)]; spent && l.FailedAuthorizations.gives(full, 0).After(now) {
			return true
		}
	}
	return false
}

// Spend takes the tokens of a request that is about to be made, allowed or not.
func Spend(books record.Ledger, r Request, l Limits, now time.Time) record.Ledger {
	changed := record.Ledger{}
	for _, d := range r.draws(l) {
		if full, ok := d.spend(books, now); ok {
			changed[d.bucket] = full
		}
	}
	return changed
}

// Again is the part of a request that is spent once more when it is repeated
// because it was not answered: the CA may have counted it the first time.
func Again(r Request, l Limits) Request {
	if l.RenewalsCount {
		r.Renewal, r.Replaces = false, false
	}
	if r.Renewal || r.Replaces {
		return Request{Directory: r.Directory, Account: r.Account, Replaces: true}
	}
	return Request{Directory: r.Directory, Account: r.Account, App: r.App}
}

// Issued books that a request became a certificate. A CA takes the tokens of
// what is issued when it issues, and we took them when the order was opened: what
// came back since then came back to us alone. It also ends the row of failures
// of the names.
func Issued(books record.Ledger, r Request, l Limits, opened, now time.Time) record.Ledger {
	changed := record.Ledger{}
	early := max(now.Sub(opened), 0)
	for _, d := range r.draws(l) {
		full, spent := books[d.bucket]
		if spent && d.issued && !d.limit.none() {
			empty := now.Add(time.Duration(d.limit.Count) * d.limit.interval())
			if moved := full.Add(min(early, empty.Sub(now))); moved.Before(empty) {
				changed[d.bucket] = moved
			} else {
				changed[d.bucket] = later(full, empty)
			}
		}
	}
	for _, name := range unique(r.Names) {
		if full := books[r.consecutive(name)]; full.After(now) {
			changed[r.consecutive(name)] = now
		}
	}
	return changed
}

// Refund gives back what a CA counts only when it issues, for a request that
// was spent for when it was opened and came to nothing. The order itself was made
// and stays spent. So does a token that has come back by itself since.
func Refund(books record.Ledger, r Request, l Limits, opened, now time.Time) record.Ledger {
	changed := record.Ledger{}
	for _, d := range r.draws(l) {
		full, spent := books[d.bucket]
		if back := opened.Add(d.limit.interval()); spent && d.issued && !d.exempt && now.Before(back) {
			changed[d.bucket] = full.Add(-d.limit.interval())
		}
	}
	return changed
}

// Fail books a failed authorization of one name of the request.
func Fail(books record.Ledger, r Request, name string, l Limits, now time.Time) record.Ledger {
	changed := record.Ledger{}
	for bucket, limit := range map[record.Bucket]Limit{
		r.failures(name):    l.FailedAuthorizations,
		r.consecutive(name): l.ConsecutiveFailures,
	} {
		if !limit.none() {
			changed[bucket] = limit.take(books[bucket], now)
		}
	}
	return changed
}

// Refused takes over the CA's refusal of a request as rate limited until a
// time. Its wording says what is limited: failed authorizations of a name, the
// registered domain that it quotes, or new orders of the account; else it is
// taken to be the set of names. Nothing is ever shortened by it.
func Refused(books record.Ledger, r Request, l Limits, detail string, until time.Time) record.Ledger {
	bucket, limit := r.meant(l, detail)
	full := until
	if !limit.none() {
		full = until.Add(time.Duration(limit.Count-1) * limit.interval())
	}
	if have := books[bucket]; have.After(full) {
		full = have
	}
	return record.Ledger{bucket: full}
}

// quotation finds names in sentences like: too many certificates (50) already
// issued for "shop.example" in the last 168h0m0s.
var quotation = regexp.MustCompile(`["'“]([A-Za-z0-9*._-]+)["'”]`)

func (r Request) meant(l Limits, detail string) (record.Bucket, Limit) {
	detail = strings.ToLower(detail)
	quoted := ""
	if m := quotation.FindStringSubmatch(detail); m != nil {
		quoted = m[1]
	}
	failed := strings.Contains(detail, "failed authorization")
	switch {
	case failed && slices.Contains(r.Names, quoted):
		return r.failures(quoted), l.FailedAuthorizations
	case failed && len(r.Names) > 0:
		return r.failures(r.Names[0]), l.FailedAuthorizations
	case slices.Contains(r.Domains, quoted):
		return r.domain(quoted), l.CertificatesPerDomain
	case strings.Contains(detail, "new orders"):
		return r.account(), l.NewOrders
	default:
		return r.set(), l.SameNames
	}
}
