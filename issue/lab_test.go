package issue_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/acmsync/acmsync/internal/challenge"
	"github.com/acmsync/acmsync/internal/keypair"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/lab/leak"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/issue"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, leak.Allowed()...) }

// lab is a CA, a DNS server in which every test's names lead to 127.0.0.1, and
// an http-01 listener there.
type lab struct {
	t         testing.TB
	authority *ca.CA
	names     *dns.Server
	listener  *challenge.Listener
	key       crypto.Signer
}

func newLab(t testing.TB, o ca.Options) *lab {
	t.Helper()
	l := &lab{t: t, key: newKey(t)}
	var err error
	if l.listener, err = challenge.NewListener("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.listener.Close() })
	// With a response of its own in place, the listener keeps the port that the
	// CA is told of.
	if err := l.listener.Present(t.Context(), "", "held", ""); err != nil {
		t.Fatal(err)
	}
	if l.names, err = dns.New(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.names.Close() })
	_, port, err := net.SplitHostPort(l.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	o.Resolver = l.names.Addr()
	if o.HTTPPort, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	if l.authority, err = ca.New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.authority.Close() })
	return l
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// client is the package under test, at this CA.
func (l *lab) client(change ...func(*issue.Config)) *issue.CA {
	l.t.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(l.authority.RootPEM())
	config := issue.Config{
		Directory: l.authority.URL(), Email: "ops@shop.example", AcceptTerms: true, Key: l.key, RootCAs: pool,
		Rates: issue.Gentle(),
	}
	for _, c := range change {
		c(&config)
	}
	client := issue.New(config)
	l.t.Cleanup(client.Close)
	return client
}

// intent opens an order for names that lead to the listener.
func (l *lab) intent(names ...string) record.Order {
	l.t.Helper()
	for _, name := range names {
		l.names.Set(name, "A 127.0.0.1")
	}
	o, err := issue.OpenOrder(l.authority.URL(), record.Want{Key: names[0], Names: names}, issue.Form{}, time.Now())
	if err != nil {
		l.t.Fatal(err)
	}
	return o
}

// pursue advances the order until it is issued, closed, or something fails.
func (l *lab) pursue(ctx context.Context, client *issue.CA, o record.Order) (record.Order, error) {
	return l.prove(ctx, client, o, l.listener)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// check judges the issued order as the controller does.
func check(t testing.TB, o record.Order) record.Pair {
	t.Helper()
	if o.State != record.OrderIssued {
		t.Fatalf("the order is %s, want issued", o.State)
	}
	pair, err := keypair.Check(o.Chain, o.PrivateKey, o.Names, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// exactlyOne asserts that the CA signed one certificate for the names, the pair's.
func (l *lab) exactlyOne(pair record.Pair, names ...string) {
	l.t.Helper()
	issued := l.authority.CertificatesFor(names...)
	if len(issued) != 1 {
		l.t.Fatalf("the CA issued %d certificates for %v, want exactly one", len(issued), names)
	}
	if issued[0].Serial != pair.Serial {
		l.t.Errorf("kept %s, but the CA issued %s", pair.Serial, issued[0].Serial)
	}
}

// problem asserts that err is one.
func problem(t testing.TB, err error) *record.Problem {
	t.Helper()
	var p *record.Problem
	if !errors.As(err, &p) {
		t.Fatalf("got error %v, want a *record.Problem", err)
	}
	return p
}

func numbered(n int) string { return fmt.Sprintf("n%d.shop.example", n) }
