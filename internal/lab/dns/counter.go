package dns

import (
	"sync"

	mdns "github.com/miekg/dns"
)

// counter has a lock of its own, so that counting never waits for a change of
// the zone.
type counter struct {
	mu    sync.Mutex
	total int
	asked map[question]int
}

func (c *counter) add(q question) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total++
	c.asked[q]++
	c.asked[question{q.name, 0}]++
}

// Questions is how many questions arrived so far, over UDP and TCP; one that
// is repeated over TCP after truncation counts twice.
func (s *Server) Questions() int {
	s.count.mu.Lock()
	defer s.count.mu.Unlock()
	return s.count.total
}

// Asked is how many of them were for name and type; type 0 is every type.
func (s *Server) Asked(name string, qtype uint16) int {
	s.count.mu.Lock()
	defer s.count.mu.Unlock()
	return s.count.asked[question{mdns.CanonicalName(name), qtype}]
}
