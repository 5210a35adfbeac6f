package issue

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
)

// LoadAccountKey reads an account key from PEM: PKCS#8, SEC 1 or PKCS#1. A file
// that does not exist is fs.ErrNotExist.
func LoadAccountKey(path string) (crypto.Signer, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the account key: %w", err)
	}
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		var key any
		switch block.Type {
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "EC PARAMETERS": // openssl writes it before the key
			continue
		default:
			return nil, fmt.Errorf("the account key %s holds a PEM block of type %.40q, and not a private key", path, block.Type)
		}
		if err != nil {
			// The cause may speak of the bytes.
			return nil, fmt.Errorf("the account key %s is damaged", path)
		}
		return accountKey(path, key)
	}
	return nil, fmt.Errorf("the account key %s holds no private key in PEM", path)
}

// accountKey accepts what lego can sign with.
func accountKey(path string, key any) (crypto.Signer, error) {
	switch k := key.(type) {
	case *ecdsa.PrivateKey:
		if k.Curve == elliptic.P256() || k.Curve == elliptic.P384() {
			return k, nil
		}
	case *rsa.PrivateKey:
		if k.N.BitLen() >= 2048 {
			return k, nil
		}
	}
	return nil, fmt.Errorf("the account key %s is neither EC P-256 or P-384, nor RSA of at least 2048 bits", path)
}

// CreateAccountKey makes an EC P-256 key and writes it as PKCS#8, mode 0600,
// the directories above it, where they are missing, 0700. It never replaces a
// file: if there is one, the error is fs.ErrExist.
func CreateAccountKey(path string) (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the account key: %w", err)
	}
	encoded, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	if err := writeOnce(path, encoded); err != nil {
		return nil, fmt.Errorf("writing the account key: %w", err)
	}
	return key, nil
}

// writeOnce writes beside and links, so that nobody reads half a key and two
// who do it at once do not end up with different ones.
func writeOnce(path string, content []byte) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	beside, err := os.CreateTemp(dir, "."+filepath.Base(path)+".") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(beside.Name())) }()
	_, err = beside.Write(content)
	if err == nil {
		err = beside.Sync()
	}
	if err = errors.Join(err, beside.Close()); err != nil {
		return err
	}
	if err := os.Link(beside.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes the new name survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func encodeKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding a private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// Thumbprint is the account key's (RFC 7638), the part of a key authorization
// that is the same for every token (RFC 8555, section 8.1).
func Thumbprint(key crypto.Signer) (string, error) {
	var jwk string
	b64 := base64.RawURLEncoding.EncodeToString
	switch public := key.Public().(type) {
	case *ecdsa.PublicKey:
		point, err := public.Bytes() // 4, x, y
		if err != nil {
			return "", fmt.Errorf("the account key's thumbprint: %w", err)
		}
		half := (len(point) - 1) / 2
		jwk = fmt.Sprintf(`{"crv":%q,"kty":"EC","x":%q,"y":%q}`,
			public.Curve.Params().Name, b64(point[1:1+half]), b64(point[1+half:]))
	case *rsa.PublicKey:
		jwk = fmt.Sprintf(`{"e":%q,"kty":"RSA","n":%q}`,
			b64(big.NewInt(int64(public.E)).Bytes()), b64(public.N.Bytes()))
	default:
		return "", fmt.Errorf("account keys are EC or RSA, not %T", public)
	}
	sum := sha256.Sum256([]byte(jwk))
	return b64(sum[:]), nil
}
