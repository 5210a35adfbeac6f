package verify

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// maxEdges bounds how many of a name's addresses are looked at.
const maxEdges = 8

// observeServed looks at the certificate that the name's addresses present.
// All are asked; one that presents something other than expected is the one
// reported, because a single edge left behind is what people run into.
func (v *Verifier) observeServed(ctx context.Context, s *subject, q record.Question) *record.Served {
	looked := s.look()
	all, asked := looked.addrs, looked.asked
	var edges []netip.Addr
	for _, addr := range all {
		if v.guard.Allowed(addr) && len(edges) < maxEdges {
			edges = append(edges, addr)
		}
	}
	switch {
	case len(edges) > 0:
		return pickServed(v.handshakes(ctx, s.name, newPorts(q).https, edges), q.ServedSHA256)
	case len(all) > 0:
		return &record.Served{Answer: record.NoAnswer, Address: all[0], Detail: (&ForbiddenError{Address: all[0].String()}).Error()}
	case !asked:
		return &record.Served{Answer: record.NoAnswer, Detail: "the addresses of " + s.name + " could not be asked for"}
	}
	return &record.Served{Answer: record.NoAnswer, Detail: s.name + " has no address"}
}

func (v *Verifier) handshakes(ctx context.Context, name string, port int, edges []netip.Addr) []*record.Served {
	seen := make([]*record.Served, len(edges))
	var asking sync.WaitGroup
	for i, addr := range edges {
		f := fetcher{addr: addr, port: port, guard: v.guard, dialTimeout: v.timeout / 3}
		asking.Go(func() { seen[i] = f.served(ctx, name, v.timeout*2/3) })
	}
	asking.Wait()
	return seen
}

// pickServed prefers a deviation to a match, and any certificate to none.
func pickServed(seen []*record.Served, expected string) *record.Served {
	best := seen[0]
	for _, s := range seen {
		if s.Answer != record.Answered {
			continue
		}
		if s.SHA256 != expected && expected != "" {
			return s
		}
		if best.Answer != record.Answered {
			best = s
		}
	}
	return best
}

// served makes one handshake and keeps nothing but the leaf. Whether the
// certificate is any good is not asked here, and a handshake that fails after
// the certificate was shown (a client certificate is demanded) has shown it.
func (f fetcher) served(ctx context.Context, name string, patience time.Duration) *record.Served {
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
		return certificateSeen(f.addr, leaf)
	}
	seen := &record.Served{Address: f.addr, Answer: record.NoAnswer, Detail: outOfTime}
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

func certificateSeen(at netip.Addr, leaf *x509.Certificate) *record.Served {
	sum := sha256.Sum256(leaf.Raw)
	serial := leaf.SerialNumber.Bytes()
	if len(serial) == 0 {
		serial = []byte{0}
	}
	return &record.Served{
		Answer: record.Answered, Address: at,
		SHA256: hex.EncodeToString(sum[:]), Serial: hex.EncodeToString(serial),
	}
}

// blameServed puts a failed handshake into an answer's words: a server that
// turns us away refused.
func blameServed(err error) (record.Answer, string) {
	result, what := blame(err)
	switch result {
	case record.ProbeTimeout:
		return record.TimedOut, what
	case record.ProbeNotAsked, record.ProbeForbidden:
		return record.NoAnswer, what
	}
	return record.Refused, what
}
