package budget

import (
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// The limits' names in the books.
const (
	newOrders             = "new-orders"
	certificatesPerDomain = "certificates-per-domain"
	sameNames             = "same-names"
	failedAuthorizations  = "failed-authorizations"
	consecutiveFailures   = "consecutive-failures"
	// share is no limit of the CA's: what an app took of those that all share.
	share = "share"
)

// Request is an order, as the limits see it.
type Request struct {
	// Directory is the CA's URL. Account tells one account there from another;
	// its key's thumbprint does, before the CA has given it a URL.
	Directory, Account string
	// App is on whose behalf; among the equally urgent, those go first who took
	// least.
	App string
	// Names are the certificate's, canonical.
	Names []string
	// Domains are the names' registered domains; double ones do not matter.
	Domains []string
	// Renewal: a certificate for exactly these names exists, which exempts from
	// the limits on new orders and by registered domain.
	Renewal bool
	// Replaces: the order names the certificate it replaces within the window
	// that the CA suggested (RFC 9773, section 5), which exempts from all.
	Replaces bool
	// Standby: the CA stands in for another, whose certificates are new ones here
	// when they are renewed.
	Standby bool
	// Leaves is the part of a shared bucket, from 0 to 1, that the request must
	// leave to others that are more urgent.
	Leaves float64
}

// draw is one bucket that a request draws on, or only looks at.
type draw struct {
	bucket record.Bucket
	limit  Limit
	// issued: the CA counts it when it issues, so that an order that comes to
	// nothing gives it back.
	issued bool
	// looks: it has to have a token, but the request takes none.
	looks bool
	// exempt: it need not have a token, and loses one if it has.
	exempt bool
	// ours: it is no limit of the CA's.
	ours bool
	// keep is how many tokens the request must leave.
	keep int
	// width says with whom the bucket is shared.
	width width
}

// width is how many may draw on the same bucket.
type width int

const (
	own      width = iota // the names' alone
	ofDomain              // all of a registered domain
	ofAll                 // all of the account
)

// draws are the buckets of a request, the widest first.
func (r Request) draws(l Limits) []draw {
	if l.RenewalsCount {
		r.Renewal, r.Replaces = false, false
	}
	// What is issued counts for its set of names, exempt or not.
	set := draw{bucket: r.set(), limit: l.SameNames, issued: true, exempt: r.Replaces}
	if r.Replaces {
		return r.named(set)
	}
	var all []draw
	if !r.Renewal {
		all = append(all, draw{bucket: r.account(), limit: l.NewOrders, keep: r.keeps(l.NewOrders), width: ofAll})
		for _, domain := range unique(r.Domains) {
			d := draw{bucket: r.domain(domain), limit: l.CertificatesPerDomain, issued: true, width: ofDomain}
			if l.RenewalsCount || r.Standby { // else nothing urgent draws on it
				d.keep = r.keeps(d.limit)
			}
			all = append(all, d)
		}
		if r.App != "" && !l.NewOrders.none() {
			all = append(all, draw{bucket: r.share(), ours: true})
		}
	}
	all = append(all, r.named(set)...)
	for _, name := range unique(r.Names) {
		all = append(all,
			draw{bucket: r.failures(name), limit: l.FailedAuthorizations, looks: true},
			draw{bucket: r.consecutive(name), limit: l.ConsecutiveFailures, looks: true})
	}
	return all
}

// named is the set's bucket, if the request is for any names.
func (r Request) named(set draw) []draw {
	if len(r.Names) == 0 {
		return nil
	}
	return []draw{set}
}

// What an app took is forgotten at the rate of an order a day, and all of it
// after a year.
const (
	perOrder = 24 * time.Hour
	longest  = 365 * perOrder
)

// took is the stored time of an app's share after one more order.
func took(full, now time.Time) time.Time {
	full = later(now, full).Add(perOrder)
	if most := now.Add(longest); full.After(most) {
		return most
	}
	return full
}

// keeps is how many tokens of a shared bucket the request must leave.
func (r Request) keeps(l Limit) int { return int(r.Leaves * float64(l.Count)) }

// at is when the bucket gives what is drawn; before now: at once.
func (d draw) at(books record.Ledger, now time.Time) time.Time {
	full, spent := books[d.bucket]
	if !spent || d.exempt || d.ours {
		return now
	}
	return later(now, d.limit.gives(d.limit.credible(full, now), d.keep))
}

func later(x, y time.Time) time.Time {
	if y.After(x) {
		return y
	}
	return x
}

// spend is the bucket's time after the request; ok: it changes.
func (d draw) spend(books record.Ledger, now time.Time) (full time.Time, ok bool) {
	if d.ours {
		return took(books[d.bucket], now), true
	}
	full = d.limit.credible(books[d.bucket], now)
	if d.looks || d.limit.none() || d.exempt && d.limit.gives(full, 0).After(now) {
		return full, false
	}
	return d.limit.take(full, now), true
}

// Buckets are all that this package may read or write for the request, and what
// it may book for failures of further names.
func (r Request) Buckets(further ...string) []record.Bucket {
	all := []record.Bucket{r.account(), r.set(), r.share()}
	for _, domain := range unique(r.Domains) {
		all = append(all, r.domain(domain))
	}
	for _, name := range unique(slices.Concat(further, r.Names)) {
		all = append(all, r.failures(name), r.consecutive(name))
	}
	return all
}

func (r Request) account() record.Bucket {
	return record.Bucket{Directory: r.Directory, Account: r.Account, Limit: newOrders}
}

func (r Request) domain(name string) record.Bucket {
	return record.Bucket{Directory: r.Directory, Limit: certificatesPerDomain, Key: name}
}

func (r Request) set() record.Bucket {
	return record.Bucket{Directory: r.Directory, Limit: sameNames, Key: strings.Join(unique(r.Names), ",")}
}

func (r Request) failures(name string) record.Bucket {
	return record.Bucket{Directory: r.Directory, Account: r.Account, Limit: failedAuthorizations, Key: name}
}

func (r Request) consecutive(name string) record.Bucket {
	return record.Bucket{Directory: r.Directory, Account: r.Account, Limit: consecutiveFailures, Key: name}
}

func (r Request) share() record.Bucket {
	return record.Bucket{Directory: r.Directory, Account: r.Account, Limit: share, Key: r.App}
}

func unique(names []string) []string {
	sorted := slices.Clone(names)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// gives is the earliest time at which a bucket has a token besides those that
// are to be kept, if nobody else takes one until then. full is the bucket's
// stored time.
func (l Limit) gives(full time.Time, keep int) time.Time {
	if l.none() {
		return full // set by the CA's word alone
	}
	return full.Add(l.interval() - time.Duration(l.Count-keep)*l.interval())
}

// farthest is how far ahead a CA's word may reach: no limit looks back longer
// than a week.
const farthest = 7 * 24 * time.Hour

// credible is a bucket's stored time, unless no CA can have meant it: it was
// booked by a clock that was ahead. Then the bucket is empty, which is the worst
// it can be.
func (l Limit) credible(full, now time.Time) time.Time {
	empty := now.Add(time.Duration(l.Count) * l.interval())
	if full.After(empty.Add(farthest)) {
		return empty
	}
	return full
}

// take is a bucket's stored time after one more token is gone.
func (l Limit) take(full, now time.Time) time.Time {
	if full.Before(now) {
		full = now
	}
	return full.Add(l.interval())
}
