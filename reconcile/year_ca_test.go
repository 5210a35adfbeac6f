package reconcile_test

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// strictCA enforces its limits exactly, by books of its own that share no code
// with ours. It counts as Boulder does: orders when they are made, registered
// domains and sets of names when it issues, though it looks at all of them when
// an order is made.
type strictCA struct {
	orders, domain, set, failed, consecutive rate
	// renewalsCount: certificates for names that had one are like any other.
	renewalsCount bool

	buckets map[string]*tokens
	issued  map[string]bool // sets of names
	outages []span
	refused map[string]int // 429s, by limit
	until   map[string]time.Time
	early   int // requests before the time that Retry-After named
	excess  int // certificates beyond a limit
	paused  int
	made    int // orders
	serials int
}

// rate is count tokens in a time.
type rate struct {
	count float64
	per   time.Duration
}

type tokens struct {
	rate
	left float64
	at   time.Time
}

type span struct{ from, to time.Time }

func newStrictCA(orders rate) *strictCA {
	return &strictCA{
		orders: orders, domain: rate{50, 7 * day}, set: rate{5, 7 * day},
		failed: rate{5, time.Hour}, consecutive: rate{1152, 1152 * day},
		buckets: map[string]*tokens{}, issued: map[string]bool{}, refused: map[string]int{}, until: map[string]time.Time{},
	}
}

// bucket is the named bucket as it is now.
func (c *strictCA) bucket(r rate, now time.Time, key ...any) *tokens {
	name := fmt.Sprint(key...)
	b := c.buckets[name]
	if b == nil {
		b = &tokens{rate: r, left: r.count, at: now}
		c.buckets[name] = b
	}
	if passed := now.Sub(b.at); passed > 0 {
		b.left = min(b.count, b.left+b.count*float64(passed)/float64(b.per))
		b.at = now
	}
	return b
}

// dust is what floating point may lose of a token in a year.
const dust = 1e-6

func (b *tokens) empty() bool { return b.left < 1-dust }

// back is when there is a token again.
func (b *tokens) back() time.Time {
	return b.at.Add(time.Duration((1 - b.left) * float64(b.per) / b.count))
}

func (c *strictCA) down(now time.Time) bool {
	return slices.ContainsFunc(c.outages, func(o span) bool { return !now.Before(o.from) && now.Before(o.to) })
}

// newOrder is answered with a refusal, or nil.
func (c *strictCA) newOrder(name, registered string, exempt bool, now time.Time) *record.Problem {
	counts := c.renewalsCount || !exempt && !c.issued[name]
	look := map[string]*tokens{}
	if counts {
		look["new orders"] = c.bucket(c.orders, now, "orders")
		look[fmt.Sprintf("certificates already issued for %q", registered)] = c.bucket(c.domain, now, "domain ", registered)
	}
	if c.renewalsCount || !exempt {
		look["certificates already issued for this exact set of identifiers"] = c.bucket(c.set, now, "set ", name)
		look[fmt.Sprintf("failed authorizations for %q", name)] = c.bucket(c.failed, now, "failed ", name)
	}
	for _, what := range slices.Sorted(maps.Keys(look)) {
		if b := look[what]; b.empty() {
			c.refused[what[:10]]++
			if now.Before(c.until[what]) {
				c.early++
			}
			c.until[what] = b.back()
			return &record.Problem{
				Type: record.ErrorURN + "rateLimited", Status: 429, During: "order",
				Detail: "too many " + what, RetryAfter: b.back(),
			}
		}
	}
	if counts {
		look["new orders"].left--
	}
	c.made++
	return nil
}

// fail counts a validation that failed.
func (c *strictCA) fail(name string, now time.Time) {
	c.bucket(c.failed, now, "failed ", name).left--
	b := c.bucket(c.consecutive, now, "consecutive ", name)
	if b.empty() {
		c.paused++
		return
	}
	b.left--
}

// issue gives the certificate out.
func (c *strictCA) issue(name, registered string, exempt bool, now time.Time) record.Certificate {
	c.spend(c.bucket(c.set, now, "set ", name), exempt)
	if c.renewalsCount || !exempt && !c.issued[name] {
		c.spend(c.bucket(c.domain, now, "domain ", registered), false)
	}
	c.bucket(c.consecutive, now, "consecutive ", name).left = c.consecutive.count
	c.issued[name] = true
	c.serials++
	serial := fmt.Sprintf("%06x", c.serials)
	return record.Certificate{
		Serial: serial, SHA256: serial, Issuer: "strict", Names: []string{name},
		NotBefore: now, NotAfter: now.Add(90 * day), IssuedAt: now,
	}
}

func (c *strictCA) spend(b *tokens, free bool) {
	switch {
	case !b.empty():
		b.left--
	case !free:
		c.excess++
	}
}
