package verify

import (
	"context"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/record"
)

const (
	// maxShared bounds how long an answer is shared, whatever its TTL, so that
	// a mended record is seen at the next look.
	maxShared = 30 * time.Second
	// maxEntries bounds what is remembered, about 2 MB.
	maxEntries = 4096
)

// cache shares answers about names that many domains have in common, for their
// TTL, and lets one question serve all who wait for the same answer. Failures
// are shared with those who wait and with nobody else.
type cache struct {
	ask func(ctx context.Context, name string, qtype uint16) reply

	mu      sync.Mutex
	entries map[cacheKey]*entry
}

type cacheKey struct {
	name  string
	qtype uint16
}

// entry is an answer or, until ready is closed, the wait for one.
type entry struct {
	ready chan struct{}
	reply reply
	until time.Time
}

func newCache(ask func(context.Context, string, uint16) reply) *cache {
	return &cache{ask: ask, entries: map[cacheKey]*entry{}}
}

// lookup answers from memory, from somebody else's question, or by asking.
func (c *cache) lookup(ctx context.Context, name string, qtype uint16) reply {
	key := cacheKey{dns.CanonicalName(name), qtype}
	for {
		e, mine := c.claim(key)
		if mine {
			return c.fill(ctx, key, e)
		}
		select {
		case <-e.ready:
		case <-ctx.Done():
			return reply{answer: record.NoAnswer, detail: outOfTime}
		}
		// The one who asked may have been cut off; that says nothing about us.
		if e.reply.answer != record.NoAnswer || ctx.Err() != nil {
			return e.reply
		}
	}
}

// claim returns the entry to wait for, or a new one that is the caller's to
// fill.
func (c *cache) claim(key cacheKey) (e *entry, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[key]; e != nil && (!e.settled() || time.Now().Before(e.until)) {
		return e, false
	}
	if len(c.entries) >= maxEntries {
		c.shrink()
	}
	e = &entry{ready: make(chan struct{})}
	c.entries[key] = e
	return e, true
}

func (c *cache) fill(ctx context.Context, key cacheKey, e *entry) reply {
	// Also after a panic in ask, nobody may wait for ever.
	e.reply = reply{answer: record.NoAnswer}
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		e.until = time.Now().Add(e.reply.ttl)
		if e.reply.ttl <= 0 && c.entries[key] == e {
			delete(c.entries, key)
		}
		close(e.ready)
	}()
	e.reply = c.ask(ctx, key.name, key.qtype)
	return e.reply
}

// shrink drops what has expired, and everything settled if that is not enough.
func (c *cache) shrink() {
	now := time.Now()
	for key, e := range c.entries {
		if e.settled() && now.After(e.until) {
			delete(c.entries, key)
		}
	}
	if len(c.entries) < maxEntries {
		return
	}
	for key, e := range c.entries {
		if e.settled() {
			delete(c.entries, key)
		}
	}
}

func (e *entry) settled() bool {
	select {
	case <-e.ready:
		return true
	default:
		return false
	}
}
