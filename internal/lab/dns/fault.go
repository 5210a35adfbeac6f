package dns

import mdns "github.com/miekg/dns"

// Fault is what goes wrong with a question instead of an answer.
type Fault struct {
	// Rcode answers the question: 2 SERVFAIL, 4 NOTIMP, 5 REFUSED, …
	Rcode int
	// EDE and Text explain it (RFC 8914); 0 adds no explanation.
	EDE  uint16
	Text string
	// OnlyWithoutCD: a question with CD set (checking disabled, RFC 4035,
	// section 3.2.2) is answered as if nothing were wrong, so what fails is
	// DNSSEC validation.
	OnlyWithoutCD bool
	// Silent: no answer at all.
	Silent bool
	// Subtree: all names below fail, too.
	Subtree bool
}

// Fail makes questions for name and type fail from now on, also where an alias
// leads there; type 0 stands for every type.
func (s *Server) Fail(name string, qtype uint16, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[question{mdns.CanonicalName(name), qtype}] = f
}

// Mend takes back what Fail did for the same name and type.
func (s *Server) Mend(name string, qtype uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.faults, question{mdns.CanonicalName(name), qtype})
}

// fault finds what is wrong with a question: its own fault, or one that an
// ancestor hands down.
func (s *Server) fault(name string, qtype uint16, checkingDisabled bool) (Fault, bool) {
	for at := name; len(s.faults) > 0; at = parent(at) {
		for _, of := range []uint16{qtype, 0} {
			f, ok := s.faults[question{at, of}]
			if ok && (at == name || f.Subtree) && !(f.OnlyWithoutCD && checkingDisabled) {
				return f, true
			}
		}
		if at == "." {
			break
		}
	}
	return Fault{}, false
}

// apply turns a reply into the fault's; nil is silence.
func (f Fault) apply(reply *mdns.Msg) *mdns.Msg {
	if f.Silent {
		return nil
	}
	reply.Answer, reply.Ns = nil, nil
	reply.Rcode = f.Rcode
	if opt := reply.IsEdns0(); opt != nil && f.EDE != 0 {
		opt.Option = append(opt.Option, &mdns.EDNS0_EDE{InfoCode: f.EDE, ExtraText: f.Text})
	}
	return reply
}
