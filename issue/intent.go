package issue

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// KeyTypes are the kinds of keys a certificate can have.
func KeyTypes() []string { return []string{"ec256", "ec384", "rsa2048", "rsa3072", "rsa4096"} }

// OpenOrder makes the intent of an order at the directory: a new key and the
// CSR for it, one of [KeyTypes]; empty: ec256. Nothing is asked of anybody.
func OpenOrder(directory string, w record.Want, keyType string, now time.Time) (record.Order, error) {
	if len(w.Names) == 0 {
		return record.Order{}, fmt.Errorf("opening an order for %s: no names", w.Key)
	}
	key, err := newKey(cmp.Or(keyType, "ec256"))
	if err != nil {
		return record.Order{}, fmt.Errorf("opening an order for %s: %w", w.Name(), err)
	}
	encoded, err := encodeKey(key)
	if err != nil {
		return record.Order{}, err
	}
	// No common name: names of more than 64 characters fit into the subject
	// alternative names only (RFC 5280, appendix A.1, ub-common-name), and
	// RFC 8555, section 7.4, is content with those.
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: w.Names}, key)
	if err != nil {
		return record.Order{}, fmt.Errorf("making the CSR for %s: %w", w.Name(), err)
	}
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		return record.Order{}, fmt.Errorf("naming the order for %s: %w", w.Name(), err)
	}
	return record.Order{
		ID: hex.EncodeToString(id), Key: w.Key, Directory: directory, Names: slices.Clone(w.Names),
		State: record.OrderIntent, OpenedAt: now, PrivateKey: encoded, CSR: csr,
		Rekey: w.Rekey, Challenge: cmp.Or(w.Challenge, "http-01"),
	}, nil
}

func newKey(keyType string) (crypto.Signer, error) {
	switch keyType {
	case "ec256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ec384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "rsa2048":
		return rsa.GenerateKey(rand.Reader, 2048)
	case "rsa3072":
		return rsa.GenerateKey(rand.Reader, 3072)
	case "rsa4096":
		return rsa.GenerateKey(rand.Reader, 4096)
	}
	return nil, fmt.Errorf("%q is no key type (one of %v)", keyType, KeyTypes())
}
