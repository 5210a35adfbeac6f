package ca

import (
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/letsencrypt/pebble/v2/core"
)

// Certificate is one certificate that the CA signed.
type Certificate struct {
	Names []string // sorted
	// Serial is lower-case hexadecimal, two digits a byte.
	Serial  string
	Account string // the account's id, the last element of its URL
	Order   string // the order's id
	Chain   []byte // PEM, the leaf first
	At      time.Time
}

// signing is how long Pebble may take to sign: it does so in a goroutine that
// tells nobody when it is done, and never when it fails.
const signing = 5 * time.Second

// awaitIssuance waits for the certificate of an order that was finalized and
// counts it. The wait also keeps requests for the order away from Pebble while
// it writes to it, which is the other half of its deadlock.
func (c *CA) awaitIssuance(r *http.Request) {
	_, id := kindOf(r.URL.Path)
	for deadline := time.Now().Add(signing); time.Now().Before(deadline); time.Sleep(50 * time.Microsecond) {
		order := c.db.GetOrderByID(id)
		if order == nil {
			return
		}
		order.RLock()
		signed, replaces := order.CertificateObject, order.Replaces
		order.RUnlock()
		if signed != nil && c.booked(signed, replaces) {
			c.nameCRL(signed)
			c.count(order.ID, signed)
			return
		}
	}
}

// booked reports whether Pebble is done with what it notes after signing: whose
// certificate it is, and which one it replaces (RFC 9773, section 5). It reads
// the latter without its lock while it takes the next order.
func (c *CA) booked(signed *core.Certificate, replaces string) bool {
	order, err := c.db.GetOrderByIssuedSerial(signed.ID)
	if err != nil {
		return false
	}
	if serial := signed.Cert.SerialNumber.Bytes(); serial[0] >= 0x80 {
		// A certificate's name has the sign octet of DER before it, by which
		// Pebble would not find the order.
		_ = c.db.AddOrderByIssuedSerial(&core.Order{
			ID: order.ID, AccountID: order.AccountID, Order: order.Order,
			CertificateObject: &core.Certificate{ID: "00" + signed.ID},
		})
	}
	_, number, _ := strings.Cut(replaces, ".")
	raw, err := base64.RawURLEncoding.DecodeString(number)
	if replaces == "" || err != nil {
		return true
	}
	before, err := c.db.GetOrderByIssuedSerial(hex.EncodeToString(raw))
	if err != nil {
		return true
	}
	before.RLock()
	defer before.RUnlock()
	return before.IsReplaced
}

func (c *CA) count(order string, signed *core.Certificate) {
	names := slices.Clone(signed.Cert.DNSNames)
	slices.Sort(names)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.issued = append(c.issued, Certificate{
		Names: names, Serial: hex.EncodeToString(signed.Cert.SerialNumber.Bytes()),
		Account: signed.AccountID, Order: order, Chain: signed.Chain(0), At: time.Now(),
	})
}

// Certificates returns everything that was issued, oldest first.
func (c *CA) Certificates() []Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.issued)
}

// CertificatesFor returns what was issued for exactly these names.
func (c *CA) CertificatesFor(names ...string) []Certificate {
	want := slices.Clone(names)
	slices.Sort(want)
	return slices.DeleteFunc(c.Certificates(), func(i Certificate) bool { return !slices.Equal(i.Names, want) })
}

// Revoked reports whether the certificate was revoked, and the reason code
// that was given (RFC 5280, section 5.3.1; 0 when none was).
func (c *CA) Revoked(serial string) (reason int, revoked bool) {
	c.pebble.Lock()
	defer c.pebble.Unlock()
	return c.revoked(serial)
}

// revoked is Revoked for those who ask Pebble already.
func (c *CA) revoked(serial string) (reason int, revoked bool) {
	raw, err := hex.DecodeString(serial)
	if err != nil {
		return 0, false
	}
	entry := c.db.GetRevokedCertificateBySerial(new(big.Int).SetBytes(raw))
	if entry == nil {
		return 0, false
	}
	if entry.Reason != nil {
		reason = int(*entry.Reason)
	}
	return reason, true
}
