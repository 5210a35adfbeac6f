package record

import "time"

// Revocation is what the CA that issued a certificate says of having revoked it.
type Revocation struct {
	// SHA256 and Serial are those of the certificate.
	SHA256, Serial string
	// At is when the CA revoked it, Reason why, as a code of RFC 5280, section
	// 5.3.1.
	At     time.Time
	Reason int
	// Seen is when that was found out.
	Seen time.Time
	// Successor is the SHA256 of the certificate that took its place; empty: it
	// is still in use.
	Successor string `json:",omitempty"`
}

// reasons are the names of RFC 5280, section 5.3.1, by their codes; 7 is unused.
var reasons = [...]string{
	"unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded", "cessationOfOperation",
	"certificateHold", "", "removeFromCRL", "privilegeWithdrawn", "aACompromise",
}

// Why is the reason's name.
func (r Revocation) Why() string {
	if r.Reason > 0 && r.Reason < len(reasons) && reasons[r.Reason] != "" {
		return reasons[r.Reason]
	}
	return reasons[0]
}
