package verify

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"github.com/acmsync/acmsync/internal/beside"
	"github.com/acmsync/acmsync/internal/record"
)

// observeServed looks at the certificate that each of the name's addresses
// presents: a single edge left behind is what people run into.
func (v *Verifier) observeServed(ctx context.Context, s *subject, q record.Question) []record.Served {
	looked := s.look()
	all, asked := looked.addrs, looked.asked
	edges, _ := v.edges(all)
	switch {
	case len(edges) > 0:
		return v.handshakes(ctx, s.name, newPorts(q).https, edges, func() []netip.Addr { return v.target(ctx, s, q.Target) })
	case len(all) > 0:
		return []record.Served{{Answer: record.NoAnswer, Address: all[0], Detail: (&ForbiddenError{Address: all[0].String()}).Error()}}
	case !asked:
		return []record.Served{{Answer: record.NoAnswer, Detail: "the addresses of " + s.name + " could not be asked for"}}
	}
	return []record.Served{{Answer: record.NoAnswer, Detail: s.name + " has no address"}}
}

// handshakes asks all edges while target is resolved.
func (v *Verifier) handshakes(ctx context.Context, name string, port int, edges []netip.Addr, target func() []netip.Addr) []record.Served {
	seen := make([]record.Served, len(edges))
	var asking beside.Group
	for i, addr := range edges {
		f := fetcher{addr: addr, port: port, dialer: v.dialer}
		asking.Go(func() { seen[i] = f.served(ctx, name, v.timeout*2/3) })
	}
	at := target()
	asking.Wait()
	for i := range seen {
		seen[i].AtTarget = slices.Contains(at, seen[i].Address)
	}
	return seen
}

// target is where the expected target leads. The zone's own name servers may
// know of an alias that resolvers do not know yet.
func (v *Verifier) target(ctx context.Context, s *subject, target string) []netip.Addr {
	looked := s.look()
	switch {
	case target == "":
		return nil
	case looked.dns == nil:
		a, aaaa := s.both()
		return v.resolveTarget(ctx, target, dnsOf(a, aaaa))
	}
	if fresh, ok := agreed(looked.dns); ok && through(fresh.Chain, target) {
		return looked.addrs
	}
	return looked.dns.Target
}

// served makes one handshake and keeps nothing but the leaf. Whether the
// certificate is any good is not asked here, and a handshake that fails after
// the certificate was shown (a client certificate is demanded) has shown it.
func (f fetcher) served(ctx context.Context, name string, patience time.Duration) record.Served {
	overall := ctx
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var leaf *x509.Certificate
	err := f.handshake(ctx, &tls.Config{
		ServerName:         name,
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			leaf = state.PeerCertificates[0] // a server has to show one (RFC 8446, section 4.4.2.4)
			return nil
		},
	})
	if leaf != nil {
		return certificateSeen(f.addr, leaf, name)
	}
	seen := record.Served{Address: f.addr, Answer: record.NoAnswer, Detail: outOfTime}
	if overall.Err() == nil {
		var what string
		seen.Answer, what = blameServed(err)
		seen.Detail = fmt.Sprintf("%s port %d %s", f.addr, f.port, what)
	}
	return seen
}

func (f fetcher) handshake(ctx context.Context, config *tls.Config) error {
	raw, err := f.dial(ctx)
	if err != nil {
		return err
	}
	defer raw.Close()
	if err := tls.Client(raw, config).HandshakeContext(ctx); err != nil {
		return handshakeError{err}
	}
	return nil
}

func certificateSeen(at netip.Addr, leaf *x509.Certificate, name string) record.Served {
	sum := sha256.Sum256(leaf.Raw)
	serial := leaf.SerialNumber.Bytes()
	if len(serial) == 0 {
		serial = []byte{0}
	}
	return record.Served{
		Answer: record.Answered, Address: at, NotAfter: leaf.NotAfter, Issuer: record.Clean(leaf.Issuer.CommonName, 100),
		SHA256: hex.EncodeToString(sum[:]), Serial: hex.EncodeToString(serial),
		ForName: leaf.VerifyHostname(name) == nil,
	}
}

// blameServed puts a failed handshake into an answer's words: a server that
// turns us away refused. That there is no way to the host is some router's word
// and says nothing of the server.
func blameServed(err error) (record.Answer, string) {
	result, what := blame(err)
	switch {
	case result == record.ProbeTimeout:
		return record.TimedOut, what
	case result == record.ProbeNotAsked, result == record.ProbeForbidden,
		errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.EHOSTDOWN):
		return record.NoAnswer, what
	}
	return record.Refused, what
}
