package keypair

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// Files is a certificate as its owner committed it.
type Files struct {
	// ChainPath and KeyPath are for messages.
	ChainPath, KeyPath string
	Chain, Key         []byte
}

// Bring judges a certificate that its owner brings along: readable, of one
// pair, in order, strong, for servers. Which names it serves, and whether it is
// in date, is left to whoever knows the name and, later, the time; its issuers
// must be in date now. The pair is the zero one when the certificate cannot be
// used.
func Bring(f Files, id *Identity, now time.Time) (record.Brought, record.Pair) {
	b := record.Brought{Chain: f.ChainPath, Key: f.KeyPath, Plain: !Encrypted(f.Key)}
	refused := func(path string, err error) (record.Brought, record.Pair) {
		b.Fault = path + ": " + plainly(err)
		return b, record.Pair{}
	}
	chain, err := ParseChain(f.Chain)
	if err != nil {
		return refused(f.ChainPath, err)
	}
	key := record.PrivateKey(f.Key)
	if !b.Plain {
		if key, err = id.Decrypt(f.Key); err != nil {
			return locked(b, id, err), record.Pair{}
		}
	}
	signer, err := ParseKey(key)
	if err != nil {
		return refused(f.KeyPath, err)
	}
	if err := checkKey(chain[0], signer); err != nil {
		b.Fault = mismatch(b, chain, signer)
		return b, record.Pair{}
	}
	if err := checkBrought(chain, now); err != nil {
		return refused(f.ChainPath, err)
	}
	pair := record.Pair{Certificate: describeBrought(chain)}
	if pair.Chain, pair.Key, err = encode(chain, signer); err != nil {
		return refused(f.ChainPath, err)
	}
	b.Certificate = &pair.Certificate
	return b, pair
}

// Glance judges the files of [Bring] without the identity that opens an
// encrypted key: whether key and chain are a pair is seen only of a key in the
// clear. b.Fault is why the certificate cannot be used.
func Glance(f Files, now time.Time) (b record.Brought) {
	if !Encrypted(f.Key) {
		b, _ = Bring(f, nil, now)
		return b
	}
	b = record.Brought{Chain: f.ChainPath, Key: f.KeyPath}
	chain, err := ParseChain(f.Chain)
	if err == nil {
		err = checkBrought(chain, now)
	}
	if err != nil {
		b.Fault = f.ChainPath + ": " + plainly(err)
		return b
	}
	c := describeBrought(chain)
	b.Certificate = &c
	return b
}

// describeBrought is [Describe] of the leaf, and whose it is.
func describeBrought(chain []*x509.Certificate) record.Certificate {
	c := Describe(chain[0])
	c.Origin = record.OriginBrought
	return c
}

// checkBrought is [Check] without key, names, and the leaf's dates.
func checkBrought(chain []*x509.Certificate, now time.Time) error {
	for _, check := range []func() error{
		func() error { return checkUsage(chain[0]) },
		func() error { return checkLinks(chain) },
		func() error { return checkStrength(chain) },
		func() error { return checkIssuers(chain, now) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	if len(Describe(chain[0]).Names) == 0 {
		return refuse(WrongNames, "the certificate names no domain (subject alternative names)")
	}
	return nil
}

// locked is a key that cannot be decrypted. Whom it should be encrypted to is
// for the operator to settle.
func locked(b record.Brought, id *Identity, err error) record.Brought {
	switch {
	case !errors.Is(err, ErrNotForUs):
		b.Fault = b.Key + ": " + err.Error()
	case len(id.Recipients()) == 0:
		b.Operator = true
		b.Fault = b.Key + " is encrypted with age, and this installation has no identity to decrypt it with"
		b.Remedy = "Set store.identityFile to the age identity that certificates are encrypted to."
	default:
		b.Operator = true
		b.Fault = b.Key + " is not encrypted to the identity of this installation"
		b.Remedy = fmt.Sprintf("Encrypt the key to %s (age -r), or set store.identityFile to the identity it is encrypted to.",
			strings.Join(id.Recipients(), " or "))
	}
	return b
}

// mismatch says how a key and a chain do not fit.
func mismatch(b record.Brought, chain []*x509.Certificate, signer crypto.Signer) string {
	ours := func(c *x509.Certificate) bool { return checkKey(c, signer) == nil }
	if i := slices.IndexFunc(chain, ours); i > 0 {
		return fmt.Sprintf("%s is in the wrong order: certificate %d is the one of %s, and must come first, then its issuers", b.Chain, i+1, b.Key)
	}
	return fmt.Sprintf("%s is not the private key of %s", b.Key, b.Chain)
}

// plainly is an error without the name of its check.
func plainly(err error) string {
	var fault *Error
	if errors.As(err, &fault) {
		return fault.Detail
	}
	return err.Error()
}
