package record

import (
	"time"

	"github.com/acmsync/acmsync/internal/failure"
)

// State is a domain's place in its life, worded as status files say it.
type State string

// The states, in the order a domain usually passes them.
const (
	Waiting     State = "Waiting"
	InProgress  State = "In Progress"
	DNSVerified State = "DNS Verified"
	CertIssued  State = "Cert Issued"
	Failing     State = "Failing"
	Failed      State = "Failed"
	Disabled    State = "Disabled"
	Manual      State = "Manual"
	Held        State = "Held"
)

// Domain is all that is remembered of one certificate's names: what is wanted
// (written by admission) and how far it got (written by whoever holds the
// row's lease).
type Domain struct {
	Want

	State State
	// Since is when State last changed.
	Since  time.Time
	Checks Checks
	// CheckedAt is when the world was last observed for this domain.
	CheckedAt time.Time

	// Certificate is the newest good one; nil before the first.
	Certificate *Certificate
	// Superseded are earlier certificates of this row that are still owed a
	// revocation, oldest first.
	Superseded []Superseded
	// Suggestion is what the CA says about when to renew Certificate.
	Suggestion Suggestion
	// Revocation is about Certificate, or about the one whose place it took; nil:
	// neither is known to be revoked by anybody but us.
	Revocation *Revocation
	// Order is the order in flight, without its private key; nil when none.
	Order *Order
	// Deployed says what each target acknowledged, sorted by target.
	Deployed []Deployment

	Attempt Attempt
	// Passed are the CAs that could not serve the row's orders, so that others
	// were, or will be, asked.
	Passed []Passed
	// Findings is what is wrong, the first to mend first. With a valid
	// Certificate they concern its renewal.
	Findings []Finding
	// Problem is what the CA said last, if it was a refusal.
	Problem *Problem
	// ForeignThumbprint: the last probe reached the platform's address without
	// redirect and another ACME account answered.
	ForeignThumbprint bool

	// Proven is whom the name was proved to belong to.
	Proven Proven

	// Notice is what people are told of the row's trouble.
	Notice Notice

	HandledRefresh, HandledRekey string
	// HandledEntry is Want.Entry at the last attempt.
	HandledEntry string

	// Due is when the row wants to be stepped next; zero: nothing will move it
	// but a change of desired state.
	Due time.Time
}

// Attempt counts failed tries. An attempt is an order, or a check at Next that
// stopped one; rechecks change neither.
type Attempt struct {
	Count       int
	FirstFailed time.Time
	Last        time.Time
	// Next is fixed when it is scheduled.
	Next time.Time
	// RateLimitedUntil is set while a limit of the CA is what makes us wait.
	RateLimitedUntil time.Time
}

// Passed is a CA that is not asked again before a time, if another can be.
type Passed struct {
	Directory string
	// Code is why: ca-unavailable, account-problem or rate-limited.
	Code failure.Code
	// At is when that was found, Until when it may be asked again.
	At, Until time.Time
}

// Notice is the record of one incident: trouble that somebody has to act on,
// from its beginning until the certificate is in use. It is kept with the row,
// so that each message is decided on once, whatever is restarted.
type Notice struct {
	// Began is when the present incident began; zero: there is none.
	Began time.Time `json:",omitzero"`
	// Told is when it had lasted so long that somebody is told; zero: it has
	// not. Healed is when it ended after that, which is told too.
	Told   time.Time `json:",omitzero"`
	Healed time.Time `json:",omitzero"`
	// Reason is what was wrong when it was told.
	Reason failure.Code `json:",omitempty"`
}

// Check is the result of one kind of check.
type Check string

const (
	Pass    Check = "pass"
	Fail    Check = "fail"
	Unknown Check = "unknown" // could not ask
	Skipped Check = "skipped"
)

// Checks are the six lights of a status entry. The zero value means unknown.
type Checks struct {
	DNS, CAA, Challenge, Issued, Deployed, Served Check
}

// Superseded is a certificate that another replaced, or whose name left, and
// that is to be revoked.
type Superseded struct {
	Certificate
	// Reason is the CRL reason code of RFC 5280, section 5.3.1.
	Reason    int
	RevokeAt  time.Time
	RevokedAt time.Time
	Why       string
}

// Deployment is one target's acknowledgement of one certificate.
type Deployment struct {
	Target string
	Host   string
	// SHA256 is the certificate the target last acknowledged; empty: none yet.
	SHA256 string
	At     time.Time
	// Error is why the newest certificate is not there yet; empty: it is.
	Error string
	Tries int
	Next  time.Time
}

// App is what status needs to know of an app besides its domains.
type App struct {
	Name string
	File string
	// ACM is enabled, disabled, manual, migrating or ineligible.
	ACM string
	// Error is why the app's file is refused; nil: it is current.
	Error *FileError
	// Revision is BRANCH@sha1:COMMIT at which the app's entry last changed.
	Revision string
	// Digest identifies the app's entry, so that a change is noticed.
	Digest  string
	Refresh string
	// Refusals are domains the app asks for and does not get, because another
	// app claims them.
	Refusals []Refusal
	// Gone: the app left desired state; kept while removals are under way.
	Gone bool
}

// Refusal is a claim on a name that was not granted.
type Refusal struct {
	Name    string
	Finding Finding
	Since   time.Time
}

// FileError is an error of a desired-state file. Line and Column count from 1.
type FileError struct {
	File         string
	Line, Column int
	Message      string
}
