package ca

import (
	"slices"
	"strings"
	"time"

	"github.com/letsencrypt/pebble/v2/wfe"
)

// Kind says which resource a request is for.
type Kind string

// The kinds of requests, named as the directory of RFC 8555 names them. Reading
// and updating a resource are of the same kind; Request.Read tells them apart.
const (
	Directory   Kind = "directory"
	NewNonce    Kind = "newNonce"
	NewAccount  Kind = "newAccount"
	Account     Kind = "account"
	NewOrder    Kind = "newOrder"
	Order       Kind = "order"
	Authz       Kind = "authz"
	Challenge   Kind = "challenge"
	Finalize    Kind = "finalize"
	Cert        Kind = "cert"
	Revoke      Kind = "revoke"
	RenewalInfo Kind = "renewalInfo"
	Other       Kind = "other"
)

// Kinds are all of them.
var Kinds = []Kind{
	Directory, NewNonce, NewAccount, Account, NewOrder, Order, Authz, Challenge, Finalize, Cert, Revoke, RenewalInfo, Other,
}

// paths are Pebble's, the longer before what they begin with.
var paths = []struct {
	prefix string
	kind   Kind
}{
	{wfe.DirectoryPath, Directory},
	{"/nonce-plz", NewNonce},
	{"/sign-me-up", NewAccount},
	{"/my-account/", Account},
	{"/order-plz", NewOrder},
	{"/my-order/", Order},
	{"/finalize-order/", Finalize},
	{"/authZ/", Authz},
	{"/chalZ/", Challenge},
	{"/certZ/", Cert},
	{"/revoke-cert", Revoke},
	{"/draft-ietf-acme-ari-03/renewalInfo/", RenewalInfo},
}

func kindOf(path string) (Kind, string) {
	for _, p := range paths {
		if id, ok := strings.CutPrefix(path, p.prefix); ok {
			return p.kind, id
		}
	}
	return Other, ""
}

// Request is one request as the front saw it.
type Request struct {
	Method, Path string
	Kind         Kind
	// Read: a GET, a HEAD, or a POST-as-GET (RFC 8555, section 6.3).
	Read bool
	// Names are those that the request is about, as far as they are known:
	// sorted, and a wildcard with its asterisk.
	Names []string
	// Replaces is the certificate that a new order names as the one it replaces
	// (RFC 9773, section 5).
	Replaces string
	At       time.Time
	// Status is the HTTP status of the answer; 0: the connection was cut
	// before the client got one.
	Status int
	// Faulted: a fault had its hand in it.
	Faulted bool
	// Limited: it was above a limit, see [CA.Enforce].
	Limited bool
}

// Requests returns every request so far, in the order of their answers.
func (c *CA) Requests() []Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.requests)
}

// Count is the number of requests of these kinds so far; of all kinds when
// none is named.
func (c *CA) Count(kinds ...Kind) int {
	n := 0
	for _, r := range c.Requests() {
		if len(kinds) == 0 || slices.Contains(kinds, r.Kind) {
			n++
		}
	}
	return n
}

// Forget empties the log of requests, so that a test can count what follows.
// Certificates are not forgotten.
func (c *CA) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = nil
}
