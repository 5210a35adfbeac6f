package issue

import (
	"sync"
	"time"
)

// nonces are anti-replay nonces for use (RFC 8555, section 6.5). Each answer to
// a POST brings one, so that with the pool shared by all orders almost none has
// to be asked for.
type nonces struct {
	mu   sync.Mutex
	have []nonce
}

type nonce struct {
	value string
	got   time.Time
}

// CAs forget nonces after a while, and using a forgotten one costs a request
// and a pause: asking for a new one is cheaper.
const (
	nonceLife = 5 * time.Minute
	maxNonces = 64
	// nonceLook is how often the pool is looked at by those that wait.
	nonceLook = 5 * time.Millisecond
)

// take returns the youngest nonce; the others are older still.
func (n *nonces) take(now time.Time) (string, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.good(now) {
		n.have = nil
		return "", false
	}
	last := len(n.have) - 1
	value := n.have[last].value
	n.have = n.have[:last]
	return value, true
}

// empty reports whether one has to be asked for.
func (n *nonces) empty(now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return !n.good(now)
}

// good reports whether there is a nonce that the CA has not forgotten yet.
func (n *nonces) good(now time.Time) bool {
	return len(n.have) > 0 && now.Sub(n.have[len(n.have)-1].got) <= nonceLife
}

func (n *nonces) put(value string, now time.Time) {
	if value == "" {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.have) == maxNonces {
		n.have = n.have[1:]
	}
	n.have = append(n.have, nonce{value, now})
}

// clear forgets all: the CA refused one, and the others are no younger.
func (n *nonces) clear() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.have = nil
}
