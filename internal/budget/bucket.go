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
)

// Request is an order, as the limits see it.
type Request struct {
	// Directory is the CA's URL. Account tells one account there from another;
	// its key's thumbprint does, before the CA has given it a URL.
	Directory, Account string
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
}

// draws are the buckets of a request, the widest first.
func (r Request) draws(l Limits) []draw {
	if r.Replaces {
		return nil
	}
	var all []draw
	if !r.Renewal {
		all = append(all, draw{bucket: r.account(), limit: l.NewOrders})
		for _, domain := range unique(r.Domains) {
			all = append(all, draw{bucket: r.domain(domain), limit: l.CertificatesPerDomain, issued: true})
		}
	}
	all = append(all, draw{bucket: r.set(), limit: l.SameNames, issued: true})
	for _, name := range unique(r.Names) {
		all = append(all, draw{bucket: r.failures(name), limit: l.FailedAuthorizations, looks: true})
	}
	return all
}

// Buckets are all that this package may read or write for the request, and what
// it may book for failures of further names.
func (r Request) Buckets(further ...string) []record.Bucket {
	all := []record.Bucket{r.account(), r.set()}
	for _, domain := range unique(r.Domains) {
		all = append(all, r.domain(domain))
	}
	for _, name := range unique(slices.Concat(further, r.Names)) {
		all = append(all, r.failures(name))
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

func unique(names []string) []string {
	sorted := slices.Clone(names)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// gives is the earliest time at which a bucket has a token, if nobody else
// takes one until then. full is the bucket's stored time.
func (l Limit) gives(full time.Time) time.Time {
	if l.none() {
		return full // set by the CA's word alone
	}
	return full.Add(l.interval() - time.Duration(l.Count)*l.interval())
}

// take is a bucket's stored time after one more token is gone.
func (l Limit) take(full, now time.Time) time.Time {
	if full.Before(now) {
		full = now
	}
	return full.Add(l.interval())
}
