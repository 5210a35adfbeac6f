package record

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// Certificate describes an issued certificate; it holds no key.
type Certificate struct {
	// Serial is lower-case hexadecimal, two digits a byte, no separators.
	Serial string
	// SHA256 is the leaf's fingerprint over DER, written like Serial.
	SHA256 string
	// Issuer is the issuing CA's common name.
	Issuer    string
	Names     []string
	NotBefore time.Time
	NotAfter  time.Time
	Origin    Origin
	// Directory and Account are who can revoke it; empty: nobody of ours, or, of an
	// adopted one, nobody knows.
	Directory, Account string
	Profile            string
	// Rekey is the rekey value it was issued under.
	Rekey string
	// IssuedAt is when it was kept, by our clock.
	IssuedAt time.Time
}

// Manual reports whether its owner brought the certificate along.
func (c Certificate) Manual() bool { return c.Origin == OriginBrought }

// Unclaimed reports whether nobody knows which account the certificate belongs
// to, so that only the CA can tell who may revoke it.
func (c Certificate) Unclaimed() bool { return c.Origin == OriginAdopted && c.Directory == "" }

// Serves reports whether clients accept the certificate for a name: it says
// that name, or a wildcard in the place of its first label (RFC 6125, section
// 6.4.3). A wildcard is served only by itself.
func (c Certificate) Serves(name string) bool {
	if slices.Contains(c.Names, name) {
		return true
	}
	first, parent, ok := strings.Cut(name, ".")
	return ok && first != "*" && slices.Contains(c.Names, "*."+parent)
}

// Covers reports whether the certificate names every one of the names.
func (c Certificate) Covers(names []string) bool {
	have := make(map[string]bool, len(c.Names))
	for _, n := range c.Names {
		have[n] = true
	}
	for _, n := range names {
		if !have[n] {
			return false
		}
	}
	return true
}

// Pair is a certificate with its chain and private key, ready to be served.
type Pair struct {
	Certificate
	// Chain is PEM: the leaf first, then its issuers.
	Chain []byte
	Key   PrivateKey
}

// PrivateKey is a private key as PKCS#8 PEM. It prints, logs and marshals as a
// placeholder, so that no output holds one by accident; []byte(k) is the
// deliberate way out.
type PrivateKey []byte

const redacted = "[private key]"

func (PrivateKey) String() string       { return redacted }
func (PrivateKey) GoString() string     { return redacted }
func (PrivateKey) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText refuses; JSON, YAML and XML all ask for it.
func (PrivateKey) MarshalText() ([]byte, error) {
	return nil, errors.New("a private key is never marshalled")
}
