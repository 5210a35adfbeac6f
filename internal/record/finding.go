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
	// Fix is the change of DNS that mends it, as the zone's DNS provider words
	// it; nil: no change of the zone's does, or none is known.
	Fix *Fix `json:",omitempty"`
	// Since and Seen are when this was seen first and last, where that counts
	// (not-served); else zero.
	Since, Seen time.Time `json:",omitzero"`
}

// Fix is a change to the records of one zone. All text is ready to be shown.
type Fix struct {
	// Provider serves the zone, recognised by its name servers; empty: unknown.
	Provider string
	// Origin is the zone; empty: it is not known where the zone begins.
	Origin string `json:",omitempty"`
	// Set are the records to add, or to change into; Remove those to delete.
	Set    []RR `json:",omitempty"`
	Remove []RR `json:",omitempty"`
	// Keep are the records of the same names and types that stay. Inexact: not
	// all of them are there, or not as they stand in DNS, so that no set of
	// records is to be written from them.
	Keep    []RR `json:",omitempty"`
	Inexact bool `json:",omitempty"`
	// Steps are what to do, in order, in the provider's own words; none where
	// the provider is unknown.
	Steps []string `json:",omitempty"`
	// Zone is the change as lines of a zone file (RFC 1035, section 5).
	Zone string `json:",omitempty"`
}
