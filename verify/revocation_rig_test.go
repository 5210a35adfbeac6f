package verify_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/acmsync/acmsync/verify"
)

// lister is a CA with a list of what it revoked.
type lister struct {
	t      testing.TB
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
	url    string
	asked  atomic.Int32
	answer atomic.Pointer[http.HandlerFunc]
	now    time.Time
}

func newLister(t testing.TB, change ...func(*x509.Certificate)) *lister {
	t.Helper()
	l := &lister{t: t, now: time.Now().Truncate(time.Second)}
	l.cert, l.key = issuerCert(t, "Test Issuer", change...)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.asked.Add(1)
		(*l.answer.Load())(w, r)
	}))
	t.Cleanup(server.Close)
	l.url = server.URL + "/1.crl"
	return l
}

func issuerCert(t testing.TB, name string, change ...func(*x509.Certificate)) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, SubjectKeyId: []byte{1},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	for _, f := range change {
		f(template)
	}
	return signCert(t, template, template, key, key), key
}

func signCert(t testing.TB, template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// chain is that of a certificate with a serial number, which names these lists.
func (l *lister) chain(serial *big.Int, points ...string) []byte {
	l.t.Helper()
	leaf := signCert(l.t, &x509.Certificate{
		SerialNumber: serial, DNSNames: []string{"www.shop.example"}, CRLDistributionPoints: points,
		NotBefore: l.now.Add(-time.Hour), NotAfter: l.now.AddDate(0, 0, 90),
	}, l.cert, l.key, l.key)
	return append(toPEM(leaf), toPEM(l.cert)...)
}

func toPEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// list is one that names the serial number, changed.
func (l *lister) list(serial *big.Int, change ...func(*x509.RevocationList)) []byte {
	l.t.Helper()
	list := &x509.RevocationList{
		Number: big.NewInt(7), ThisUpdate: l.now.Add(-time.Hour), NextUpdate: l.now.Add(9 * 24 * time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{
			{SerialNumber: big.NewInt(3), RevocationTime: l.now.Add(-2 * time.Hour)},
			{SerialNumber: serial, RevocationTime: l.now.Add(-90 * time.Minute), ReasonCode: 1},
			{SerialNumber: big.NewInt(1 << 40), RevocationTime: l.now.Add(-2 * time.Hour), ReasonCode: 4},
		},
	}
	for _, f := range change {
		f(list)
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, l.cert, l.key)
	if err != nil {
		l.t.Fatal(err)
	}
	return der
}

// content is a list's signed part, for lists that the standard library would
// not make.
type content struct {
	Version    int
	Algorithm  pkix.AlgorithmIdentifier
	Issuer     asn1.RawValue
	ThisUpdate time.Time
	NextUpdate time.Time    `asn1:"optional"`
	Revoked    []namedEntry `asn1:"optional"`
}

type namedEntry struct {
	Serial *big.Int
	At     time.Time
}

var ecdsaWithSHA256 = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}

// sign makes a list of any content, said to be signed by an algorithm.
func (l *lister) sign(c content, algorithm asn1.ObjectIdentifier) []byte {
	l.t.Helper()
	c.Algorithm = pkix.AlgorithmIdentifier{Algorithm: algorithm}
	tbs := l.marshal(c)
	sum := sha256.Sum256(tbs)
	signature, err := l.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		l.t.Fatal(err)
	}
	return l.marshal(struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{asn1.RawValue{FullBytes: tbs}, c.Algorithm, asn1.BitString{Bytes: signature, BitLength: len(signature) * 8}})
}

func (l *lister) plain(serial *big.Int) content {
	return content{
		Version: 1, Issuer: asn1.RawValue{FullBytes: l.cert.RawSubject}, ThisUpdate: l.now.Add(-time.Hour).UTC(),
		NextUpdate: l.now.Add(time.Hour).UTC(), Revoked: []namedEntry{{serial, l.now.Add(-time.Hour).UTC()}},
	}
}

func (l *lister) marshal(v any) []byte {
	l.t.Helper()
	der, err := asn1.Marshal(v)
	if err != nil {
		l.t.Fatal(err)
	}
	return der
}

func (l *lister) serve(h http.HandlerFunc) { l.answer.Store(&h) }

func (l *lister) serveBytes(body []byte) {
	l.serve(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
}

// reader is a reader of lists that may dial the lab.
func reader() *verify.Revocations {
	return verify.NewRevocations(verify.RevocationConfig{ProbeAllow: loopback, Timeout: 2 * time.Second})
}
