package dns

import (
	"strings"

	mdns "github.com/miekg/dns"
)

// maxChain is how many aliases are followed in one answer.
const maxChain = 16

// answer makes the reply to a request with one question; nil is silence.
func (s *Server) answer(request *mdns.Msg) *mdns.Msg {
	asked := request.Question[0]
	name := mdns.CanonicalName(asked.Name)
	s.count.add(question{name, asked.Qtype})

	reply := new(mdns.Msg).SetReply(request)
	reply.RecursionAvailable = true
	reply.CheckingDisabled = request.CheckingDisabled
	if opt := request.IsEdns0(); opt != nil {
		reply.SetEdns0(opt.UDPSize(), opt.Do())
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if fault, ok := s.walk(reply, name, asked.Qtype); ok {
		return fault.apply(reply)
	}
	return reply
}

// walk fills in the answer, alias by alias, unless a fault lies on the way.
func (s *Server) walk(reply *mdns.Msg, name string, qtype uint16) (Fault, bool) {
	seen := map[string]bool{}
	for range maxChain {
		if fault, ok := s.fault(name, qtype, reply.CheckingDisabled); ok {
			return fault, true
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
