package keypair_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/keypair"
	"github.com/acmsync/acmsync/internal/record"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// party is a certificate with its key.
type party struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func ecKey(tb testing.TB) crypto.Signer {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// sign makes a certificate; nil issuer: self-signed.
func sign(tb testing.TB, template *x509.Certificate, key crypto.Signer, issuer *party) party {
	tb.Helper()
	by, with := template, key
	if issuer != nil {
		by, with = issuer.cert, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by, key.Public(), with)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return party{cert, key}
}

func authority(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
}

func server(names ...string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(0x0a0b), DNSNames: names, BasicConstraintsValid: true,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

func chainPEM(parties ...party) []byte {
	var out []byte
	for _, p := range parties {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.cert.Raw})...)
	}
	return out
}

func keyPEM(tb testing.TB, key crypto.Signer) record.PrivateKey {
	tb.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// parties are certificates good and bad, for www.shop.example but for wild.
type parties struct {
	root, middle, stranger, plain, wild, client, young, unborn, expired, noUsage, oldMiddle, ofOld, weakKey, caLeaf party
}

func newParties(t *testing.T) parties {
	t.Helper()
	root := sign(t, authority("root"), ecKey(t), nil)
	middle := sign(t, authority("middle"), ecKey(t), &root)
	stranger := sign(t, authority("middle"), ecKey(t), nil)
	leaf := func(change func(*x509.Certificate), names ...string) party {
		template := server(names...)
		if change != nil {
			change(template)
		}
		return sign(t, template, ecKey(t), &middle)
	}
	plain := leaf(nil, "www.shop.example", "shop.example")
	wild := leaf(nil, "*.shop.example")
	client := leaf(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, "www.shop.example")
	young := leaf(func(c *x509.Certificate) { c.NotBefore = now.Add(time.Minute) }, "www.shop.example")
	unborn := leaf(func(c *x509.Certificate) { c.NotBefore = now.Add(10 * time.Minute) }, "www.shop.example")
	expired := leaf(func(c *x509.Certificate) { c.NotAfter = now }, "www.shop.example")
	noUsage := leaf(func(c *x509.Certificate) { c.ExtKeyUsage = nil }, "www.shop.example")
	oldMiddle := func() party {
		template := authority("old")
		template.NotAfter = now.Add(-time.Hour)
		return sign(t, template, ecKey(t), &root)
	}()
	ofOld := sign(t, server("www.shop.example"), ecKey(t), &oldMiddle)
	weakKey := func() party {
		key, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return sign(t, server("www.shop.example"), key, &middle)
	}()
	caLeaf := sign(t, func() *x509.Certificate { c := authority("x"); c.DNSNames = []string{"www.shop.example"}; return c }(), ecKey(t), &root)

	return parties{root, middle, stranger, plain, wild, client, young, unborn, expired, noUsage, oldMiddle, ofOld, weakKey, caLeaf}
}

type checkCase struct {
	chain []byte
	key   crypto.Signer
	names []string
	fault keypair.Fault
}

const good = keypair.Fault("")

func checkCases(t *testing.T) map[string]checkCase {
	t.Helper()
	p := newParties(t)
	want := []string{"www.shop.example"}
	return map[string]checkCase{
		"good":                      {chainPEM(p.plain, p.middle), p.plain.key, []string{"shop.example", "www.shop.example"}, good},
		"good with root":            {chainPEM(p.plain, p.middle, p.root), p.plain.key, want, good},
		"good without issuer":       {chainPEM(p.plain), p.plain.key, want, good},
		"text around the blocks":    {slices.Concat([]byte("subject: x\n"), chainPEM(p.plain, p.middle), []byte("\nbye")), p.plain.key, want, good},
		"a wildcard covers":         {chainPEM(p.wild, p.middle), p.wild.key, want, good},
		"a wildcard is itself":      {chainPEM(p.wild, p.middle), p.wild.key, []string{"*.shop.example"}, good},
		"clock a little behind":     {chainPEM(p.young, p.middle), p.young.key, want, good},
		"no extended key usage":     {chainPEM(p.noUsage, p.middle), p.noUsage.key, want, good},
		"another's key":             {chainPEM(p.plain, p.middle), p.wild.key, want, keypair.WrongKey},
		"a name is missing":         {chainPEM(p.plain, p.middle), p.plain.key, []string{"api.shop.example"}, keypair.WrongNames},
		"a wildcard is not covered": {chainPEM(p.plain, p.middle), p.plain.key, []string{"*.shop.example"}, keypair.WrongNames},
		"a wildcard goes one deep":  {chainPEM(p.wild, p.middle), p.wild.key, []string{"a.b.shop.example"}, keypair.WrongNames},
		"no names":                  {chainPEM(p.plain, p.middle), p.plain.key, nil, keypair.WrongNames},
		"expired":                   {chainPEM(p.expired, p.middle), p.expired.key, want, keypair.WrongDates},
		"not yet valid":             {chainPEM(p.unborn, p.middle), p.unborn.key, want, keypair.WrongDates},
		"its issuer expired":        {chainPEM(p.ofOld, p.oldMiddle), p.ofOld.key, want, keypair.WrongDates},
		"for clients":               {chainPEM(p.client, p.middle), p.client.key, want, keypair.WrongUsage},
		"a CA's own":                {chainPEM(p.caLeaf, p.root), p.caLeaf.key, want, keypair.WrongUsage},
		"another issuer":            {chainPEM(p.plain, p.stranger), p.plain.key, want, keypair.BrokenChain},
		"a link is missing":         {chainPEM(p.plain, p.root), p.plain.key, want, keypair.BrokenChain},
		"out of order":              {chainPEM(p.plain, p.root, p.middle), p.plain.key, want, keypair.BrokenChain},
		"leaf twice":                {chainPEM(p.plain, p.plain, p.middle), p.plain.key, want, keypair.BrokenChain},
		"weak key":                  {chainPEM(p.weakKey, p.middle), p.weakKey.key, want, keypair.Weak},
		"empty":                     {nil, p.plain.key, want, keypair.Unreadable},
		"cut short":                 {chainPEM(p.plain, p.middle)[:200], p.plain.key, want, keypair.Unreadable},
		"a key among the chain":     {append(chainPEM(p.plain, p.middle), keyPEM(t, p.plain.key)...), p.plain.key, want, keypair.Unreadable},
		"endless":                   {bytes.Repeat(chainPEM(p.plain), 21), p.plain.key, want, keypair.Unreadable},
		"huge":                      {bytes.Repeat([]byte("x"), 1<<20+1), p.plain.key, want, keypair.Unreadable},
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, c := range checkCases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pair, err := keypair.Check(c.chain, keyPEM(t, c.key), c.names, now)
			var refused *keypair.Error
			if errors.As(err, &refused) != (c.fault != good) || err != nil && refused.Fault != c.fault {
				t.Fatalf("got %v, want fault %q", err, c.fault)
			}
			if err == nil && (len(pair.Chain) == 0 || len(pair.Key) == 0) {
				t.Error("it passed, but the pair is incomplete")
			}
			if err != nil && (pair.Chain != nil || pair.Key != nil) {
				t.Error("it was refused, but a pair came along")
			}
		})
	}
}

func TestCheckDescribesAndNormalises(t *testing.T) {
	t.Parallel()
	root := sign(t, authority("root"), ecKey(t), nil)
	leaf := sign(t, server("WWW.shop.example", "api.shop.example"), ecKey(t), &root)
	noisy := slices.Concat([]byte("Bag Attributes\n"), chainPEM(leaf), []byte("noise\n"), chainPEM(root))
	pair, err := keypair.Check(noisy, keyPEM(t, leaf.key), []string{"api.shop.example"}, now)
	if err != nil {
		t.Fatal(err)
	}
	want := record.Certificate{
		Serial: "0a0b", SHA256: pair.SHA256, Issuer: "root", Names: []string{"api.shop.example", "www.shop.example"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
	}
	if diff := cmp.Diff(want, pair.Certificate); diff != "" || len(pair.SHA256) != 64 {
		t.Errorf("the description differs (-want +got):\n%s", diff)
	}
	if !bytes.Equal(pair.Chain, chainPEM(leaf, root)) {
		t.Errorf("the chain is\n%s", pair.Chain)
	}
}

func TestParseKey(t *testing.T) {
	t.Parallel()
	ec := ecKey(t).(*ecdsa.PrivateKey)
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	for name, c := range map[string]struct {
		text []byte
		want crypto.Signer // nil: refused
	}{
		"PKCS#8":    {keyPEM(t, ec), ec},
		"SEC 1":     {slices.Concat(block("EC PARAMETERS", []byte{1}), block("EC PRIVATE KEY", sec1)), ec},
		"PKCS#1":    {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(long)), long},
		"encrypted": {block("ENCRYPTED PRIVATE KEY", sec1), nil},
		"old encryption": {pem.EncodeToMemory(&pem.Block{
			Type: "EC PRIVATE KEY", Bytes: sec1, Headers: map[string]string{"DEK-Info": "AES-128-CBC,00"},
		}), nil},
		"damaged": {block("PRIVATE KEY", []byte("hunter2")), nil},
		"no key":  {block("CERTIFICATE", []byte("hunter2")), nil},
		"no PEM":  {[]byte("hunter2"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := keypair.ParseKey(c.text)
			if (c.want == nil) != (err != nil) {
				t.Fatalf("got %v", err)
			}
			if err != nil && strings.Contains(fmt.Sprintf("%v %+v", err, err), "hunter2") {
				t.Errorf("the error quotes the key: %v", err)
			}
			if c.want != nil && !c.want.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(got.Public()) {
				t.Error("another key was read")
			}
		})
	}
}

func FuzzCheck(f *testing.F) {
	root := sign(f, authority("root"), ecKey(f), nil)
	leaf := sign(f, server("www.shop.example"), ecKey(f), &root)
	f.Add(chainPEM(leaf, root), []byte(keyPEM(f, leaf.key)), "www.shop.example")
	f.Add(chainPEM(root, leaf), []byte(keyPEM(f, root.key)), "*.shop.example")
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n"), []byte("-----BEGIN PRIVATE KEY-----\n"), "")
	f.Fuzz(func(t *testing.T, chain, key []byte, name string) {
		pair, err := keypair.Check(chain, key, []string{name}, now)
		if err != nil {
			var refused *keypair.Error
			if !errors.As(err, &refused) {
				t.Fatalf("an error without a type: %v", err)
			}
			return
		}
		again, err := keypair.Check(pair.Chain, pair.Key, []string{name}, now)
		if err != nil {
			t.Fatalf("what passed does not pass again: %v", err)
		}
		if diff := cmp.Diff(pair.Certificate, again.Certificate); diff != "" {
			t.Errorf("what passed reads differently (-first +again):\n%s", diff)
		}
	})
}
