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

// Form is the operator's part of every certificate that is asked for.
type Form struct {
	// KeyType is one of [KeyTypes]; empty: ec256.
	KeyType string
	// CommonName asks for the first name as the subject's common name, too. It
	// may then have no more than 64 characters.
	CommonName bool
}

// OpenOrder makes the intent of an order at the directory: a new key and the
// CSR for it. Nothing is asked of anybody.
func OpenOrder(directory string, w record.Want, form Form, now time.Time) (record.Order, error) {
	if len(w.Names) == 0 {
		return record.Order{}, fmt.Errorf("opening an order for %s: no names", w.Key)
	}
	key, err := newKey(cmp.Or(form.KeyType, "ec256"))
	if err != nil {
		return record.Order{}, fmt.Errorf("opening an order for %s: %w", w.Name(), err)
	}
	encoded, err := encodeKey(key)
	if err != nil {
		return record.Order{}, err
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, form.request(w.Names), key)
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

// request leaves the common name out unless it was asked for: names of more than
// 64 characters fit into the subject alternative names only (RFC 5280, appendix
// A.1, ub-common-name), and RFC 8555, section 7.4, is content with those.
func (f Form) request(names []string) *x509.CertificateRequest {
	r := &x509.CertificateRequest{DNSNames: names}
	if f.CommonName {
		r.Subject.CommonName = names[0]
	}
	return r
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
