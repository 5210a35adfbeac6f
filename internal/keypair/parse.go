package keypair

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"

	"github.com/acmsync/acmsync/internal/record"
)

// maxPEM and maxChain are far above any real chain.
const (
	maxPEM   = 1 << 20
	maxChain = 20
)

// ParseChain reads certificates from PEM, the leaf first. What stands around
// the blocks is ignored (RFC 7468, section 2); other kinds of blocks are not.
func ParseChain(chainPEM []byte) ([]*x509.Certificate, error) {
	if len(chainPEM) > maxPEM {
		return nil, refuse(Unreadable, "the chain is larger than %d bytes", maxPEM)
	}
	var chain []*x509.Certificate
	for block, rest := pem.Decode(chainPEM); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, refuse(Unreadable, "the chain holds a block of type %.40q, where only certificates belong", block.Type)
		}
		if len(chain) == maxChain {
			return nil, refuse(Unreadable, "the chain is longer than %d certificates", maxChain)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, refuse(Unreadable, "certificate %d of the chain cannot be read (%s)", len(chain)+1, strings.TrimPrefix(err.Error(), "x509: "))
		}
		chain = append(chain, cert)
	}
	if len(chain) == 0 {
		return nil, refuse(Unreadable, "the chain holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")
	}
	return chain, nil
}

// ParseKey reads a private key from PEM: PKCS#8, SEC 1 or PKCS#1, whatever
// other blocks (EC PARAMETERS) stand before it.
func ParseKey(key record.PrivateKey) (crypto.Signer, error) {
	if len(key) > maxPEM {
		return nil, refuse(Unreadable, "the key is larger than %d bytes", maxPEM)
	}
	for block, rest := pem.Decode(key); block != nil; block, rest = pem.Decode(rest) {
		if signer, err := parseBlock(block); signer != nil || err != nil {
			return signer, err
		}
	}
	return nil, refuse(Unreadable, "there is no private key in PEM")
}

// parseBlock returns nil, nil for blocks that are no private keys. The causes
// of errors stay out of the chain: they speak of bytes that are nobody's business.
func parseBlock(block *pem.Block) (crypto.Signer, error) {
	var parsed any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		parsed, err = x509.ParseECPrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "ENCRYPTED PRIVATE KEY":
		return nil, refuse(Unreadable, "the private key is encrypted")
	default:
		return nil, nil
	}
	if block.Headers["DEK-Info"] != "" {
		return nil, refuse(Unreadable, "the private key is encrypted")
	}
	if err != nil {
		return nil, refuse(Unreadable, "the private key is not a valid %s", block.Type)
	}
	switch k := parsed.(type) {
	case *ecdsa.PrivateKey:
		return k, nil
	case *rsa.PrivateKey:
		return k, nil
	case ed25519.PrivateKey:
		return k, nil
	}
	return nil, refuse(Unreadable, "the private key is of a kind that cannot sign")
}

// encode writes the chain and the key as every TLS server reads them.
func encode(chain []*x509.Certificate, signer crypto.Signer) ([]byte, record.PrivateKey, error) {
	var out bytes.Buffer
	for _, cert := range chain {
		if err := pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}); err != nil {
			return nil, nil, refuse(Unreadable, "encoding the chain: %w", err)
		}
	}
	der, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		return nil, nil, refuse(Unreadable, "the private key cannot be written as PKCS#8")
	}
	return out.Bytes(), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
