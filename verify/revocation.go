package verify

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// RevocationConfig says how revocation lists are had. The zero value is what
// public CAs need.
type RevocationConfig struct {
	// ProbeAllow are ranges that may be dialled although they are not public,
	// for a private CA.
	ProbeAllow []netip.Prefix
	// Timeout bounds one list's fetch; zero means [DefaultTimeout].
	Timeout time.Duration
}

// Revocations finds out whether certificates were revoked, from the lists that
// they name themselves (RFC 5280, section 4.2.1.13). A list is shared by all
// certificates that name it, for [maxAge]. It is safe for concurrent use.
type Revocations struct {
	client  *http.Client
	timeout time.Duration
	fetches chan struct{} // one place for each fetch that may be under way

	mu     sync.Mutex
	copies map[source]*listCopy
	rests  map[string]time.Time // URLs and hosts that are not asked before
}

const (
	// maxAge is how long a list is used: long enough that ten thousand
	// certificates of a CA with a few hundred lists cost a few hundred fetches
	// a day, although lists say that they hold for a week or more.
	maxAge = 12 * time.Hour
	// rest is how long a server that gave no list is not asked again, longestRest
	// what it may ask for.
	rest, longestRest = 15 * time.Minute, 24 * time.Hour
	// useless is how long a list is not fetched again that is not there or cannot
	// be used: it may be large, and is seldom made anew.
	useless = 2 * time.Hour
	// maxFetches bounds how many lists are had at once, and with maxList the
	// memory that takes.
	maxFetches = 2
	// maxCopies and maxEntriesKept bound what is remembered: 32 MB.
	maxCopies, maxEntriesKept = 1024, 1 << 20
	// maxPoints is how many of a certificate's addresses are tried.
	maxPoints = 3
)

// source is where a list comes from and whose it must be.
type source struct {
	url    string
	issuer [sha256.Size]byte
}

// listCopy is a list as it was had, or the place to wait for it.
type listCopy struct {
	turn chan struct{} // held by who fetches

	// Guarded as the map is.
	list *revocationList
	at   time.Time
}

// ErrNoList: the certificate does not say where its CA lists what it revoked.
var ErrNoList = errors.New("the certificate names no CRL over http")

// NewRevocations returns Revocations that have asked nobody yet.
func NewRevocations(c RevocationConfig) *Revocations {
	timeout := cmp.Or(max(c.Timeout, 0), DefaultTimeout)
	return &Revocations{
		client: listClient(NewGuard(c.ProbeAllow...), timeout), timeout: timeout,
		fetches: make(chan struct{}, maxFetches),
		copies:  map[source]*listCopy{}, rests: map[string]time.Time{},
	}
}

// Revoked reports whether the first certificate of the chain is on its issuer's
// list, by the clock of now. An error says that nobody could be asked, and
// nothing of the certificate.
func (r *Revocations) Revoked(ctx context.Context, chainPEM []byte, now time.Time) (said record.Revocation, revoked bool, err error) {
	leaf, issuer, err := leafAndIssuer(chainPEM)
	if err != nil {
		return record.Revocation{}, false, err
	}
	serial, ok := fixed(leaf.SerialNumber.Bytes())
	if !ok {
		return record.Revocation{}, false, errors.New("the certificate's serial number is longer than one may be (RFC 5280, section 4.1.2.2)")
	}
	err = ErrNoList
	for _, at := range points(leaf) {
		var list *revocationList
		if list, err = r.list(ctx, at, issuer, now); err != nil {
			continue
		}
		entry, revoked := list.find(serial)
		sum := sha256.Sum256(leaf.Raw)
		return record.Revocation{
			SHA256: hex.EncodeToString(sum[:]), At: time.Unix(entry.at, 0).UTC(), Reason: int(entry.reason),
		}, revoked, nil
	}
	return record.Revocation{}, false, err
}

// leafAndIssuer are the first two certificates. Without the second nobody can
// tell whose word a list is.
func leafAndIssuer(chainPEM []byte) (leaf, issuer *x509.Certificate, err error) {
	var chain [2]*x509.Certificate
	for i := range chain {
		block, rest := pem.Decode(chainPEM)
		if block == nil {
			return nil, nil, errors.New("the chain does not hold the certificate's issuer")
		}
		if chain[i], err = x509.ParseCertificate(block.Bytes); err != nil {
			return nil, nil, fmt.Errorf("reading the chain: %w", err)
		}
		chainPEM = rest
	}
	leaf, issuer = chain[0], chain[1]
	if !bytes.Equal(leaf.RawIssuer, issuer.RawSubject) || leaf.CheckSignatureFrom(issuer) != nil {
		return nil, nil, errors.New("the certificate is not of the issuer that follows it in the chain")
	}
	if issuer.KeyUsage != 0 && issuer.KeyUsage&x509.KeyUsageCRLSign == 0 { // RFC 5280, section 6.3.3, step f
		return nil, nil, errors.New("the certificate's issuer may not sign CRLs")
	}
	return leaf, issuer, nil
}

// points are the addresses of the certificate's lists. They are always had over
// http, since a list is signed and https would have to ask for revocations too
// (RFC 5280, section 8).
func points(leaf *x509.Certificate) []string {
	var all []string
	for _, at := range leaf.CRLDistributionPoints {
		u, err := url.Parse(at)
		if err == nil && strings.EqualFold(u.Scheme, "http") && u.Host != "" && u.User == nil && len(all) < maxPoints {
			all = append(all, at)
		}
	}
	return all
}

// list is the one at an address, from memory if that is recent enough. Who asks
// for one that is being fetched waits for it.
func (r *Revocations) list(ctx context.Context, at string, issuer *x509.Certificate, now time.Time) (*revocationList, error) {
	c := r.copyOf(source{at, identity(issuer)})
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	known, recent := r.known(c, now)
	if recent {
		return known, nil
	}
	fresh, err := r.fetch(ctx, at, issuer, now)
	switch {
	case err == nil:
		r.keep(c, fresh, now)
		return fresh, nil
	case known != nil && now.Before(known.nextUpdate) && ctx.Err() == nil:
		return known, nil // by its own word it still holds
	}
	return nil, err
}

func identity(issuer *x509.Certificate) [sha256.Size]byte {
	return sha256.Sum256(append(bytes.Clone(issuer.RawSubject), issuer.RawSubjectPublicKeyInfo...))
}

func (r *Revocations) copyOf(s source) *listCopy {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.copies[s]
	if c == nil {
		c = &listCopy{turn: make(chan struct{}, 1)}
		r.copies[s] = c
	}
	return c
}

// known is the list as it was had last; nil: it was not. A clock that was set
// back makes nothing recent.
func (r *Revocations) known(c *listCopy, now time.Time) (list *revocationList, recent bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	recent = c.list != nil && !now.Before(c.at) && now.Sub(c.at) < maxAge && now.Before(c.list.nextUpdate)
	return c.list, recent
}

// keep remembers a list, and forgets those that were had longest ago where that
// is too much.
func (r *Revocations) keep(c *listCopy, list *revocationList, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.list, c.at = list, now
	total := 0
	for _, one := range r.copies {
		total += one.size()
	}
	for total > maxEntriesKept || len(r.copies) > maxCopies {
		var oldest source
		for s, one := range r.copies {
			if first := r.copies[oldest]; first == nil || one.at.Before(first.at) {
				oldest = s
			}
		}
		total -= r.copies[oldest].size()
		delete(r.copies, oldest) // who waits for it will have it all the same
	}
}

func (c *listCopy) size() int {
	if c.list == nil {
		return 0
	}
	return len(c.list.entries)
}
