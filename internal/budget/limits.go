package budget

import "time"

// Limit is Count of a thing in any Per, refilled continuously. With Count or
// Per zero there is no limit but what the CA says, see [Refused].
type Limit struct {
	Count int
	Per   time.Duration
}

// none reports that no limit is known.
func (l Limit) none() bool { return l.Count <= 0 || l.Per <= 0 }

// interval is how long one token takes to come back, rounded up to whole
// nanoseconds so that we are never faster than the CA.
func (l Limit) interval() time.Duration {
	if l.none() {
		return 0
	}
	n := time.Duration(l.Count)
	return (l.Per + n - 1) / n
}

// Limits are a CA's limits on orders. The zero value knows none.
type Limits struct {
	// NewOrders counts by account.
	NewOrders Limit
	// CertificatesPerDomain counts by registered domain, over all accounts.
	CertificatesPerDomain Limit
	// SameNames counts by the exact set of names, over all accounts.
	SameNames Limit
	// FailedAuthorizations counts by name and account.
	FailedAuthorizations Limit
	// ConsecutiveFailures counts by name and account; a validation that
	// succeeds fills the bucket. When it is empty the CA pauses the name.
	ConsecutiveFailures Limit
	// RenewalsCount: a certificate for names that have one counts like any
	// other. Let's Encrypt counts it for SameNames alone.
	RenewalsCount bool
}

// LetsEncrypt are the limits that Let's Encrypt publishes at
// https://letsencrypt.org/docs/rate-limits/.
func LetsEncrypt() Limits {
	const day = 24 * time.Hour
	return Limits{
		NewOrders:             Limit{300, 3 * time.Hour},
		CertificatesPerDomain: Limit{50, 7 * day},
		SameNames:             Limit{5, 7 * day},
		FailedAuthorizations:  Limit{5, time.Hour},
		ConsecutiveFailures:   Limit{1152, 1152 * day},
	}
}
