package dns

import (
	"errors"
	"fmt"
)

// World is a resolver and, beside it, the name servers it would have asked: the
// registry of a top-level domain and two hosts that serve the same zones. The
// resolver answers from records of its own, as out of its cache, so that a test
// says what it still remembers.
type World struct {
	Resolver, Registry *Server
	// Hosts are ns1.dns.test and ns2.dns.test.
	Hosts [2]*Server
}

// worldTries bounds the search for a port that is free at all addresses.
const worldTries = 20

// NewWorld starts a World in which each zone lies directly below tld and is
// delegated to both hosts.
func NewWorld(tld string, zones ...string) (*World, error) {
	var err error
	for range worldTries {
		w := &World{}
		if err = w.start(tld, zones); err == nil {
			w.delegate(tld, zones)
			return w, nil
		}
		err = errors.Join(err, w.Close())
	}
	return nil, fmt.Errorf("starting name servers that share a port: %w", err)
}

func (w *World) start(tld string, zones []string) (err error) {
	if w.Resolver, err = New(); err != nil {
		return err
	}
	if w.Registry, err = Start(Options{Address: "127.0.0.10", Zones: []string{tld}}); err != nil {
		return err
	}
	for i := range w.Hosts {
		o := Options{Address: fmt.Sprintf("127.0.0.%d", 11+i), Port: w.Port(), Zones: zones}
		if w.Hosts[i], err = Start(o); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) delegate(tld string, zones []string) {
	w.Resolver.Set(tld, "300 NS ns.registry.test.", "300 SOA ns.registry.test. host.registry.test. 1 1 1 1 300")
	w.Resolver.Set("ns.registry.test", "300 A 127.0.0.10")
	w.Resolver.Set("ns1.dns.test", "300 A 127.0.0.11")
	w.Resolver.Set("ns2.dns.test", "300 A 127.0.0.12")
	for _, zone := range zones {
		top := []string{"300 NS ns1.dns.test.", "300 NS ns2.dns.test.", "300 SOA ns1.dns.test. host." + zone + ". 1 1 1 1 300"}
		w.Registry.Set(zone, top[:2]...)
		w.everywhere(zone, top...)
	}
}

func (w *World) everywhere(name string, rrs ...string) {
	for _, s := range []*Server{w.Resolver, w.Hosts[0], w.Hosts[1]} {
		s.Set(name, rrs...)
	}
}

// Port is the one that registry and hosts listen on.
func (w *World) Port() int { return w.Registry.Port() }

// Close stops all of them.
func (w *World) Close() error {
	var errs []error
	for _, s := range []*Server{w.Resolver, w.Registry, w.Hosts[0], w.Hosts[1]} {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(errs...)
}
