package verify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"
	"time"
)

// FuzzCRL: what is no list is refused, before and behind the signature, and what
// is one can be searched.
func FuzzCRL(f *testing.F) {
	now := time.Unix(1_800_000_000, 0)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	name := pkix.Name{CommonName: "Fuzz"}
	raw, err := asn1.Marshal(name.ToRDNSequence())
	if err != nil {
		f.Fatal(err)
	}
	issuer := &x509.Certificate{
		Subject: name, RawSubject: raw, PublicKey: &key.PublicKey, PublicKeyAlgorithm: x509.ECDSA,
		SubjectKeyId: []byte{1}, KeyUsage: x509.KeyUsageCRLSign,
	}
	list := &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: now, NextUpdate: now.Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(258), RevocationTime: now, ReasonCode: 1}},
		ExtraExtensions:           []pkix.Extension{{Id: scope, Critical: true, Value: []byte{0x30, 3, 0x81, 1, 0xff}}},
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, issuer, key)
	if err != nil {
		f.Fatal(err)
	}
	var signed signedList
	if _, err := asn1.Unmarshal(der, &signed); err != nil {
		f.Fatal(err)
	}
	if read, err := readList(der, issuer, "", now); err != nil || len(read.entries) != 1 {
		f.Fatal(read, err)
	}
	f.Add(der)
	f.Add(signed.TBS.FullBytes)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if read, err := readList(raw, issuer, "http://ca.test/", now); err == nil && !slices.Equal(raw, der) {
			t.Logf("another list of the same signature: %v", read)
		}
		read, err := readContent(raw, issuer, "http://ca.test/", now)
		if (read == nil) == (err == nil) {
			t.Fatalf("%v, %v", read, err)
		}
		if err != nil {
			return
		}
		for _, e := range read.entries {
			if _, found := read.find(e.serial); !found || e.reason == removeFromCRL || e.reason > 10 {
				t.Fatalf("%+v", e)
			}
		}
	})
}
