package dns

import (
	"fmt"
	"maps"
	"strings"

	mdns "github.com/miekg/dns"
)

// zone holds every record the server knows.
type zone struct {
	owners map[string]map[uint16][]mdns.RR
	// below counts the owners under a name, so that empty non-terminals are
	// found without a walk over the zone.
	below map[string]int
}

func newZone() zone {
	return zone{owners: map[string]map[uint16][]mdns.RR{}, below: map[string]int{}}
}

// Set makes rrs the name's records of their types: zone-file text without the
// owner, such as "A 203.0.113.1", "CNAME edge.example.net." or
// `CAA 0 issue "ca.test"`, with a TTL before the type where it matters. Types
// that are not mentioned stay, except that an alias replaces all other data
// and is replaced by it (RFC 1034, section 3.6.2). Without texts the name
// exists and has no data.
//
// Set panics when a text is no record: the text is the test's own.
func (s *Server) Set(name string, rrs ...string) {
	owner := mdns.CanonicalName(name)
	fresh := map[uint16][]mdns.RR{}
	for _, text := range rrs {
		rr := parse(owner, text)
		fresh[rr.Header().Rrtype] = append(fresh[rr.Header().Rrtype], rr)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zone.replace(owner, fresh)
}

func parse(owner, text string) mdns.RR {
	rr, err := mdns.NewRR("$TTL 0\n" + owner + " IN " + text)
	if err != nil || rr == nil {
		panic(fmt.Sprintf("lab DNS: %s %s is no record: %v", owner, text, err))
	}
	return rr
}

func (z zone) replace(owner string, fresh map[uint16][]mdns.RR) {
	have, known := z.owners[owner]
	if !known {
		z.countAbove(owner, 1)
	}
	if !known || fresh[mdns.TypeCNAME] != nil {
		have = map[uint16][]mdns.RR{}
	}
	delete(have, mdns.TypeCNAME)
	maps.Copy(have, fresh)
	z.owners[owner] = have
}

func (z zone) drop(owner string) {
	if _, known := z.owners[owner]; known {
		z.countAbove(owner, -1)
	}
	delete(z.owners, owner)
}

func (z zone) countAbove(owner string, by int) {
	for at := owner; at != "."; {
		at = parent(at)
		z.below[at] += by
	}
}

// Remove takes the name's records of one type away; type 0 takes them all, so
// that the name does not exist any more.
func (s *Server) Remove(name string, qtype uint16) {
	owner := mdns.CanonicalName(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	have := s.zone.owners[owner]
	delete(have, qtype)
	if qtype == 0 || len(have) == 0 {
		s.zone.drop(owner)
	}
}

// node finds the records that answer for name, expanding wildcards (RFC 4592,
// section 3.3.1); false means that the name does not exist.
func (z zone) node(name string) (map[uint16][]mdns.RR, bool) {
	if z.exists(name) {
		return z.owners[name], true
	}
	for at := parent(name); ; at = parent(at) {
		if z.exists(at) || at == "." {
			wild, ok := z.owners["*."+strings.TrimPrefix(at, ".")]
			return wild, ok
		}
	}
}

// exists holds for owners and for the empty non-terminals above them.
func (z zone) exists(name string) bool {
	_, ok := z.owners[name]
	return ok || z.below[name] > 0
}

// soa is the SOA of the zone that name lies in: the closest one that was set,
// at last the root's.
func (z zone) soa(name string) []mdns.RR {
	for at := name; ; at = parent(at) {
		if rrs := z.owners[at][mdns.TypeSOA]; len(rrs) > 0 || at == "." {
			return rrs
		}
	}
}

func parent(name string) string {
	next, end := mdns.NextLabel(name, 0)
	if end || name == "." {
		return "."
	}
	return name[next:]
}
