package issue

import (
	"cmp"
	"context"
	"crypto"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"sync"
	"time"

	legolog "github.com/go-acme/lego/v4/log"
)

// Config says which CA, and who we are to it.
type Config struct {
	// Directory is the URL of the CA's directory; https.
	Directory string
	// Email is the account's contact; empty: none.
	Email string
	// AcceptTerms: the operator agreed to the CA's terms of service.
	AcceptTerms bool
	// Key is the account's: EC P-256 or P-384, or RSA, see [LoadAccountKey].
	Key crypto.Signer
	// AccountURL is the account's, if it is known already.
	AccountURL string
	// EAB binds the account to one that exists outside of ACME (RFC 8555,
	// section 7.3.4).
	EAB EAB
	// Profile is asked for in each order; empty: the CA's default.
	Profile string
	// RootCAs are trusted for the directory's own TLS; nil: the system's.
	RootCAs *x509.CertPool
	// UserAgent names the program (RFC 8555, section 6.1).
	UserAgent string
	// Timeout bounds each single request, from when its turn has come. 0: 30 s.
	Timeout time.Duration
	// Rates are the CA's limits on requests; the zero value knows none.
	Rates Rates
	// Now is the clock that the CA's pauses are kept by; nil: time.Now.
	Now func() time.Time
}

// EAB is an external account binding. The zero value is none.
type EAB struct {
	KeyID string
	// HMAC is the MAC key in base64url, as CAs hand it out.
	HMAC string
}

// CA is one account at one CA. Its methods may be called from many goroutines;
// each request ends with its context.
type CA struct {
	config    Config
	transport http.RoundTripper
	idle      func()
	nonces    nonces
	gates     map[string]*gate
	account   account
	directory directory
}

var quietLego sync.Once

// New makes the CA without asking it anything, so that a CA that is down keeps
// nobody from starting.
func New(c Config) *CA {
	// lego logs through a package variable of its own: once, and before any
	// use, because writing it is a race. What it would say, our errors say.
	quietLego.Do(func() { legolog.Logger = log.New(io.Discard, "", 0) })
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	c.UserAgent = cmp.Or(c.UserAgent, "acmsync")
	if c.Now == nil {
		c.Now = time.Now
	}
	transport, idle := newTransport(c.RootCAs)
	return &CA{
		config: c, transport: transport, idle: idle, gates: gates(c.Rates, c.Now),
		account:   account{turn: make(turn, 1), url: c.AccountURL},
		directory: directory{turn: make(turn, 1)},
	}
}

// URL is the directory's.
func (c *CA) URL() string { return c.config.Directory }

// Close lets go of idle connections. The CA may still be used.
func (c *CA) Close() { c.idle() }

// turn lets one goroutine at a time do something that others wait for, each no
// longer than its context lasts.
type turn chan struct{}

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) give() { <-t }
