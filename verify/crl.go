package verify

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"
)

// clockSkew is by how much our clock may be behind that of a list's signer.
const clockSkew = 5 * time.Minute

// revocationList is a CRL (RFC 5280, section 5) that was found to be the word of
// one issuer, current, and complete for what it covers.
type revocationList struct {
	thisUpdate, nextUpdate time.Time
	entries                []listed // by serial
}

// listed is one revoked certificate. Serial numbers have at most 20 octets
// (RFC 5280, section 4.1.2.2); they are kept in place, since there may be
// hundreds of thousands.
type listed struct {
	serial [20]byte
	reason uint8
	at     int64
}

// signedList is the outermost layer; what is inside is looked at once it is
// known whose word it is.
type signedList struct {
	TBS       asn1.RawValue
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
}

type tbsList struct {
	Version    int `asn1:"optional,default:0"`
	Algorithm  pkix.AlgorithmIdentifier
	Issuer     asn1.RawValue
	ThisUpdate time.Time
	NextUpdate time.Time        `asn1:"optional"`
	Revoked    []asn1.RawValue  `asn1:"optional"`
	Extensions []pkix.Extension `asn1:"tag:0,optional,explicit"`
}

type revokedEntry struct {
	Serial     asn1.RawValue
	At         time.Time
	Extensions []pkix.Extension `asn1:"optional"`
}

// readList reads what url answered as the list of the issuer's revoked
// certificates. Whatever is wrong with it makes it no list at all: nothing may
// be concluded from it.
func readList(der []byte, issuer *x509.Certificate, url string, now time.Time) (*revocationList, error) {
	var signed signedList
	rest, err := asn1.Unmarshal(der, &signed)
	if err != nil {
		return nil, fmt.Errorf("it is no CRL: %w", err)
	}
	if len(rest) > 0 {
		return nil, errors.New("something follows the CRL")
	}
	if err := checkSigner(signed, issuer); err != nil {
		return nil, err
	}
	return readContent(signed.TBS.FullBytes, issuer, url, now)
}

// checkSigner holds the signature against the issuer's key (RFC 5280, section
// 6.3.3, step g). Signatures by hashes that can be forged count as none.
func checkSigner(signed signedList, issuer *x509.Certificate) error {
	algorithm, known := signatureOf(signed.Algorithm.Algorithm)
	if !known {
		return fmt.Errorf("the CRL is signed by an algorithm that is not accepted (%s)", signed.Algorithm.Algorithm)
	}
	if err := issuer.CheckSignature(algorithm, signed.TBS.FullBytes, signed.Signature.RightAlign()); err != nil {
		return fmt.Errorf("the CRL is not signed by the certificate's issuer: %w", err)
	}
	return nil
}

// signatureOf names the algorithms that public CAs may sign with (CA/Browser
// Forum, Baseline Requirements, section 7.1.3.2), but for RSASSA-PSS.
func signatureOf(oid asn1.ObjectIdentifier) (x509.SignatureAlgorithm, bool) {
	for _, known := range []struct {
		oid       asn1.ObjectIdentifier
		algorithm x509.SignatureAlgorithm
	}{
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, x509.SHA256WithRSA},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}, x509.SHA384WithRSA},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}, x509.SHA512WithRSA},
		{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}, x509.ECDSAWithSHA256},
		{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}, x509.ECDSAWithSHA384},
		{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}, x509.ECDSAWithSHA512},
		{asn1.ObjectIdentifier{1, 3, 101, 112}, x509.PureEd25519},
	} {
		if known.oid.Equal(oid) {
			return known.algorithm, true
		}
	}
	return x509.UnknownSignatureAlgorithm, false
}

// readContent reads the signed part.
func readContent(der []byte, issuer *x509.Certificate, url string, now time.Time) (*revocationList, error) {
	var tbs tbsList
	if rest, err := asn1.Unmarshal(der, &tbs); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("the CRL's content cannot be read: %w", cmp.Or(err, errTrailing))
	}
	switch {
	case !bytes.Equal(tbs.Issuer.FullBytes, issuer.RawSubject):
		return nil, errors.New("the CRL is another issuer's")
	case tbs.ThisUpdate.After(now.Add(clockSkew)):
		return nil, fmt.Errorf("the CRL is from the future (%s)", tbs.ThisUpdate.UTC().Format(time.RFC3339))
	case tbs.NextUpdate.IsZero():
		return nil, errors.New("the CRL does not say when it ends (RFC 5280, section 5.1.2.5)")
	case !now.Before(tbs.NextUpdate):
		return nil, fmt.Errorf("the CRL ended at %s", tbs.NextUpdate.UTC().Format(time.RFC3339))
	}
	if err := checkScope(tbs.Extensions, url); err != nil {
		return nil, err
	}
	entries, err := readEntries(tbs.Revoked)
	if err != nil {
		return nil, err
	}
	return &revocationList{thisUpdate: tbs.ThisUpdate, nextUpdate: tbs.NextUpdate, entries: entries}, nil
}

var errTrailing = errors.New("something follows it")

func readEntries(raw []asn1.RawValue) ([]listed, error) {
	entries := make([]listed, 0, len(raw))
	for _, one := range raw {
		var e revokedEntry
		if rest, err := asn1.Unmarshal(one.FullBytes, &e); err != nil || len(rest) > 0 {
			return nil, fmt.Errorf("an entry of the CRL cannot be read: %w", cmp.Or(err, errTrailing))
		}
		serial, ok := serialOf(e.Serial)
		if !ok {
			continue // no certificate that is checked has such a number
		}
		reason, err := reasonOf(e.Extensions)
		if err != nil {
			return nil, err
		}
		if reason == removeFromCRL {
			continue // it is not revoked any more (RFC 5280, section 5.3.1)
		}
		entries = append(entries, listed{serial: serial, reason: reason, at: e.At.Unix()})
	}
	slices.SortFunc(entries, func(x, y listed) int { return bytes.Compare(x.serial[:], y.serial[:]) })
	return entries, nil
}

const removeFromCRL = 8

var reasonCode = asn1.ObjectIdentifier{2, 5, 29, 21}

// reasonOf is the entry's reason; 0: none. With a critical extension that is not
// understood, as one that names another issuer, the CRL must not be used (RFC
// 5280, section 5.3).
func reasonOf(extensions []pkix.Extension) (uint8, error) {
	var code asn1.Enumerated
	for _, e := range extensions {
		switch {
		case e.Id.Equal(reasonCode):
			if rest, err := asn1.Unmarshal(e.Value, &code); err != nil || len(rest) > 0 || code < 0 || code > 10 {
				return 0, errors.New("an entry of the CRL has a reason that cannot be read")
			}
		case e.Critical:
			return 0, fmt.Errorf("an entry of the CRL has a critical extension that is not understood (%s)", e.Id)
		}
	}
	return uint8(code), nil
}

// serialOf is an INTEGER's value if it can be that of a certificate here.
func serialOf(raw asn1.RawValue) (serial [20]byte, ok bool) {
	b := raw.Bytes
	if raw.Class != asn1.ClassUniversal || raw.Tag != asn1.TagInteger || len(b) == 0 || b[0] >= 0x80 {
		return serial, false
	}
	return fixed(bytes.TrimLeft(b, "\x00"))
}

func fixed(number []byte) (serial [20]byte, ok bool) {
	if len(number) > len(serial) {
		return serial, false
	}
	copy(serial[len(serial)-len(number):], number)
	return serial, true
}

// find is the entry of a serial number.
func (l *revocationList) find(serial [20]byte) (listed, bool) {
	i, found := slices.BinarySearchFunc(l.entries, serial, func(e listed, s [20]byte) int { return bytes.Compare(e.serial[:], s[:]) })
	if !found {
		return listed{}, false
	}
	return l.entries[i], true
}
