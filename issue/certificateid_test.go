package issue

import (
	"crypto/x509"
	"encoding/hex"
	"math/big"
	"testing"
)

// TestCertificateID holds the example of RFC 9773, section 4.1, and that a
// number without the highest bit has no octet before it.
func TestCertificateID(t *testing.T) {
	t.Parallel()
	key, err := hex.DecodeString("69885b6b87464041e1b37b847ba0ae2cde01c8d4")
	if err != nil {
		t.Fatal(err)
	}
	for number, want := range map[int64]string{
		0x87654321: "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE",
		0x07654321: "aYhba4dGQEHhs3uEe6CuLN4ByNQ.B2VDIQ",
	} {
		got, err := certificateID(&x509.Certificate{AuthorityKeyId: key, SerialNumber: big.NewInt(number)})
		if err != nil || got != want {
			t.Errorf("%x is called %q, %v; want %q", number, got, err, want)
		}
	}
	for name, leaf := range map[string]*x509.Certificate{"none": nil, "without an issuer's key": {SerialNumber: big.NewInt(1)}} {
		if id, err := certificateID(leaf); err == nil {
			t.Errorf("%s: %q", name, id)
		}
	}
}
