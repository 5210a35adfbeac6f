package record

import "time"

// Suggestion is what the CA that issued a certificate suggests about when to
// renew it (RFC 9773), as far as it is remembered.
type Suggestion struct {
	// SHA256 is the certificate that it is about; empty: none was asked about.
	SHA256 string `json:",omitempty"`
	// ID is the CA's name for that certificate (RFC 9773, section 4.1); empty:
	// the CA offers no renewal information.
	ID string `json:",omitempty"`
	// Start and End are the window; zero: there is none.
	Start, End time.Time `json:",omitzero"`
	// Explanation is a page of the CA's about the window; empty: none.
	Explanation string `json:",omitempty"`
	// NextAt is when the CA is asked again.
	NextAt time.Time `json:",omitzero"`
	// Misses counts answers in a row that were of no use.
	Misses int `json:",omitempty"`
	// Urged is when a certificate of the row was last replaced because its CA
	// wanted that earlier than we would have; it outlives the certificate.
	Urged time.Time `json:",omitzero"`
}

// RenewalInfo is one answer to the question when to renew a certificate.
type RenewalInfo struct {
	// ID, Start, End and Explanation are as in [Suggestion], as the CA has them.
	ID          string
	Start, End  time.Time
	Explanation string
	// RetryAfter is when the CA wants to be asked again; zero: it did not say.
	RetryAfter time.Time
	// Problem is why there is no window; nil: there is one.
	Problem *Problem
}
