package store_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

// noon is the now of most tests. Wake times are compared with the now that is
// passed in, so any will do.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const long = time.Hour

func urlIn(dir string) string { return "sqlite://" + filepath.Join(dir, "acmsync.db") }

// private is a folder as Open wants it, outside any checkout.
func private(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "state")
}

func open(t testing.TB, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	return s
}

func want(key string) record.Want {
	return record.Want{Key: key, Names: []string{key}, App: "shop", Mode: record.Auto, Challenge: "http-01", Entry: "1", Since: noon}
}

// admit admits wants on top of whatever was admitted before.
func admit(t testing.TB, s *store.Store, a store.Admission) {
	t.Helper()
	m, err := s.Meta(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a.Base = m.Admissions
	if a.Now.IsZero() {
		a.Now = noon
	}
	if err := s.Admit(t.Context(), a); err != nil {
		t.Fatal(err)
	}
}

func admitNames(t testing.TB, s *store.Store, keys ...string) {
	t.Helper()
	var a store.Admission
	for _, key := range keys {
		a.Wants = append(a.Wants, want(key))
	}
	admit(t, s, a)
}

func claim(t testing.TB, s *store.Store, now time.Time) []store.Lease {
	t.Helper()
	leases, err := s.Claim(t.Context(), "test", now, 100, long)
	if err != nil {
		t.Fatal(err)
	}
	return leases
}

// claimOne claims the only due row.
func claimOne(t testing.TB, s *store.Store) store.Lease {
	t.Helper()
	leases := claim(t, s, noon)
	if len(leases) != 1 {
		t.Fatalf("claimed %d rows, want 1", len(leases))
	}
	return leases[0]
}

func save(t testing.TB, s *store.Store, l store.Lease, c store.Change) {
	t.Helper()
	if err := s.Save(t.Context(), l, c); err != nil {
		t.Fatal(err)
	}
}

func release(t testing.TB, s *store.Store, l store.Lease, d record.Domain) {
	t.Helper()
	if err := s.Release(t.Context(), l, d); err != nil {
		t.Fatal(err)
	}
}

func domains(t testing.TB, s *store.Store) map[string]record.Domain {
	t.Helper()
	list, bad, err := s.Domains(t.Context())
	if err != nil || bad != nil {
		t.Fatalf("reading domains: %v, unreadable: %v", err, bad)
	}
	out := make(map[string]record.Domain)
	for _, d := range list {
		out[d.Key] = d
	}
	return out
}

// issue makes a real certificate for a name.
func issue(t testing.TB, name string) record.Pair {
	t.Helper()
	p, err := newPair(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newPair(name string) (record.Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return record.Pair{}, err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return record.Pair{}, err
	}
	template := &x509.Certificate{SerialNumber: serial, DNSNames: []string{name}, NotBefore: noon, NotAfter: noon.AddDate(0, 3, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return record.Pair{}, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return record.Pair{}, err
	}
	sum := sha256.Sum256(der)
	return record.Pair{
		Certificate: record.Certificate{
			Serial: hex.EncodeToString(serial.Bytes()), SHA256: hex.EncodeToString(sum[:]), Issuer: "Test CA",
			Names: []string{name}, NotBefore: template.NotBefore, NotAfter: template.NotAfter,
			Origin: record.OriginACME, Directory: "https://ca.test/dir", Account: "https://ca.test/acct/1", IssuedAt: noon,
		},
		Chain: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:   pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
	}, nil
}

func intent(key, id string) record.Order {
	return record.Order{
		ID: id, Key: key, Directory: "https://ca.test/dir", Names: []string{key}, State: record.OrderIntent,
		OpenedAt: noon, PrivateKey: record.PrivateKey("the key of " + id), CSR: []byte{1, 2, 3}, Challenge: "http-01",
	}
}

// eventually polls a condition that another process brings about.
func eventually(ctx context.Context, t testing.TB, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-ctx.Done():
			t.Fatalf("never came: %s", what)
		case <-tick.C:
		}
	}
}
