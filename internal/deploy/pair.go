package deploy

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io/fs"
	"slices"

	"github.com/acmsync/acmsync/internal/record"
)

const (
	certFile      = "cert.pem"
	chainFile     = "chain.pem"
	fullchainFile = "fullchain.pem"
	privkeyFile   = "privkey.pem"
	combinedFile  = "combined.pem"
)

var fileNames = []string{certFile, chainFile, fullchainFile, privkeyFile, combinedFile}

// files is a pair in the shapes that servers ask for.
type files struct {
	leaf               *x509.Certificate
	cert, chain        []byte
	fullchain, privkey []byte
}

type file struct {
	name    string
	content []byte
	mode    fs.FileMode
}

func (f files) list() []file {
	return []file{
		{certFile, f.cert, 0o644},
		{chainFile, f.chain, 0o644},
		{fullchainFile, f.fullchain, 0o644},
		{privkeyFile, f.privkey, 0o600},
		{combinedFile, slices.Concat(f.fullchain, f.privkey), 0o600},
	}
}

// render splits the pair into files, after a last look that the parts belong
// together: whatever is wrong here would be served.
func render(p record.Pair) (files, error) {
	leaf, err := check(p.Chain, p.Key)
	if err != nil {
		return files{}, err
	}
	// A wildcard certificate that was brought along serves names besides its own.
	if !slices.Contains(leaf.DNSNames, nameOf(p)) && leaf.VerifyHostname(nameOf(p)) != nil {
		return files{}, fmt.Errorf("the certificate is for %q, not %s", leaf.DNSNames, nameOf(p))
	}
	if p.SHA256 != "" && p.SHA256 != fingerprint(leaf) {
		return files{}, fmt.Errorf("the certificate's fingerprint is %s, not %s", fingerprint(leaf), p.SHA256)
	}
	f := files{leaf: leaf, privkey: withNewline(p.Key)}
	rest := p.Chain
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		clean := pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes})
		if f.cert == nil {
			f.cert = clean
		} else {
			f.chain = append(f.chain, clean...)
		}
	}
	f.fullchain = slices.Concat(f.cert, f.chain)
	return f, nil
}

// check parses a chain with its key and proves that the key is the leaf's.
func check(chain, key []byte) (*x509.Certificate, error) {
	for block, rest := pem.Decode(chain); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("the chain holds a %s", block.Type)
		}
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return nil, fmt.Errorf("the pair cannot be served: %w", err)
	}
	return pair.Leaf, nil
}

// nameOf is the name whose folder the pair goes to.
func nameOf(p record.Pair) string {
	if len(p.Names) == 0 {
		return ""
	}
	return p.Names[0]
}

func withNewline(key []byte) []byte {
	return append(bytes.TrimRight(slices.Clone(key), "\n"), '\n')
}

func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}
