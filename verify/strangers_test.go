package verify_test

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	mdns "github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

// front is the only address that is public in the world of strangers: a web
// server of theirs.
const front = "127.0.0.9"

// strangers control names, what these resolve to, and a web server. Every socket
// that is opened is written down.
type strangers struct {
	*dns.World
	web      web
	verifier *verify.Verifier
	question record.Question

	mu        sync.Mutex
	locations map[string]string
	opened    []string
}

// newStrangers has them in a world in which the given ranges may be dialled.
func newStrangers(t testing.TB, allow ...string) *strangers {
	t.Helper()
	s := &strangers{World: newWorld(t), locations: map[string]string{}}
	s.web = newWebAt(t, front, s.answer)
	var ranges []netip.Prefix
	for _, text := range allow {
		ranges = append(ranges, netip.MustParsePrefix(text))
	}
	s.verifier = verify.New(verify.Config{
		Resolvers: []string{s.Resolver.Addr()}, ProbeAllow: ranges, AuthorityPort: s.Port(), Opened: s.open,
	})
	s.question = record.Question{
		DNS: true, CAA: true, Probe: true, Served: true,
		ProbeToken: token, ProbeExpect: expect, ProbePort: s.web.http, ServedPort: s.web.https,
	}
	return s
}

func (s *strangers) answer(w http.ResponseWriter, r *http.Request) {
	host, _, _ := strings.Cut(r.Host, ":")
	s.mu.Lock()
	location, ok := s.locations[host]
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusFound)
}

// redirects points the name at the web server, which sends on from there.
func (s *strangers) redirects(name, location string) {
	s.mu.Lock()
	s.locations[name] = location
	s.mu.Unlock()
	s.Resolver.Set(name, "A "+front)
}

// moves has the name at the web server, and elsewhere as soon as that was told.
func (s *strangers) moves(name, addr string) {
	s.Resolver.Set(name, "A "+front)
	s.Resolver.After(name, mdns.TypeA, func() {
		s.Resolver.Remove(name, mdns.TypeA)
		s.Resolver.Set(name, at(addr))
	})
}

func (s *strangers) open(_, address string) {
	host, _, _ := net.SplitHostPort(address)
	if address == s.Resolver.Addr() {
		return // whom the operator named
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened = append(s.opened, host)
}

// look observes the name and returns to whom sockets were opened meanwhile.
func (s *strangers) look(t *testing.T, name string) ([]string, record.Observation) {
	t.Helper()
	q := s.question
	q.Name = name
	o := observe(t, s.verifier, q)
	if zone, err := s.verifier.ChallengeZone(t.Context(), name); q.Authorities && err == nil {
		s.verifier.Missing(t.Context(), zone, "value")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	opened := s.opened
	s.opened = nil
	slices.Sort(opened)
	return slices.Compact(opened), o
}

func at(addr string) string {
	if strings.Contains(addr, ":") {
		return "AAAA " + addr
	}
	return "A " + addr
}

func host(addr string) string {
	if strings.Contains(addr, ":") {
		return "[" + addr + "]"
	}
	return addr
}

// ways lead from a name to an address.
var ways = map[string]func(s *strangers, name, addr string){
	"an address": func(s *strangers, name, addr string) { s.Resolver.Set(name, at(addr)) },
	"one of several": func(s *strangers, name, addr string) {
		s.Resolver.Set(name, at(addr), "A "+front)
	},
	"an alias": func(s *strangers, name, addr string) {
		s.Resolver.Set(name, "CNAME one."+name+".")
		s.Resolver.Set("one."+name, "CNAME two."+name+".")
		s.Resolver.Set("two."+name, at(addr))
	},
	"the target": func(s *strangers, name, addr string) {
		s.question.Target = "target." + name
		s.Resolver.Set(name, "CNAME target."+name+".")
		s.Resolver.Set("target."+name, at(addr))
	},
	"a redirect":              func(s *strangers, name, addr string) { s.redirects(name, "http://"+host(addr)+"/") },
	"a redirect to a port":    func(s *strangers, name, addr string) { s.redirects(name, "http://"+host(addr)+":80/") },
	"a redirect to https":     func(s *strangers, name, addr string) { s.redirects(name, "https://"+host(addr)+"/") },
	"a redirect of no scheme": func(s *strangers, name, addr string) { s.redirects(name, "//"+host(addr)+"/") },
	"two redirects": func(s *strangers, name, addr string) {
		s.redirects(name, "http://next."+name+"/")
		s.redirects("next."+name, "https://"+host(addr)+"/")
	},
	"a redirect to a name": func(s *strangers, name, addr string) {
		s.redirects(name, "https://to."+name+"/")
		s.Resolver.Set("to."+name, at(addr))
	},
	"a redirect to an alias": func(s *strangers, name, addr string) {
		s.redirects(name, "http://to."+name+"/")
		s.Resolver.Set("to."+name, "CNAME end."+name+".")
		s.Resolver.Set("end."+name, at(addr))
	},
	"a name server": func(s *strangers, name, addr string) {
		s.question.Authorities = true
		s.Resolver.Set(name, "A "+front, "NS ns."+name+".", "SOA ns."+name+". host."+name+". 1 1 1 1 1")
		s.Resolver.Set("ns."+name, at(addr))
	},
	"glue": func(s *strangers, name, addr string) {
		s.question.Authorities = true
		s.Resolver.Fail(name, 0, dns.Fault{Rcode: mdns.RcodeServerFailure, Subtree: true})
		s.Registry.Set(name, "NS ns."+name+".")
		s.Registry.Set("ns."+name, at(addr))
	},
	"a name that moves": func(s *strangers, name, addr string) {
		s.moves(name, addr)
	},
	"a redirect to a name that moves": func(s *strangers, name, addr string) {
		s.redirects(name, "http://to."+name+"/")
		s.moves("to."+name, addr)
	},
}

func label(i int) string { return fmt.Sprintf("n%d.example", i) }
