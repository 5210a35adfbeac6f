package deploy_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// day is the n-th day of a history that has not expired yet.
func day(n int) time.Time {
	return time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, n-30)
}

func pair(t testing.TB, name string, from time.Time) record.Pair {
	t.Helper()
	return pairUntil(t, name, from, from.AddDate(0, 0, 90))
}

// pairUntil issues a real pair from a fresh CA.
func pairUntil(t testing.TB, name string, from, until time.Time) record.Pair {
	t.Helper()
	caKey, key := newKey(t), newKey(t)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{name}, NotBefore: from, NotAfter: until}
	caDER := sign(t, ca, ca, caKey, caKey)
	der := sign(t, leaf, ca, key, caKey)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return record.Pair{
		Certificate: record.Certificate{
			Names: []string{name}, SHA256: fingerprint(der), NotBefore: from, NotAfter: until, IssuedAt: from,
		},
		Chain: slices.Concat(encode("CERTIFICATE", der), encode("CERTIFICATE", caDER)),
		Key:   encode("PRIVATE KEY", pkcs8),
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t testing.TB, c, parent *x509.Certificate, key, by *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}
