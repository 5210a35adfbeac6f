package record

import "time"

// Mode says what automatic certificate management does for a domain.
type Mode string

const (
	// Auto: ACM is on; a certificate is issued and kept.
	Auto Mode = "auto"
	// Off: the owner switched ACM off; the certificate goes after the grace.
	Off Mode = "off"
	// Ineligible: the app's plan gets no ACM; otherwise like Off.
	Ineligible Mode = "ineligible"
	// ByHand: the owner brings the certificate along. It is deployed, and
	// nothing is ordered, renewed or revoked.
	ByHand Mode = "manual"
	// Removed: the domain left desired state; the certificate goes after the
	// grace and then the row is forgotten.
	Removed Mode = "removed"
)

// Kept reports whether the domain is to have a certificate.
func (m Mode) Kept() bool { return m == Auto || m == ByHand }

// Want is what desired state asks for one certificate. Only admission
// (reconcile.Admit) writes it; whoever steps the domain only reads it.
type Want struct {
	// Key identifies the row. While grouping is by domain it is the name.
	Key string
	// Names are the certificate's names, canonical and sorted.
	Names []string
	// App holds the claim on the names.
	App  string
	Mode Mode
	// Challenge is the validation method, the default filled in (http-01).
	Challenge string
	// Target is the domain's own CNAME target; empty: the platform's.
	Target string
	// Refresh and Rekey join the app's and the domain's value; a value that
	// differs from the handled one asks for a try, or a new key, now.
	Refresh, Rekey string
	// Entry digests what the owner wrote (app, mode, challenge, target, …), so
	// that a changed entry is told from an unchanged one.
	Entry string
	// Frozen: a file is refused that names the domain, or may do so, so the last
	// accepted entry stands: no first issue, no change, no removal.
	Frozen bool
	// Blocked is a reason of desired state itself (eligibility, limits, a
	// wildcard without DNS) why no certificate may be ordered. Nil: none.
	Blocked *Finding
	// Brought is the certificate that the owner brings along; nil: none. In mode
	// Auto it is served until an automatic one is deployed.
	Brought *Brought
	// Since is when the domain was first admitted.
	Since time.Time
	// LeftAt is when the certificate ceased to be wanted; zero while one is.
	LeftAt time.Time
	// LostAt is when the removal guard last counted the certificate as lost.
	// It outlives LeftAt when the name returned without its certificate.
	LostAt time.Time
	// Held: the removal guard keeps the certificate as if it were still
	// wanted, until the removal with HoldHash is approved or the name returns.
	Held     bool
	HoldHash string
	// HoldWhy is the guard's sentence, empty when not held.
	HoldWhy string
	// Generation counts admissions that changed this Want; the store sets it.
	Generation int64
}

// Brought is a certificate that an owner brings along, as admission read it.
type Brought struct {
	// Chain and Key are the paths of its files, as the owner wrote them.
	Chain, Key string
	// Certificate is what it is, in or out of date; nil when it cannot be used.
	Certificate *Certificate
	// Fault is why it cannot be used, as a clause that names the file; empty: it
	// can. Remedy, if set, is what to do about it.
	Fault, Remedy string
	// Operator: it is the operator who must act.
	Operator bool
	// Plain: the private key lies in the repository unencrypted.
	Plain bool
}

// Gone reports whether the certificate is to be taken away after the grace.
func (w Want) Gone() bool { return !w.Mode.Kept() && !w.Held && !w.Frozen }

// Name is the first name, which stands for the certificate in messages.
func (w Want) Name() string {
	if len(w.Names) == 0 {
		return w.Key
	}
	return w.Names[0]
}
