package reconcile

import (
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/record"
)

const day = 24 * time.Hour

// Policy is the operator's part of every decision. All times are durations of
// the caller's clock; zero values mean what they say (0 removals are allowed,
// no grace is given) unless noted.
type Policy struct {
	// RenewAt is the fraction of its lifetime after which a certificate is
	// renewed; 0: 2/3, or 1/2 for lifetimes under 10 days.
	RenewAt float64
	// FailAfter is how long a domain without a certificate is tried before it
	// is Failed; NotifyAfter how long it may fail before somebody is told.
	FailAfter, NotifyAfter time.Duration
	// RevokeAfter is the grace after a domain leaves, and the wait before a
	// replaced certificate is revoked.
	RevokeAfter time.Duration
	// NeverRevoke: certificates of domains that left are forgotten instead.
	NeverRevoke bool
	// MaxRemovals (a fraction) and RemovalFloor (a count) bound how many
	// certificates may be lost within the guard's window; the larger counts.
	MaxRemovals  float64
	RemovalFloor int
	// MaxDomainsPerApp is a limit; 0: none.
	MaxDomainsPerApp int
	AllowWildcards   bool
	// CommonName: certificates are to carry one, of at most 64 characters.
	CommonName bool
	// IneligiblePlans get no ACM.
	IneligiblePlans []string
	// DefaultChallenge is the validation method where desired state names
	// none; empty: http-01.
	DefaultChallenge string
	// DNSProvider: the operator has set one, so that dns-01 can be used.
	DNSProvider bool
	// Targets are the names of the deploy targets; each gets every pair.
	Targets []string
	// Directory is the CA's directory URL that orders go to.
	Directory string
	// Fallback are the CAs that are asked instead, in this order, while that one
	// cannot serve an order. Platform.Others follows from it.
	Fallback []CA
	// Authorities are further directories we hold an account at, which can
	// therefore revoke what they issued.
	Authorities []string
	Platform    record.Platform
	// Limits are the CA's; the zero value is none.
	Limits budget.Limits

	// all are the CAs in the operator's order, once another than the first was
	// chosen by [Policy.At].
	all []CA
}

// grace is how long a certificate outlives the wish for it.
func (p Policy) grace() time.Duration {
	if p.NeverRevoke && p.RevokeAfter == 0 {
		return day
	}
	return p.RevokeAfter
}

// window is how far back the guard counts losses: the longer of a day and the
// grace, so that neither a slow drip nor a short grace gets around it.
func (p Policy) window() time.Duration { return max(day, p.grace()) }

// authority reports whether an account of ours can, or for all we know might,
// revoke the certificate.
func (p Policy) authority(c record.Certificate) bool {
	return !c.Manual() && (c.Unclaimed() || p.configured(c.Directory) || slices.Contains(p.Authorities, c.Directory))
}

func (p Policy) challenge(domain, app string) string {
	for _, c := range []string{domain, app, p.DefaultChallenge} {
		if c != "" {
			return c
		}
	}
	return "http-01"
}

func wildcard(name string) bool { return strings.HasPrefix(name, "*.") }
