package verify_test

import (
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/acmsync/acmsync/internal/lab/intruder"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/spec"
)

// registry is the name server of the top-level domain.
const registry = "127.0.0.10"

// TestNoWayInside: wherever a stranger writes an address of ours, nothing is
// opened to it, neither by the probe nor by a handshake or a question to a name
// server.
func TestNoWayInside(t *testing.T) {
	t.Parallel()
	addresses := intruder.Addresses()
	if len(addresses) < 60 {
		t.Fatalf("%d addresses", len(addresses))
	}
	for way, lead := range ways {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			s := newStrangers(t, front+"/32", registry+"/32")
			var met atomic.Int32
			listenBeside(t, s.web.http, &met)
			for i, addr := range addresses {
				lead(s, label(i), addr)
				opened, o := s.look(t, label(i))
				if slices.ContainsFunc(opened, func(to string) bool { return to != front && to != registry }) {
					t.Fatalf("%s: a socket is opened to %q", addr, opened) // the others would be waited for
				}
				checkTold(t, way, addr, o)
			}
			if met.Load() != 0 {
				t.Errorf("%d connections to 127.0.0.1", met.Load())
			}
		})
	}
}

// listenBeside counts connections to the port of the strangers' web server at
// an address of ours.
func listenBeside(t *testing.T, port int, met *atomic.Int32) {
	t.Helper()
	listen(t, net.JoinHostPort("127.0.0.1", itoa(port)), func(net.Conn) { met.Add(1) })
}

// checkTold: whoever reads the status learns that the address is not public.
func checkTold(t *testing.T, way, addr string, o record.Observation) {
	t.Helper()
	switch way {
	case "an address", "an alias", "a redirect", "a redirect to https", "a redirect to a name":
		if o.Probe.Result != record.ProbeForbidden {
			t.Errorf("%s by %s: the probe is told as %s: %s", addr, way, o.Probe.Result, o.Probe.Detail)
		}
	}
}

// TestEveryWayLeads keeps TestNoWayInside from passing because a way leads
// nowhere: where an address may be dialled, every one of them gets there.
func TestEveryWayLeads(t *testing.T) {
	t.Parallel()
	for way, lead := range ways {
		s := newStrangers(t, "127.0.0.0/8")
		lead(s, "n.example", "127.0.0.1")
		opened, _ := s.look(t, "n.example")
		moved, _ := s.look(t, "n.example")
		if !slices.Contains(slices.Concat(opened, moved), "127.0.0.1") {
			t.Errorf("%s does not lead to 127.0.0.1 but to %q", way, opened)
		}
	}
}

// TestWhatWasLookedAtIsDialled: a name that moves between the look and the
// connection is dialled where it was when it was looked at.
func TestWhatWasLookedAtIsDialled(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"a name that moves", "a redirect to a name that moves"} {
		s := newStrangers(t, "127.0.0.0/8")
		ways[way](s, "n.example", "127.0.0.1")
		if opened, _ := s.look(t, "n.example"); !slices.Equal(opened, []string{front}) {
			t.Errorf("%s: dialled at %q", way, opened)
		}
	}
}

// TestNoSpellingLeadsInside: neither as a domain nor in a redirect is a host
// taken for an address by another than its plain spelling.
func TestNoSpellingLeadsInside(t *testing.T) {
	t.Parallel()
	hosts := intruder.Hosts()
	if len(hosts) < 60 {
		t.Fatalf("%d spellings", len(hosts))
	}
	s := newStrangers(t, front+"/32")
	// What a system's own look-ups would make of localhost and the like.
	for _, name := range []string{"localhost", "foo.localhost", "metadata", "kubernetes", "ip6-localhost"} {
		s.Resolver.Set(name, "A 127.0.0.1")
	}
	s.Resolver.Set("public.example", "A "+front)
	for i, spelled := range append(hosts, "foo.localhost", "foo.localhost.") {
		if name, _, err := spec.CanonicalName(spelled); err == nil && name != "foo.localhost" {
			t.Errorf("the domain %q is taken for %s", spelled, name)
		}
		for j, location := range []string{"http://" + spelled + "/", "https://" + spelled, "//" + spelled + "/x"} {
			name := label(i*3 + j)
			s.redirects(name, location)
			if opened, _ := s.look(t, name); !slices.Equal(opened, []string{front}) {
				t.Errorf("a redirect to %q opens sockets to %q", location, opened)
			}
		}
	}
}

// TestAllowanceOpensNoMore: what an operator lets the prober dial is that range,
// in that spelling.
func TestAllowanceOpensNoMore(t *testing.T) {
	t.Parallel()
	for allowed, inside := range map[string][]string{
		"10.0.0.0/8":       {"10.0.0.0", "10.255.255.255"},
		"169.254.169.0/24": {"169.254.169.254"},
		"fd00::/16":        {"fd00::1"},
		"127.0.0.1/32":     {"127.0.0.1"},
		"64:ff9b::/96":     {"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"},
		"::ffff:0:0/96":    nil,
		"fe80::/10":        {"fe80::", "fe80::1", "febf:ffff::1"},
	} {
		var open []string
		for _, addr := range intruder.Addresses() {
			if record.Public(netip.MustParseAddr(addr), []netip.Prefix{netip.MustParsePrefix(allowed)}) {
				open = append(open, addr)
			}
		}
		if !maps.Equal(set(open), set(inside)) {
			t.Errorf("%s opens %q, want %q", allowed, open, inside)
		}
	}
}

func set(all []string) map[string]bool {
	found := map[string]bool{}
	for _, one := range all {
		found[one] = true
	}
	return found
}
