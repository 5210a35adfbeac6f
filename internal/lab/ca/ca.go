package ca

import (
	"cmp"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	pebbleca "github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// Options shape a CA. The zero value is a working CA that validates against
// the system's resolver and ports 80 and 443.
type Options struct {
	// Resolver is the host:port of the DNS server that validation asks; it is
	// asked over TCP. Empty: the system's.
	Resolver string
	// HTTPPort and TLSPort are where validation connects to. 0: 80 and 443.
	HTTPPort, TLSPort int
	// ValidityPeriod of what is issued, in whole seconds. 0: 90 days.
	ValidityPeriod time.Duration
	// Profiles are offered besides or, if not empty, instead of the one called
	// "default", by name with their validity (0: ValidityPeriod). An order that
	// names none gets a random one.
	Profiles map[string]time.Duration
	// CAAIdentities are published in the directory. Empty: ca.test.
	CAAIdentities []string
	// AuthzReuse is the chance in percent that a valid authorization is reused.
	AuthzReuse int
	// AlwaysValid lets every validation succeed at once, without asking.
	AlwaysValid bool
	// EAB are the external accounts, key id to base64url MAC key. Not empty:
	// an external account is required.
	EAB map[string]string
	// Blocked are names (and all below them) that are refused with
	// rejectedIdentifier.
	Blocked []string
	// RetryAfterAuthz and RetryAfterOrder are seconds to say in Retry-After
	// while something is pending. 0: do not say.
	RetryAfterAuthz, RetryAfterOrder int
	// CRL: certificates name a list of what is revoked, see [CA.CRL]. Keys are RSA
	// then.
	CRL bool
	// Listen is the address to listen on. Empty: 127.0.0.1:0.
	Listen string
	// Log takes Pebble's log. Nil: nowhere.
	Log io.Writer
}

// CA is a running certificate authority. All methods may be called from
// several goroutines.
type CA struct {
	url    string
	root   []byte
	server *http.Server
	ended  chan struct{} // closed when the server has let go of its port
	always bool

	// pebble guards every call into Pebble: it deadlocks when its handlers run
	// side by side (a recursive RLock on an order against a writer).
	pebble  sync.Mutex
	handler http.Handler
	db      *db.MemoryStore
	issuer  *pebbleca.CAImpl
	lists   *CRL              // nil: there is none
	orders  map[string]string // account, profile and names to the newest order's id
	placed  []string          // the ids of all orders

	mu       sync.Mutex
	requests []Request
	issued   []Certificate
	faults   []*fault
	limits   []*limit
	before   []*hook
	after    []*hook
	verdicts map[string]Verdict
	windows  map[string]Window // by serial
	skew     time.Duration
	date     func(time.Time) string
}

// New starts a CA.
func New(o Options) (*CA, error) {
	authority, err := newTLS()
	if err != nil {
		return nil, fmt.Errorf("making the lab CA's TLS certificate: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", cmp.Or(o.Listen, "127.0.0.1:0"))
	if err != nil {
		return nil, fmt.Errorf("listening for the lab CA: %w", err)
	}
	c := &CA{
		url:      "https://" + listener.Addr().String() + wfe.DirectoryPath,
		root:     authority.root,
		ended:    make(chan struct{}),
		always:   o.AlwaysValid,
		orders:   make(map[string]string),
		verdicts: make(map[string]Verdict),
	}
	if err := c.startPebble(o); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	c.server = &http.Server{
		Handler:           http.HandlerFunc(c.serve),
		TLSConfig:         authority.config,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	go func() {
		defer close(c.ended)
		_ = c.server.ServeTLS(listener, "", "")
	}()
	return c, nil
}

// construct serialises what reads Pebble's environment variables.
var construct sync.Mutex

// startPebble makes the parts of Pebble. Its knobs are environment variables
// that it reads only while being made, hence the lock: no sleep before a
// validation, no good nonce refused at random.
func (c *CA) startPebble(o Options) error {
	construct.Lock()
	defer construct.Unlock()
	for knob, value := range map[string]string{
		"PEBBLE_VA_NOSLEEP":      "1",
		"PEBBLE_WFE_NONCEREJECT": "0",
		"PEBBLE_AUTHZREUSE":      strconv.Itoa(o.AuthzReuse),
	} {
		if err := os.Setenv(knob, value); err != nil {
			return fmt.Errorf("setting %s: %w", knob, err)
		}
	}
	logger := log.New(cmp.Or[io.Writer](o.Log, io.Discard), "pebble ", log.Lmicroseconds)
	c.db = db.NewMemoryStore()
	if err := fill(c.db, o); err != nil {
		return err
	}
	keys := "ecdsa"
	if o.CRL {
		keys = "rsa" // Pebble gives away no others
	}
	c.issuer = pebbleca.New(logger, c.db, "", keys, 0, 1, profiles(o))
	if o.CRL {
		if err := c.startCRL(); err != nil {
			return err
		}
	}
	validator := va.New(logger, cmp.Or(o.HTTPPort, 80), cmp.Or(o.TLSPort, 443), true, o.Resolver, c.db)
	identities := o.CAAIdentities
	if len(identities) == 0 {
		identities = []string{"ca.test"}
	}
	front := wfe.New(logger, c.db, validator, c.issuer, identities, true, len(o.EAB) > 0, o.RetryAfterAuthz, o.RetryAfterOrder)
	c.handler = front.Handler()
	return nil
}

func fill(store *db.MemoryStore, o Options) error {
	for id, key := range o.EAB {
		if err := store.AddExternalAccountKeyByID(id, key); err != nil {
			return fmt.Errorf("external account %q: %w", id, err)
		}
	}
	for _, name := range o.Blocked {
		if err := store.AddBlockedDomain(name); err != nil {
			return fmt.Errorf("blocking %q: %w", name, err)
		}
	}
	return nil
}

func profiles(o Options) map[string]pebbleca.Profile {
	offered := o.Profiles
	if len(offered) == 0 {
		offered = map[string]time.Duration{"default": o.ValidityPeriod}
	}
	made := make(map[string]pebbleca.Profile, len(offered))
	for name, validity := range offered {
		seconds := cmp.Or(validity, o.ValidityPeriod) / time.Second
		made[name] = pebbleca.Profile{Description: "the profile " + name, ValidityPeriod: uint64(max(seconds, 0))}
	}
	return made
}

// URL is the directory's.
func (c *CA) URL() string { return c.url }

// RootPEM is the root under which the directory's own HTTPS server is trusted
// (acme.caFile).
func (c *CA) RootPEM() []byte { return c.root }

// Issuers are the issuing certificate and its root, as PEM. Like a real root
// it is not part of the chains that are handed out.
func (c *CA) Issuers() []byte {
	var out []byte
	for _, cert := range [][]byte{c.issuer.GetIntermediateCert(0).DER, c.issuer.GetRootCert(0).DER} {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})...)
	}
	return out
}

// Close stops the CA and cuts its connections.
func (c *CA) Close() error {
	err := c.server.Close()
	<-c.ended
	if c.lists != nil {
		err = errors.Join(err, c.lists.close())
	}
	return err
}
