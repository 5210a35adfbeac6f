package record

import (
	"time"

	"github.com/acmsync/acmsync/internal/failure"
)

// RR is one DNS record as people write it: no trailing dots, addresses and
// targets as text. Of Type TLS it is what a name should, or an address does,
// present in a handshake.
type RR struct {
	Type, Name, Value string
}

// Finding is one thing that is wrong, with the change that mends it. All text
// is ready to be shown: control characters are gone and long text is cut.
type Finding struct {
	Code    failure.Code
	Message string
	Remedy  string
	// Expected are the records that would be right; Observed those that are.
	Expected, Observed []RR
	// Warning: it is worth telling but stops nothing.
	Warning bool
	// Actor is who must act where that is not whom the reason names; empty: it
	// is.
	Actor failure.Actor `json:",omitempty"`
	// Since and Seen are when this was seen first and last, where that counts
	// (not-served); else zero.
	Since, Seen time.Time `json:",omitzero"`
}
