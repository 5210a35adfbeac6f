package ca

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/letsencrypt/pebble/v2/core"
)

// CRL is the list of what the CA revoked, and the server that gives it out.
// Pebble has none.
type CRL struct {
	url    string
	cert   *x509.Certificate
	key    *rsa.PrivateKey
	server *http.Server
	ended  chan struct{}
	fetch  func(http.ResponseWriter, *http.Request)

	mu      sync.Mutex
	revoked []x509.RevocationListEntry
	skew    time.Duration
	number  int64
	asked   int
}

// startCRL lets the intermediate sign lists (RFC 5280, section 4.2.1.3), which
// Pebble's may not, and serves its list over plain HTTP.
func (c *CA) startCRL() error {
	root, key := c.issuer.GetRootCert(0).Cert, c.issuer.GetRootKey(0)
	issuer := c.issuer.GetIntermediateCert(0)
	template := *issuer.Cert
	template.KeyUsage |= x509.KeyUsageCRLSign
	if err := resign(issuer, &template, root, key); err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening for the lab CA's CRL: %w", err)
	}
	l := &CRL{
		url: "http://" + listener.Addr().String() + "/list.crl", cert: issuer.Cert, key: c.issuer.GetIntermediateKey(0),
		ended: make(chan struct{}),
	}
	l.server = &http.Server{Handler: l, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() {
		defer close(l.ended)
		_ = l.server.Serve(listener)
	}()
	c.lists = l
	return nil
}

// resign makes the certificate anew from a template, in its place.
func resign(cert *core.Certificate, template, parent *x509.Certificate, key *rsa.PrivateKey) error {
	template.SignatureAlgorithm = x509.UnknownSignatureAlgorithm
	der, err := x509.CreateCertificate(rand.Reader, template, parent, template.PublicKey, key)
	if err != nil {
		return fmt.Errorf("signing a certificate of the lab CA anew: %w", err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	cert.Cert, cert.DER = parsed, der
	return nil
}

// nameCRL puts the list's address into a certificate that was just signed.
func (c *CA) nameCRL(signed *core.Certificate) {
	if c.lists == nil {
		return
	}
	template := *signed.Cert
	template.CRLDistributionPoints = []string{c.lists.url}
	_ = resign(signed, &template, c.lists.cert, c.lists.key)
}

// CRL is the CA's list; nil without Options.CRL.
func (c *CA) CRL() *CRL { return c.lists }

func (l *CRL) close() error {
	err := l.server.Close()
	<-l.ended
	return err
}

// URL is where the list is.
func (l *CRL) URL() string { return l.url }

// Revoke puts a certificate on the list, as a CA does that was told of it by
// others. Pebble does not know.
func (l *CRL) Revoke(serial string, reason int, at time.Time) error {
	number, ok := new(big.Int).SetString(serial, 16)
	if !ok {
		return errors.New("no serial number: " + serial)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.revoked = append(l.revoked, x509.RevocationListEntry{SerialNumber: number, ReasonCode: reason, RevocationTime: at})
	return nil
}

// moveClock moves the clock by which the list is made.
func (l *CRL) moveClock(skew time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.skew = skew
}

// Asked is how often the list was asked for.
func (l *CRL) Asked() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked
}

// Answer has another handler answer; nil: the list does.
func (l *CRL) Answer(h func(http.ResponseWriter, *http.Request)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fetch = h
}

// List is the list as it is now, in DER; change may spoil what is signed, and
// by whom.
func (l *CRL) List(change func(*x509.RevocationList)) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.number++
	now := time.Now().Add(l.skew)
	list := &x509.RevocationList{
		Number: big.NewInt(l.number), ThisUpdate: now.Add(-time.Minute), NextUpdate: now.Add(9 * 24 * time.Hour),
		RevokedCertificateEntries: l.revoked,
	}
	if change != nil {
		change(list)
	}
	return x509.CreateRevocationList(rand.Reader, list, l.cert, l.key)
}

func (l *CRL) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	l.asked++
	other := l.fetch
	l.mu.Unlock()
	if other != nil {
		other(w, r)
		return
	}
	der, err := l.List(nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/pkix-crl")
	_, _ = w.Write(der)
}
