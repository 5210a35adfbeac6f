package verify

import (
	"cmp"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
)

// The extensions of a CRL that are understood.
var (
	authorityKey = asn1.ObjectIdentifier{2, 5, 29, 35}
	crlNumber    = asn1.ObjectIdentifier{2, 5, 29, 20}
	deltaCRL     = asn1.ObjectIdentifier{2, 5, 29, 27}
	scope        = asn1.ObjectIdentifier{2, 5, 29, 28}
)

// issuingPoint is the extension that says what a CRL covers (RFC 5280, section
// 5.2.5).
type issuingPoint struct {
	Point          asn1.RawValue  `asn1:"optional,tag:0"`
	OnlyUsers      bool           `asn1:"optional,tag:1"`
	OnlyCAs        bool           `asn1:"optional,tag:2"`
	OnlySome       asn1.BitString `asn1:"optional,tag:3"`
	Indirect       bool           `asn1:"optional,tag:4"`
	OnlyAttributes bool           `asn1:"optional,tag:5"`
}

// checkScope refuses what is not the complete list, at this address, of the
// issuer's own certificates of servers (RFC 5280, section 6.3.3, step b).
func checkScope(extensions []pkix.Extension, url string) error {
	for _, e := range extensions {
		switch {
		case e.Id.Equal(deltaCRL):
			return errors.New("the CRL only says what has changed")
		case e.Id.Equal(scope):
			if err := checkPoint(e.Value, url); err != nil {
				return err
			}
		case e.Critical && !e.Id.Equal(authorityKey) && !e.Id.Equal(crlNumber):
			return fmt.Errorf("the CRL has a critical extension that is not understood (%s)", e.Id)
		}
	}
	return nil
}

func checkPoint(der []byte, url string) error {
	var p issuingPoint
	if rest, err := asn1.Unmarshal(der, &p); err != nil || len(rest) > 0 {
		return fmt.Errorf("what the CRL covers cannot be read: %w", cmp.Or(err, errTrailing))
	}
	switch {
	case p.Indirect:
		return errors.New("the CRL is about certificates of other issuers too")
	case p.OnlyCAs, p.OnlyAttributes:
		return errors.New("the CRL is not about certificates of servers")
	case p.OnlySome.BitLength > 0:
		return errors.New("the CRL leaves some reasons out")
	case len(p.Point.FullBytes) > 0 && !names(p.Point, url):
		return errors.New("the CRL is that of another address")
	}
	return nil
}

// names reports whether a distribution point has the address among its full
// names: fullName [0] of GeneralNames, of which [6] is a URI (RFC 5280, section
// 4.2.1.6).
func names(point asn1.RawValue, url string) bool {
	var full asn1.RawValue
	if _, err := asn1.Unmarshal(point.Bytes, &full); err != nil || full.Class != asn1.ClassContextSpecific || full.Tag != 0 {
		return false
	}
	for rest := full.Bytes; len(rest) > 0; {
		var name asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &name); err != nil {
			return false
		}
		if name.Class == asn1.ClassContextSpecific && name.Tag == 6 && string(name.Bytes) == url {
			return true
		}
	}
	return false
}
