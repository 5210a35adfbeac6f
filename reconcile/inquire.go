package reconcile

import (
	"fmt"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// Inquires reports whether to look now whether the row's certificate was revoked
// without us: with the daily look at a healthy row, and with every look before
// an order.
func Inquires(d record.Domain, p Policy, now time.Time) bool {
	if d.Gone() || d.Mode != record.Auto && !d.Held || !valid(d, now) || d.Certificate.Manual() {
		return false
	}
	_, known := revocation(d)
	return !known && everything(d, p, now)
}

// inquired takes the CA's word into the row. What is revoked stays so: that
// somebody could not be asked later takes nothing back.
func inquired(d *record.Domain, said *record.Revocation, now time.Time) {
	if said == nil || d.Certificate == nil || said.SHA256 != d.Certificate.SHA256 {
		return
	}
	if _, known := revocation(*d); known {
		return
	}
	r := *said
	r.Serial, r.Seen, r.Successor = d.Certificate.Serial, now, ""
	d.Revocation = &r
}

// revocation is that of the certificate in use.
func revocation(d record.Domain) (record.Revocation, bool) {
	if d.Revocation == nil || d.Certificate == nil || d.Revocation.SHA256 != d.Certificate.SHA256 {
		return record.Revocation{}, false
	}
	return *d.Revocation, true
}

// Revoked is the revocation of the row's certificate, while it is in use for
// want of another.
func Revoked(d record.Domain) (record.Revocation, bool) { return revocation(d) }

// ReplacedRevoked is the revocation of the certificate that the row's took the
// place of.
func ReplacedRevoked(d record.Domain) (record.Revocation, bool) {
	if d.Revocation == nil || d.Certificate == nil || d.Revocation.Successor != d.Certificate.SHA256 {
		return record.Revocation{}, false
	}
	return *d.Revocation, true
}

// succeeded: another certificate takes the place of the row's.
func succeeded(d *record.Domain, by record.Certificate) {
	r, known := revocation(*d)
	if !known || by.SHA256 == r.SHA256 {
		d.Revocation = nil
		return
	}
	r.Successor = by.SHA256
	d.Revocation = &r
}

// revokedWhy words the revocation.
func revokedWhy(r record.Revocation) string {
	return fmt.Sprintf("its CA revoked it at %s (%s)", stamp(r.At), r.Why())
}
