package challenge

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// TXT is one value of the TXT record at Name. A record set may hold other
// values, of other orders: they are nobody's to touch.
type TXT struct {
	// Zone and Name are without a trailing dot; Name lies in Zone.
	Zone, Name string
	// Value is 43 characters of base64url (RFC 8555, section 8.4).
	Value string
	// Domain, Token and KeyAuth are what the value was made of, for programs
	// that want to make it themselves.
	Domain, Token, KeyAuth string
}

// Provider writes TXT records. Both methods may be called again for the same
// value, from several goroutines, and end with their context.
type Provider interface {
	// Add puts the value beside those that are there.
	Add(ctx context.Context, t TXT) error
	// Remove takes the value away, and no other. That it is not there is no
	// error.
	Remove(ctx context.Context, t TXT) error
}

// Zones finds out, by asking, where a challenge's record belongs and who has it.
type Zones interface {
	ChallengeZone(ctx context.Context, name string) (record.ChallengeZone, error)
	Missing(ctx context.Context, z record.ChallengeZone, value string) []string
}

// DNS answers dns-01 challenges (RFC 8555, section 8.4). Its errors are of type
// [record.Unanswered], or the context's.
type DNS struct {
	config DNSConfig

	mu sync.Mutex
	// placed remembers where values were put, for as long as they are there.
	placed map[string]record.ChallengeZone // by name and token
}

// DNSConfig is what a DNS works with.
type DNSConfig struct {
	Provider Provider
	Zones    Zones
	// Thumbprint is the account key's (RFC 8555, section 8.1).
	Thumbprint string
	// Timeout bounds one write; 0: 30 s.
	Timeout time.Duration
	// Propagation is how long all authoritative servers may take to have what
	// was written; 0: 5 minutes.
	Propagation time.Duration
	// Log gets what a program of the operator wrote, which may hold secrets and
	// so is in no error; nil: nobody does.
	Log *slog.Logger
}

// NewDNS returns a DNS. Nothing is asked yet.
func NewDNS(c DNSConfig) *DNS {
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Propagation <= 0 {
		c.Propagation = 5 * time.Minute
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &DNS{config: c, placed: map[string]record.ChallengeZone{}}
}

// Present writes the value, and leaves others at the same name alone.
func (d *DNS) Present(ctx context.Context, name, token, keyAuth string) error {
	if err := checkToken(token); err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, d.config.Timeout)
	defer cancel()
	zone, err := d.config.Zones.ChallengeZone(within, name)
	if err == nil {
		d.remember(name, token, &zone)
		err = d.config.Provider.Add(within, txt(zone, name, token, keyAuth))
	}
	return d.explain(ctx, within, name, zone, err)
}

// CleanUp takes the value away, and no other. What it was is known from the
// token, so this works for what an earlier process presented too.
func (d *DNS) CleanUp(ctx context.Context, name, token string) error {
	if err := checkToken(token); err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, d.config.Timeout)
	defer cancel()
	zone, err := d.zone(within, name, token)
	if err == nil {
		err = d.config.Provider.Remove(within, txt(zone, name, token, token+"."+d.config.Thumbprint))
	}
	if err == nil {
		d.remember(name, token, nil)
	}
	return d.explain(ctx, within, name, zone, err)
}

// Missing names the authoritative servers that do not have the value yet, each
// in a phrase; none: wherever the CA asks, it finds it.
func (d *DNS) Missing(ctx context.Context, name, token, keyAuth string) ([]string, error) {
	within, cancel := context.WithTimeout(ctx, d.config.Timeout)
	defer cancel()
	zone, err := d.zone(within, name, token)
	if err != nil {
		return nil, d.explain(ctx, within, name, zone, err)
	}
	missing := d.config.Zones.Missing(within, zone, digest(keyAuth))
	return missing, ctx.Err()
}

// Propagation is how long it is waited for all servers.
func (d *DNS) Propagation() time.Duration { return d.config.Propagation }

// zone is where the value was put, as far as this process knows, or else where
// it would be put now.
func (d *DNS) zone(ctx context.Context, name, token string) (record.ChallengeZone, error) {
	d.mu.Lock()
	known, ok := d.placed[name+" "+token]
	d.mu.Unlock()
	if ok {
		return known, nil
	}
	zone, err := d.config.Zones.ChallengeZone(ctx, name)
	return zone, err
}

func (d *DNS) remember(name, token string, zone *record.ChallengeZone) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if zone == nil {
		delete(d.placed, name+" "+token)
		return
	}
	d.placed[name+" "+token] = *zone
}

// explain types an error: ctx is the caller's, within has our own time-out.
func (d *DNS) explain(ctx, within context.Context, name string, zone record.ChallengeZone, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	u := &record.Unanswered{Name: name, Record: zone.Name, Detail: err.Error(), Late: within.Err() != nil}
	var timeout interface{ Timeout() bool }
	u.Late = u.Late || errors.As(err, &timeout) && timeout.Timeout()
	if u.Record == "" {
		u.Record = "_acme-challenge." + strings.TrimPrefix(name, "*.")
	}
	var program *programError
	if errors.As(err, &program) && program.output != "" {
		d.config.Log.Warn("the dns-01 program failed", "domain", name, "status", program.status, "output", program.output)
	}
	var refused *refusal
	u.Foreign = errors.As(err, &refused) && refused.foreign
	return u
}

func txt(z record.ChallengeZone, name, token, keyAuth string) TXT {
	return TXT{
		Zone: z.Zone, Name: z.Name, Value: digest(keyAuth),
		Domain: strings.TrimPrefix(name, "*."), Token: token, KeyAuth: keyAuth,
	}
}

// digest is the record's value (RFC 8555, section 8.4).
func digest(keyAuth string) string {
	sum := sha256.Sum256([]byte(keyAuth))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
