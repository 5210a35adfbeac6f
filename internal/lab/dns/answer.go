package dns

import (
	"slices"
	"strings"

	mdns "github.com/miekg/dns"
)

// maxChain is how many aliases are followed in one answer.
const maxChain = 16

// answer makes the reply to a request with one question; nil is silence.
func (s *Server) answer(request *mdns.Msg, udp bool) *mdns.Msg {
	asked := request.Question[0]
	name := mdns.CanonicalName(asked.Name)
	s.count.add(question{name, asked.Qtype})

	reply := new(mdns.Msg).SetReply(request)
	reply.RecursionAvailable, reply.Authoritative = s.zones == nil, s.zones != nil
	reply.CheckingDisabled = request.CheckingDisabled
	if opt := request.IsEdns0(); opt != nil {
		reply.SetEdns0(opt.UDPSize(), opt.Do())
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if fault, ok := s.walk(reply, name, asked.Qtype); ok {
		return fault.apply(reply)
	}
	if fault, ok := s.fault(name, asked.Qtype, reply); ok {
		return fault.shape(reply, udp)
	}
	reply.AuthenticatedData = s.zones == nil && s.validated(reply, name)
	return reply
}

// validated: every name of the answer lies in a signed zone.
func (s *Server) validated(reply *mdns.Msg, name string) bool {
	ok := s.secure(name)
	for _, rr := range reply.Answer {
		ok = ok && s.secure(rr.Header().Name)
	}
	return ok
}

func (s *Server) secure(name string) bool {
	for at := name; ; at = parent(at) {
		if s.signed[at] || at == "." {
			return s.signed[at]
		}
	}
}

// Sign has the server, as a resolver, answer for zone and all below it as
// validated (AD) from now on.
func (s *Server) Sign(zone string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signed[mdns.CanonicalName(zone)] = true
}

// walk fills in the answer, alias by alias, unless a fault lies on the way.
func (s *Server) walk(reply *mdns.Msg, name string, qtype uint16) (Fault, bool) {
	seen := map[string]bool{}
	for range maxChain {
		if fault, ok := s.fault(name, qtype, reply); ok && !fault.shapes() {
			return fault, true
		}
		if s.zones != nil && s.elsewhere(reply, name) {
			return Fault{}, false
		}
		node, ok := s.zone.node(name)
		if !ok {
			reply.Rcode = mdns.RcodeNameError
			reply.Ns = own(s.zone.soa(name), "")
			return Fault{}, false
		}
		reply.Answer = append(reply.Answer, own(node[qtype], name)...)
		alias := node[mdns.TypeCNAME]
		if len(node[qtype]) > 0 || len(alias) == 0 {
			if len(node[qtype]) == 0 {
				reply.Ns = own(s.zone.soa(name), "")
			}
			return Fault{}, false
		}
		reply.Answer = append(reply.Answer, own(alias[:1], name)...)
		seen[name] = true
		name = mdns.CanonicalName(alias[0].(*mdns.CNAME).Target)
		if seen[name] {
			return Fault{}, false
		}
	}
	return Fault{}, false
}

// elsewhere answers, as an authority, for names that are not its own: it
// refuses them, or ends an alias there, or refers to whom it delegated them.
func (s *Server) elsewhere(reply *mdns.Msg, name string) bool {
	if !s.serves(name) {
		if len(reply.Answer) == 0 {
			reply.Rcode, reply.Authoritative = mdns.RcodeRefused, false
		}
		return true
	}
	for at := name; !slices.Contains(s.zones, at); at = parent(at) {
		ns := s.zone.owners[at][mdns.TypeNS]
		if len(ns) == 0 {
			continue
		}
		reply.Ns, reply.Authoritative = own(ns, ""), len(reply.Answer) > 0
		for _, rr := range ns {
			for _, family := range []uint16{mdns.TypeA, mdns.TypeAAAA} {
				reply.Extra = append(reply.Extra, own(s.zone.owners[rr.(*mdns.NS).Ns][family], "")...)
			}
		}
		return true
	}
	return false
}

func (s *Server) serves(name string) bool {
	return slices.ContainsFunc(s.zones, func(zone string) bool { return mdns.IsSubDomain(zone, name) })
}

// own copies records, so that packing never shares them, and gives a
// wildcard's records the name that was asked for.
func own(rrs []mdns.RR, name string) []mdns.RR {
	var copies []mdns.RR
	for _, rr := range rrs {
		rr = mdns.Copy(rr)
		if name != "" && strings.HasPrefix(rr.Header().Name, "*.") {
			rr.Header().Name = name
		}
		copies = append(copies, rr)
	}
	return copies
}
