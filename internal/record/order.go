package record

import (
	"slices"
	"time"
)

// OrderState is how far an order's journal has come. Intent, ordered and
// finalizing are durable before the step that leaves them; what lies between
// may be done again:
//
//	intent     key and CSR exist         → POST newOrder
//	ordered    the order's URL is known  → GET authorizations, present challenges
//	presented  responses are in place    → POST each challenge
//	validating the CA is looking         → GET authorizations until all are valid
//	finalizing                           → GET order; POST finalize when it is ready
//	issued     the chain was downloaded and checked
//	done       the pair is kept; the intent is closed
type OrderState string

// The journal's states; an order that failed for good is OrderClosed.
const (
	OrderIntent     OrderState = "intent"
	OrderOrdered    OrderState = "ordered"
	OrderPresented  OrderState = "presented"
	OrderValidating OrderState = "validating"
	OrderFinalizing OrderState = "finalizing"
	OrderIssued     OrderState = "issued"
	OrderDone       OrderState = "done"
	OrderClosed     OrderState = "closed"
)

// Order is the journal of one order at one CA. Open intents are unique per
// (Directory, Names).
type Order struct {
	// ID is ours, random, and names the intent.
	ID        string
	Key       string // the row's key
	Directory string
	Names     []string
	State     OrderState
	OpenedAt  time.Time
	// PrivateKey and CSR (DER) are the intent; a certificate for another key
	// is not ours.
	PrivateKey PrivateKey `json:"-"`
	CSR        []byte
	Rekey      string
	Challenge  string
	// Replaces is the CA's name for the certificate that this one is to take
	// the place of (RFC 9773, section 5); empty: none. Exempt: it does so within
	// the window that the CA suggested, so that no limit counts it.
	Replaces string
	Exempt   bool

	URL            string // the CA's, from newOrder's Location
	Account        string // the account's URL
	FinalizeURL    string
	CertificateURL string
	Expires        time.Time
	Authorizations []Authorization
	// Chain is PEM once issued.
	Chain []byte

	// NextAt is when the CA wants to be asked again (Retry-After or our own
	// poll); zero: at once.
	NextAt time.Time
	// Polls counts GETs in the present state, for the poll's backoff.
	Polls int
}

// Open reports whether the order still wants steps.
func (o Order) Open() bool { return o.State != OrderDone && o.State != OrderClosed }

// Authorization is one name's proof within an order (RFC 8555, section 7.1.4).
type Authorization struct {
	URL          string
	Name         string
	Status       string
	ChallengeURL string
	Token        string
	// Presented and Posted: our response is in place; the CA was told so. A
	// response that outlives the process (a DNS record) is called presented,
	// durably, before it is put in place, so that it can always be taken away.
	Presented, Posted bool
	// PresentedAt is when such a response was put in place; zero: not yet.
	PresentedAt time.Time `json:",omitzero"`
}

// Traces reports whether the order has responses in DNS that are to be taken
// away when it is over.
func (o Order) Traces() bool {
	return o.Challenge == DNS01 && slices.ContainsFunc(o.Authorizations, func(a Authorization) bool { return a.Presented })
}
