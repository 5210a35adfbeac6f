package reconcile

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// shortLifetime is where renewing by two thirds would leave too little time to
// recover from a failure.
const shortLifetime = 10 * day

// window is the time within which a certificate is renewed.
type window struct{ start, end time.Time }

// renewalWindow lies around the fraction of the lifetime that policy names, 2 %
// of the lifetime to each side: wide enough that certificates of one day are
// not renewed in one minute, narrow enough to promise a date by.
func (p Policy) renewalWindow(c record.Certificate) window {
	lifetime := c.NotAfter.Sub(c.NotBefore)
	at := c.NotBefore.Add(part(lifetime, p.renewFraction(lifetime)))
	spread := part(lifetime, 0.02)
	return window{at.Add(-spread), at.Add(spread)}
}

func (p Policy) renewFraction(lifetime time.Duration) float64 {
	switch {
	case p.RenewAt > 0:
		return p.RenewAt
	case lifetime < shortLifetime:
		return 1.0 / 2
	default:
		return 2.0 / 3
	}
}

// RenewalTime is when the row's certificate is renewed: a point of its window
// that a hash of certificate and window chooses, so that every process says the
// same and it is drawn anew when the window moves. The window is the CA's, if it
// suggests one (RFC 9773, section 4.2), else the policy's. It is never later
// than the policy's fraction plus a tenth of the lifetime. What the CA revoked is
// renewed at once.
func RenewalTime(d record.Domain, p Policy) time.Time {
	c := *d.Certificate
	own := p.renewalWindow(c)
	w := own
	if said, ok := suggestion(d); ok {
		w = said
	}
	at := w.start.Add(part(w.end.Sub(w.start), draw(c.SHA256, w.start.Unix(), w.end.Unix())))
	if again := d.Suggestion.Urged.Add(urgedAgain); at.Before(again) && at.Before(own.start) {
		at = earliest(again, own.start)
	}
	lifetime := c.NotAfter.Sub(c.NotBefore)
	latest := c.NotBefore.Add(part(lifetime, p.renewFraction(lifetime)+0.1))
	if at.After(latest) {
		at = latest
	}
	if r, known := revocation(d); known {
		at = earliest(at, later(r.Seen, d.Suggestion.Urged.Add(urgedAgain)))
	}
	return at.Truncate(time.Second)
}

func part(d time.Duration, fraction float64) time.Duration {
	return time.Duration(float64(d) * fraction)
}

// draw is a fraction in [0, 1) that depends on nothing but its arguments.
func draw(of ...any) float64 {
	sum := sha256.Sum256([]byte(fmt.Sprintln(of...)))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}
