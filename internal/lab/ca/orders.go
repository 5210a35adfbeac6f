package ca

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/letsencrypt/pebble/v2/acme"
)

// payload is what the front reads of a JWS. It checks no signature: where it
// lets Pebble answer, Pebble does, and where not, it only repeats what the
// account was told already.
type payload struct {
	account string // the last element of the kid
	empty   bool   // POST-as-GET
	names   []string
	profile string
	// replaces is the certificate to replace (RFC 9773, section 5).
	replaces string
}

func parse(body []byte) payload {
	var jws struct{ Protected, Payload string }
	var header struct{ Kid string }
	var content struct {
		Identifiers []acme.Identifier
		Profile     string
		Replaces    string
	}
	// What does not parse stays empty; Pebble says what is wrong with it.
	_ = json.Unmarshal(body, &jws)
	decode(jws.Protected, &header)
	decode(jws.Payload, &content)
	p := payload{account: path.Base(header.Kid), empty: jws.Payload == "", profile: content.Profile, replaces: content.Replaces}
	for _, id := range content.Identifiers {
		p.names = append(p.names, strings.ToLower(id.Value))
	}
	slices.Sort(p.names)
	p.names = slices.Compact(p.names)
	return p
}

func decode(part string, into any) {
	if raw, err := base64.RawURLEncoding.DecodeString(part); err == nil {
		_ = json.Unmarshal(raw, into)
	}
}

func (p payload) key() string {
	return strings.Join(append([]string{p.account, p.profile}, p.names...), " ")
}

// describe says what a request is about.
func (c *CA) describe(r *http.Request, body []byte) (*Request, payload) {
	kind, id := kindOf(r.URL.Path)
	post := parse(body)
	seen := &Request{
		Method: r.Method, Path: r.URL.Path, Kind: kind, At: time.Now(),
		Read: r.Method != http.MethodPost || post.empty,
	}
	c.pebble.Lock()
	defer c.pebble.Unlock()
	switch kind {
	case NewOrder:
		seen.Names, seen.Replaces = post.names, post.replaces
	case Order, Finalize:
		if order := c.db.GetOrderByID(id); order != nil {
			seen.Names = values(order.Identifiers)
		}
	case Authz:
		if authz := c.db.GetAuthorizationByID(id); authz != nil {
			seen.Names = values([]acme.Identifier{authz.Identifier})
		}
	case Challenge:
		if challenge := c.db.GetChallengeByID(id); challenge != nil {
			seen.Names = values([]acme.Identifier{challenge.Authz.Identifier})
		}
	case Cert:
		if cert := c.db.GetCertificateByID(id); cert != nil {
			seen.Names = slices.Sorted(slices.Values(cert.Cert.DNSNames))
		}
	}
	return seen, post
}

func values(ids []acme.Identifier) []string {
	names := make([]string, 0, len(ids))
	for _, id := range ids {
		names = append(names, id.Value)
	}
	slices.Sort(names)
	return names
}

// existingOrder answers newOrder with the order that the account already has
// for these names, if it is pending or ready, as Boulder does. Nil: there is
// none.
func (c *CA) existingOrder(post payload, r *http.Request) *httptest.ResponseRecorder {
	order := c.db.GetOrderByID(c.orders[post.key()])
	if order == nil {
		return nil
	}
	order.RLock()
	defer order.RUnlock()
	if order.Status != acme.StatusPending && order.Status != acme.StatusReady || order.ExpiresDate.Before(time.Now()) {
		return nil
	}
	base := "https://" + r.Host
	raw, err := json.Marshal(acme.Order{
		Status:         order.Status,
		Expires:        order.Expires,
		Identifiers:    order.Identifiers,
		Profile:        order.Profile,
		Finalize:       base + "/finalize-order/" + order.ID,
		Authorizations: order.Authorizations,
	})
	if err != nil {
		return nil
	}
	answer := httptest.NewRecorder()
	answer.Header().Set("Replay-Nonce", c.nonceLocked(r))
	answer.Header().Set("Location", base+"/my-order/"+order.ID)
	answer.Header().Set("Content-Type", "application/json; charset=utf-8")
	answer.WriteHeader(http.StatusCreated)
	_, _ = answer.Write(raw)
	return answer
}

func (c *CA) rememberOrder(post payload, location string) {
	id := path.Base(location)
	c.orders[post.key()] = id
	c.placed = append(c.placed, id)
}

// Unfinished are the orders, by id, that were made and have come to no end: they
// are pending, ready or processing.
func (c *CA) Unfinished() []string {
	c.pebble.Lock()
	defer c.pebble.Unlock()
	return slices.DeleteFunc(slices.Clone(c.placed), func(id string) bool {
		order := c.db.GetOrderByID(id)
		order.RLock()
		defer order.RUnlock()
		return order.Status == acme.StatusValid || order.Status == acme.StatusInvalid
	})
}
