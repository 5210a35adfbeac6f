package record

// DNS01 is the validation method that looks for a TXT record (RFC 8555, section
// 8.4).
const DNS01 = "dns-01"

// ChallengeZone is where the TXT record of a dns-01 challenge belongs.
type ChallengeZone struct {
	// Name is the record's own name, at the end of the aliases of
	// _acme-challenge.NAME; Zone is the zone it lies in. Both are lower case
	// and without a trailing dot.
	Name, Zone string
	// Servers are the zone's authoritative name servers, each address one
	// entry, sorted.
	Servers []NameServer
}

// Unanswered says that the response to a challenge is not where the CA will
// look for it.
type Unanswered struct {
	// Name is the identifier to be proved, Record the name of the TXT record.
	Name, Record string
	// Detail says what happened, without any credential: "ns2.example
	// (192.0.2.2) does not have it", "the server answers REFUSED".
	Detail string
	// Late: it was written, or tried to be, and time ran out.
	Late bool
	// Foreign: the provider has no say over the zone of the record.
	Foreign bool
}

// Error states the failure for logs; people read a Finding instead.
func (u *Unanswered) Error() string {
	return "the TXT record " + u.Record + " for " + u.Name + ": " + u.Detail
}
