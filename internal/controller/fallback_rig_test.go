package controller_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/issue"
	"github.com/acmsync/acmsync/reconcile"
)

// pair is a world with two CAs, of which the second is the fallback.
type pair struct {
	*world
	second *ca.CA
	client *issue.CA
}

const secondIssuer = "second.test"

func beginPair(t *testing.T, o ca.Options, change ...any) *pair {
	t.Helper()
	w := &pair{world: begin(t, change...)}
	o.CAAIdentities = []string{secondIssuer}
	var err error
	if w.second, err = w.Another(o); err != nil {
		t.Fatal(err)
	}
	key, err := issue.LoadAccountKey(w.plan.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(w.second.RootPEM())
	config := issue.Config{
		Directory: w.second.URL(), Email: "ops@platform.example", AcceptTerms: true, Key: key, RootCAs: roots, Timeout: 5 * time.Second,
		Now: w.clock.now, Rates: issue.Gentle(),
	}
	for id, hmac := range o.EAB {
		config.EAB = issue.EAB{KeyID: id, HMAC: hmac}
	}
	w.client = issue.New(config)
	t.Cleanup(w.client.Close)
	w.rig = w.another(append(change, w.fallback())...)
	return w
}

// fallback is the setting of it.
func (w *pair) fallback() func(*controller.Config) {
	return func(c *controller.Config) {
		c.Fallback = []*issue.CA{w.client}
		c.Policy.Fallback = []reconcile.CA{{Directory: w.second.URL()}}
	}
}

// forward moves the clocks of the program and of both CAs.
func (w *pair) forward(d time.Duration) {
	w.world.forward(d)
	w.second.SkewDate(w.clock.add(0))
}

// wantFrom checks that the name has exactly one certificate, in use, of this CA
// and of no other.
func (w *pair) wantFrom(from *ca.CA, name string) record.Certificate {
	w.t.Helper()
	d := w.domain(name)
	if d.State != record.CertIssued || d.Certificate == nil || d.Order != nil || len(d.Findings) > 0 || len(d.Passed) > 0 {
		w.t.Fatalf("%s is %s, findings %v, order %v, passed %v; want it issued", name, d.State, d.Findings, d.Order, d.Passed)
	}
	if d.Certificate.Directory != from.URL() || len(from.CertificatesFor(name)) != 1 {
		w.t.Errorf("%s is of %s, want it of %s", name, d.Certificate.Directory, from.URL())
	}
	if n := len(w.CA.CertificatesFor(name)) + len(w.second.CertificatesFor(name)); n != 1 {
		w.t.Errorf("%d certificates for %s, want 1", n, name)
	}
	w.wantServed(name, d.Certificate.Serial)
	return *d.Certificate
}
