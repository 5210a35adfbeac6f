package stepca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// The files of its folder.
const (
	rootFile = "root.pem"
	certFile = "intermediate.pem"
	keyFile  = "intermediate.key"
)

// keys are what step ca init would make.
type keys struct{ root []byte }

func makeKeys(dir string) (keys, error) {
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return keys{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return keys{}, err
	}
	root := template("step-ca lab root", 1)
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	if err != nil {
		return keys{}, err
	}
	if root, err = x509.ParseCertificate(rootDER); err != nil {
		return keys{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template("step-ca lab intermediate", 0), root, key.Public(), rootKey)
	if err != nil {
		return keys{}, err
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return keys{}, err
	}
	rootPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER})
	return keys{root: rootPEM}, errors.Join(
		os.WriteFile(filepath.Join(dir, rootFile), rootPEM, 0o600),
		os.WriteFile(filepath.Join(dir, certFile), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(filepath.Join(dir, keyFile), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}), 0o600),
	)
}

func template(name string, below int) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(10 * 365 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true, IsCA: true,
		MaxPathLen: below, MaxPathLenZero: below == 0,
	}
}
