package record

import (
	"net/netip"
	"time"
)

// Question is what the controller asks the world about one name.
type Question struct {
	Name string
	// App is the app that claims the name; for messages and {app} targets.
	App string
	// Registered is the registered domain above the name, or itself: what a
	// registrar sells; empty: not known.
	Registered string
	// Challenge is the validation method; empty means http-01.
	Challenge string
	// Target and Addresses are what the name should lead to. Target is filled
	// in, see [Platform.TargetFor].
	Target    string
	Addresses []netip.Addr
	// DNS, CAA, Probe, Served and Ownership say what to look at.
	DNS, CAA, Probe, Served, Ownership bool
	// Authorities has the zone's own name servers asked whatever the resolvers
	// say; without it they are asked only where the resolvers' answer is not
	// the one that is hoped for.
	Authorities bool
	// CAAIdentities are the CA's issuer domain names, as far as known: a CAA
	// set that plainly names one needs no second look.
	CAAIdentities []string
	// Proofs are the TXT records of which any one proves that App may have the
	// name; none: no proof is needed.
	Proofs []RR
	// ProbeToken is fetched below /.well-known/acme-challenge/; ProbeExpect is
	// the body that proves our account answers (token "." thumbprint).
	ProbeToken, ProbeExpect string
	ProbePort, ServedPort   int
	// ServedSHA256 is the certificate that should be served.
	ServedSHA256 string
	// Known is what the last looks found; empty: nobody looked yet.
	Known Checks
}

// Apex: the name is its own registered domain, so that a CNAME cannot stand there
// (RFC 1034, section 3.6.2).
func (q Question) Apex() bool { return q.Registered != "" && q.Registered == q.Name }

// Observation is what was seen. It holds facts, never verdicts; a nil part was
// not asked for.
type Observation struct {
	Name  string
	At    time.Time
	DNS   *DNS
	CAA   *CAA
	Probe *Probe
	// Ownership is what stands where a proof of ownership should.
	Ownership *Ownership
	// Served is what each of the name's addresses presents. One entry without
	// an Address says why none was asked.
	Served []Served
	// Lacking are the deploy targets that have acknowledged the certificate and
	// were seen not to have it.
	Lacking []string
	// Renewal is what the CA says about when to renew; nil: it was not asked.
	Renewal *RenewalInfo
	// Revoked is the CA's word that the row's certificate is revoked; nil: it is
	// not, or nobody could be asked.
	Revoked *Revocation
	// Found is what deploy targets hold for the name other than the row's
	// certificate.
	Found []Found
}

// Found is a pair that lies at a deploy target, as acmsync put it there. Its
// key stays where it is.
type Found struct {
	Target string
	// Certificate says nothing of who can revoke it. IssuedAt is when it was
	// kept, as far as the target knows; zero: it does not.
	Certificate Certificate
	// Fault is why the pair cannot be used; empty: it can.
	Fault string
}

// Answer is how a question to a name server ended.
type Answer string

const (
	Answered Answer = "answered" // NOERROR with data
	NoData   Answer = "nodata"   // NOERROR without the type asked for
	NXDomain Answer = "nxdomain"
	ServFail Answer = "servfail"
	Refused  Answer = "refused"
	NotImp   Answer = "notimp"
	FormErr  Answer = "formerr"
	TimedOut Answer = "timeout"
	// Garbled: a message came, and cannot be read.
	Garbled Answer = "garbled"
	// NoAnswer: we could not ask at all (no network, no resolver reached).
	NoAnswer Answer = "could-not-ask"
	// Lame is a name server's answer without authority: it does not serve the
	// zone that is delegated to it (RFC 9499, section 7).
	Lame Answer = "lame"
)

// DNS is what the name resolves to.
type DNS struct {
	// Chain are the CNAME hops in order, the name's own first.
	Chain []RR
	// Loop: the chain returns to a name already in it, or is too long.
	Loop bool
	A    Addresses
	AAAA Addresses
	// TTL is how long caches may keep what was answered; 0 for failures.
	TTL time.Duration
	// Target is what the expected target itself resolves to; used to tell
	// "leads to the same place" (an ALIAS) from "leads elsewhere".
	Target []netip.Addr
	// Wildcard is one, as *.example.com, that answers the same and so may be
	// where the answer comes from (RFC 4592); empty: none, or not asked for.
	Wildcard string
	// Authority is what the zone's own name servers answer; nil: they were not
	// asked, or could not be found.
	Authority *Authority
}

// Addresses is one address family's answer.
type Addresses struct {
	Answer Answer
	Addrs  []netip.Addr
	// Authenticated: the resolver validated the answer by DNSSEC (AD).
	Authenticated bool
	// CheckingDisabled: SERVFAIL, but with CD set the same question answers,
	// so DNSSEC is what failed.
	CheckingDisabled bool
	// EDE are extended DNS error codes (RFC 8914) that came along.
	EDE    []uint16
	Detail string
}

// Authority is what the name servers of the name's own zone answer when they
// are asked directly, without a cache in between.
type Authority struct {
	// Zone is the closest zone that holds the name.
	Zone string
	// Servers are the zone's name servers that were asked, by name.
	Servers []NameServer
	// Views are their different answers, in the order of Servers; one: they
	// agree; none: none of them answered.
	Views []View
}

// NameServer is one name server and how it answered.
type NameServer struct {
	Name string
	Addr netip.Addr
	// Answer is Answered, NoData or NXDomain where it answered with authority,
	// else what went wrong.
	Answer Answer
	Detail string
}

// View is one answer that some of a zone's name servers give.
type View struct {
	// Servers are the names of those that give it.
	Servers []string
	// DNS is where the name leads by this answer; aliases that leave the zone
	// are followed through the resolvers. Its Authority and Target are nil.
	DNS DNS
}

// CAA is the climb for CAA records (RFC 8659, section 3).
type CAA struct {
	// Zone is where the climb ended: the first name with a CAA set, or where a
	// server failed; empty: no set anywhere.
	Zone string
	// Chain are the aliases from Zone to the name that holds the set, Loop
	// that they lead back.
	Chain   []RR
	Loop    bool
	Answer  Answer
	Records []CAARecord
	// TTL is how long caches may keep the answer.
	TTL time.Duration
	// Authenticated, CheckingDisabled and EDE are as in [Addresses].
	Authenticated    bool
	CheckingDisabled bool
	EDE              []uint16
	Detail           string
	// OthersAnswer: the server that failed for CAA answers other types.
	OthersAnswer bool
	// Cut is the zone (in the sense of a zone cut) that Zone lies in, and
	// Authority the same climb with that zone's own name servers asked; empty
	// and nil if they were not, or could not be.
	Cut       string
	Authority *CAA
	// NameServers are those of Cut, by name.
	NameServers []string
}

// CAARecord is one record of the set, as published.
type CAARecord struct {
	// Flags are as published; Critical is what CAs take them for.
	Flags    uint8
	Critical bool
	Tag      string
	Value    string
}

// Served is the certificate that one address presents for the name.
type Served struct {
	// Answer is Answered when a handshake gave a certificate, Refused when the
	// server would have none.
	Answer  Answer
	Address netip.Addr
	// AtTarget: the target that the name should lead to leads to this address.
	AtTarget bool
	// SHA256 and Serial are written as in [Certificate]; Issuer is the issuer's
	// common name, as the server sent it.
	SHA256, Serial, Issuer string
	NotAfter               time.Time
	// ForName: the certificate is for the name that was asked for.
	ForName bool
	// Detail is why there is no certificate, worded to follow "the edge".
	Detail string
}
