package controller_test

import (
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/stepca"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/issue"
	"github.com/acmsync/acmsync/reconcile"
)

// stepCA starts one that looks where the lab's CA does.
func (w *world) stepCA(lifetime time.Duration) *stepca.CA {
	w.t.Helper()
	s, err := stepca.New(stepca.Options{Dir: w.t.TempDir(), Resolver: w.DNS.Addr(), HTTPPort: w.Edge.HTTPPort(), Lifetime: lifetime})
	if errors.Is(err, stepca.ErrMissing) && os.Getenv("CI") != "true" {
		w.t.Skip(err)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			w.t.Error(err)
		}
	})
	w.Trust(s.RootPEM())
	return s
}

// fallingBackTo is the setting of it as the second CA.
func (w *world) fallingBackTo(s *stepca.CA) func(*controller.Config) {
	w.t.Helper()
	key, err := issue.LoadAccountKey(w.plan.KeyFile)
	if err != nil {
		w.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.RootPEM())
	client := issue.New(issue.Config{
		Directory: s.URL(), Email: "ops@platform.example", AcceptTerms: true, Key: key, RootCAs: roots, Now: w.clock.now,
	})
	w.t.Cleanup(client.Close)
	return func(c *controller.Config) {
		c.Fallback, c.Policy.Fallback = []*issue.CA{client}, []reconcile.CA{{Directory: s.URL()}}
	}
}

// wantAt checks that the name is issued and served by the CA of that directory.
func (w *world) wantAt(directory, name string) record.Certificate {
	w.t.Helper()
	d := w.domain(name)
	if d.State != record.CertIssued || d.Certificate == nil || d.Certificate.Directory != directory || len(d.Findings) > 0 {
		w.t.Fatalf("%s is %s, certificate %v, findings %v; want one of %s", name, d.State, d.Certificate, d.Findings, directory)
	}
	w.wantServed(name, d.Certificate.Serial)
	return *d.Certificate
}

// TestStepCAStandsInForPebble, renews without renewal information while Pebble is
// away, and gives back when that has healed: with one account key at both.
func TestStepCAStandsInForPebble(t *testing.T) {
	t.Parallel()
	// Renewals are due within seconds: step-ca's clock cannot be set forward.
	soon := func(b *blueprint) { b.RenewAt = 0.001 }
	w := begin(t, soon)
	s := w.stepCA(10 * time.Minute)
	both := w.fallingBackTo(s)
	w.rig = w.another(soon, both)
	heal := w.CA.Fault(ca.Of(), ca.Fault{Drop: true})
	w.shop(www)
	w.pass()
	first := w.wantAt(s.URL(), www)

	w.pass()
	if again := w.wantAt(s.URL(), www); again.Serial != first.Serial {
		t.Error("it is renewed before it is due")
	}
	w.forward(90 * time.Second)
	w.pass()
	second := w.wantAt(s.URL(), www)
	if second.Serial == first.Serial {
		t.Error("it is not renewed when it is due")
	}

	heal()
	w.rig = w.another(soon, both)
	w.forward(90 * time.Second)
	w.pass()
	w.wantAt(w.CA.URL(), www)
	if n := len(w.CA.CertificatesFor(www)); n != 1 {
		t.Errorf("Pebble issued %d certificates, want 1", n)
	}
	meta, err := w.config.Store.Meta(t.Context())
	if err != nil || meta.CAs[s.URL()].AccountURI == "" || meta.CAs[w.CA.URL()].AccountURI == "" {
		t.Errorf("the accounts on record are %v, %v; want one at each", meta.CAs, err)
	}
}

// TestStepCAAndALostStore: with the account key and the deployed pairs, nothing is
// ordered again, and the account is found to revoke with.
func TestStepCAAndALostStore(t *testing.T) {
	t.Parallel()
	w := begin(t)
	s := w.stepCA(0)
	w.plan.Directory, w.plan.RootFile, w.plan.RevokeAfter = s.URL(), filepath.Join(t.TempDir(), "root.pem"), 0
	if err := os.WriteFile(w.plan.RootFile, s.RootPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	w.rig = w.another()
	w.shop(www, "blog.shop.example")
	w.pass()
	before := w.wantAt(s.URL(), www)
	w.wantAt(s.URL(), "blog.shop.example")

	w.plan.StoreURL = "sqlite://" + filepath.Join(t.TempDir(), "state", "acmsync.db")
	w.rig = w.another()
	w.pass()
	w.wantServed(www, before.Serial)
	if d := w.domain(www); d.State != record.CertIssued || d.Certificate.Serial != before.Serial {
		t.Errorf("it was ordered again: %s, %v", d.State, d.Certificate)
	}
	w.shop("blog.shop.example")
	w.pass()
	if left := w.domain(www).Superseded; len(left) != 1 || left[0].Serial != before.Serial || left[0].RevokedAt.IsZero() {
		t.Errorf("what it left behind is %+v, want it revoked", left)
	}
	if d := w.domain("blog.shop.example"); d.State != record.CertIssued || len(d.Findings) > 0 {
		t.Errorf("the other one is %s, %v", d.State, d.Findings)
	}
}
