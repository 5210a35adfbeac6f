//go:build unix

package bench

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/keypair"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/spec"
)

// settled is a rig whose n domains all have a valid, deployed certificate, and
// whose status is published. The certificates are not from the lab's CA, which
// would take minutes, but are kept as those are.
func settled(b *testing.B, n int) *rig {
	b.Helper()
	r := newRig(b)
	names := domainNames("valid", n)
	r.admitted(b, names)
	r.keep(b, n)
	result := r.Pass(b.Context())
	must(b, result.Failure)
	if result.Committed == "" || result.Stepped > 0 {
		b.Fatalf("the first pass after filling the store: %+v", result)
	}
	return r
}

// admitted puts desired state into the repository and the store.
func (r *rig) admitted(b *testing.B, names []string) {
	b.Helper()
	files := appsFiles(names)
	commit := r.push(b, files)
	now := time.Now()
	a := reconcile.Admit(desired(b, files), reconcile.Known{Revision: commit, Branch: "main", Descends: true}, r.policy, now)
	must(b, r.store.Admit(b.Context(), store.Admission{
		Wants: a.Wants, Apps: a.Apps,
		DesiredHash: "seeded", SettingsHash: r.SettingsHash, Revision: commit, Tip: commit, Now: now,
	}))
}

func desired(b *testing.B, files []spec.File) reconcile.Desired {
	b.Helper()
	var d reconcile.Desired
	for _, parsed := range spec.Parse(files, spec.Options{}) {
		for _, fault := range parsed.Errors {
			b.Fatal(fault)
		}
		for _, app := range parsed.Apps {
			d.Apps = append(d.Apps, reconcile.DesiredApp{App: app})
		}
	}
	return d
}

// keep gives every row its certificate.
func (r *rig) keep(b *testing.B, n int) {
	b.Helper()
	made := newIssuer(b)
	for done := 0; done < n; {
		leases, err := r.store.Claim(b.Context(), "bench", time.Now(), 500, 10*time.Minute)
		must(b, err)
		for _, l := range leases {
			must(b, r.keepOne(b.Context(), l, made.pair(b, l.Domain.Name(), r.settings.ACME.Directory)))
		}
		done += len(leases)
	}
}

func (r *rig) keepOne(ctx context.Context, l store.Lease, pair record.Pair) error {
	now := time.Now()
	d := l.Domain
	d.State, d.Since, d.CheckedAt = record.CertIssued, now, now
	d.Checks = record.Checks{
		DNS: record.Pass, CAA: record.Pass, Challenge: record.Pass, Issued: record.Pass, Deployed: record.Pass, Served: record.Pass,
	}
	d.Certificate = &pair.Certificate
	d.Deployed = []record.Deployment{{Target: r.policy.Targets[0], SHA256: pair.SHA256, At: now}}
	dec := reconcile.Decide(d, record.Observation{}, r.policy, now)
	if len(dec.Actions) > 0 {
		return fmt.Errorf("%s: a settled row wants %v", l.Key, dec.Actions)
	}
	// Among many rows some are always about to have their daily look.
	if d.Due = dec.Next.Due; d.Due.Before(now.Add(time.Hour)) {
		d.Due = now.Add(time.Hour)
	}
	if err := r.store.Save(ctx, l, store.Change{Domain: d, Pair: &pair}); err != nil {
		return err
	}
	return r.store.Release(ctx, l, d)
}

// issuer makes certificates without a CA.
type issuer struct {
	key    *ecdsa.PrivateKey
	cert   *x509.Certificate
	serial int64
}

func newIssuer(b *testing.B) *issuer {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(b, err)
	return &issuer{key: key, cert: &x509.Certificate{
		Subject: pkix.Name{CommonName: "bench"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
}

func (i *issuer) pair(b *testing.B, name, directory string) record.Pair {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(b, err)
	now := time.Now()
	i.serial++
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(i.serial), DNSNames: []string{name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(90 * 24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, i.cert, key.Public(), i.key)
	must(b, err)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	must(b, err)
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	pair, err := keypair.Check(chain, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), []string{name}, now)
	must(b, err)
	pair.Origin, pair.Directory, pair.IssuedAt = record.OriginACME, directory, now
	return pair
}
