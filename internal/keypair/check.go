package keypair

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// skew is by how much our clock may be behind the CA's: a certificate is young
// when it is checked, and a pass's now is a little old.
const skew = 5 * time.Minute

// Check returns the pair if a TLS server for names can use it at now, and an
// [*Error] if not. Chain and key are written anew: certificates without text
// around them, the key as PKCS#8. Origin, Directory, Account, Profile, Rekey and
// IssuedAt are the caller's to fill in.
func Check(chainPEM []byte, key record.PrivateKey, names []string, now time.Time) (record.Pair, error) {
	chain, err := ParseChain(chainPEM)
	if err != nil {
		return record.Pair{}, err
	}
	signer, err := ParseKey(key)
	if err != nil {
		return record.Pair{}, err
	}
	for _, check := range []func() error{
		func() error { return checkKey(chain[0], signer) },
		func() error { return checkNames(chain[0], names) },
		func() error { return checkDates(chain, now) },
		func() error { return checkUsage(chain[0]) },
		func() error { return checkLinks(chain) },
		func() error { return checkStrength(chain) },
	} {
		if err := check(); err != nil {
			return record.Pair{}, err
		}
	}
	pair := record.Pair{Certificate: Describe(chain[0])}
	pair.Chain, pair.Key, err = encode(chain, signer)
	return pair, err
}

// Describe says what a certificate says of itself.
func Describe(leaf *x509.Certificate) record.Certificate {
	sum := sha256.Sum256(leaf.Raw)
	names := make([]string, 0, len(leaf.DNSNames)+len(leaf.IPAddresses))
	for _, name := range leaf.DNSNames {
		names = append(names, strings.ToLower(name))
	}
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	slices.Sort(names)
	return record.Certificate{
		Serial:    hex.EncodeToString(leaf.SerialNumber.Bytes()),
		SHA256:    hex.EncodeToString(sum[:]),
		Issuer:    leaf.Issuer.CommonName,
		Names:     slices.Compact(names),
		NotBefore: leaf.NotBefore,
		NotAfter:  leaf.NotAfter,
	}
}

func checkKey(leaf *x509.Certificate, signer crypto.Signer) error {
	public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(leaf.PublicKey) {
		return refuse(WrongKey, "the private key is not the certificate's")
	}
	return nil
}

func checkNames(leaf *x509.Certificate, names []string) error {
	if len(names) == 0 {
		return refuse(WrongNames, "no names were asked for")
	}
	has := Describe(leaf).Names
	for _, name := range names {
		if slices.Contains(has, name) {
			continue
		}
		// A wildcard covers its names (RFC 6125, section 6.4.3) but is covered
		// only by itself.
		if strings.HasPrefix(name, "*.") || leaf.VerifyHostname(name) != nil {
			return refuse(WrongNames, "the certificate is not for %s, but for %s", name, strings.Join(has, ", "))
		}
	}
	return nil
}

func checkDates(chain []*x509.Certificate, now time.Time) error {
	if err := checkPeriod(chain[0], "the certificate", now); err != nil {
		return err
	}
	return checkIssuers(chain, now)
}

func checkIssuers(chain []*x509.Certificate, now time.Time) error {
	for _, cert := range chain[1:] {
		if err := checkPeriod(cert, "its issuer "+cert.Subject.CommonName, now); err != nil {
			return err
		}
	}
	return nil
}

func checkPeriod(cert *x509.Certificate, what string, now time.Time) error {
	switch {
	case now.Add(skew).Before(cert.NotBefore):
		return refuse(WrongDates, "%s is not valid before %s", what, cert.NotBefore.UTC().Format(time.RFC3339))
	case !now.Before(cert.NotAfter):
		return refuse(WrongDates, "%s expired at %s", what, cert.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

func checkUsage(leaf *x509.Certificate) error {
	if leaf.IsCA {
		return refuse(WrongUsage, "the first certificate is a CA's, not a server's")
	}
	// RFC 5280, section 4.2.1.12: without the extension, every usage is allowed.
	any := len(leaf.ExtKeyUsage) == 0 && len(leaf.UnknownExtKeyUsage) == 0
	if !any && !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageServerAuth) && !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny) {
		return refuse(WrongUsage, "the certificate is not for TLS servers (extended key usage)")
	}
	return nil
}

// checkLinks needs no root: RFC 8555, section 9.1, and RFC 8446, section 4.4.2,
// let chains end before it.
func checkLinks(chain []*x509.Certificate) error {
	for i := range len(chain) - 1 {
		if err := chain[i].CheckSignatureFrom(chain[i+1]); err != nil {
			return refuse(BrokenChain, "certificate %d of the chain is not signed by the next, %s: %w",
				i+1, chain[i+1].Subject.CommonName, err)
		}
	}
	return nil
}

func checkStrength(chain []*x509.Certificate) error {
	for i, cert := range chain {
		switch key := cert.PublicKey.(type) {
		case *rsa.PublicKey:
			if key.N.BitLen() < 2048 {
				return refuse(Weak, "certificate %d of the chain has an RSA key of %d bits", i+1, key.N.BitLen())
			}
		case *ecdsa.PublicKey:
			if key.Curve.Params().BitSize < 256 {
				return refuse(Weak, "certificate %d of the chain has a key on %s", i+1, key.Curve.Params().Name)
			}
		case ed25519.PublicKey:
		default:
			return refuse(Weak, "certificate %d of the chain has a key of an unknown kind", i+1)
		}
		if i > 0 && bytes.Equal(cert.RawIssuer, cert.RawSubject) {
			continue // nobody verifies a root's signature on itself
		}
		switch cert.SignatureAlgorithm {
		case x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1:
			return refuse(Weak, "certificate %d of the chain is signed with %s", i+1, cert.SignatureAlgorithm)
		}
	}
	return nil
}
