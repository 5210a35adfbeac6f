package dns

import (
	"time"

	mdns "github.com/miekg/dns"
)

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
	// Lame answers without authority, as a server that was never told of the
	// zone it is delegated does.
	Lame bool
	// NoEDNS answers FORMERR, without an OPT record, to whoever sends one (RFC
	// 6891, section 7), and well to others.
	NoEDNS bool
	// Truncated cuts the answer short over UDP; NoTCP is then silent over TCP.
	Truncated, NoTCP bool
	// Subtree: all names below fail, too.
	Subtree bool
	// Delay passes before the answer. If nothing else is set, that is then right.
	Delay time.Duration
	// Raw are the bytes that stand where the answer's only record would; at is
	// how far from the beginning of the message. Nothing else has an effect.
	Raw func(at int) []byte
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

// After calls do once, when the next question for name and type has found its
// answer: what it sets is what the question after that gets, as of a zone whose
// records have no lifetime and change while somebody looks.
func (s *Server) After(name string, qtype uint16, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after[question{mdns.CanonicalName(name), qtype}] = do
}

func (s *Server) turn(asked mdns.Question) {
	s.mu.Lock()
	q := question{mdns.CanonicalName(asked.Name), asked.Qtype}
	do := s.after[q]
	delete(s.after, q)
	s.mu.Unlock()
	if do != nil {
		do()
	}
}

// fault finds what is wrong with a question: its own fault, or one that an
// ancestor hands down.
func (s *Server) fault(name string, qtype uint16, reply *mdns.Msg) (Fault, bool) {
	for at := name; len(s.faults) > 0; at = parent(at) {
		for _, of := range []uint16{qtype, 0} {
			f, ok := s.faults[question{at, of}]
			if ok && (at == name || f.Subtree) && !(f.OnlyWithoutCD && reply.CheckingDisabled) && !(f.NoEDNS && reply.IsEdns0() == nil) {
				return f, true
			}
		}
		if at == "." {
			break
		}
	}
	return Fault{}, false
}

// raw is the message of a fault that has its bytes made; nil: there is none.
func (s *Server) raw(request *mdns.Msg, udp bool) []byte {
	asked := request.Question[0]
	reply := new(mdns.Msg).SetReply(request)
	s.mu.RLock()
	defer s.mu.RUnlock()
	fault, ok := s.fault(mdns.CanonicalName(asked.Name), asked.Qtype, reply)
	if !ok || fault.Raw == nil {
		return nil
	}
	message, err := reply.Pack()
	if err != nil {
		return nil
	}
	// The header's flags and counts (RFC 1035, section 4.1.1).
	const flags, truncated, answers = 2, 0x02, 7
	record := fault.Raw(len(message))
	if udp && len(message)+len(record) > udpSize(request) {
		message[flags] |= truncated
		return message
	}
	message[answers] = 1
	return append(message, record...)
}

// shapes tells faults of an answer that is otherwise right.
func (f Fault) shapes() bool {
	return f.Lame || f.Truncated || f.Delay > 0 && f.Rcode == 0 && !f.Silent
}

// delay is how long a question waits for its answer.
func (s *Server) delay(request *mdns.Msg) time.Duration {
	s.mu.RLock()
	defer s.mu.RUnlock()
	asked := request.Question[0]
	f, _ := s.fault(mdns.CanonicalName(asked.Name), asked.Qtype, new(mdns.Msg).SetReply(request))
	return f.Delay
}

// shape spoils a right answer; nil is silence.
func (f Fault) shape(reply *mdns.Msg, udp bool) *mdns.Msg {
	switch {
	case f.Lame:
		reply.Authoritative = false
	case f.Truncated && udp:
		reply.Truncated, reply.Answer, reply.Ns = true, nil, nil
	case f.Truncated && f.NoTCP:
		return nil
	}
	return reply
}

// apply turns a reply into the fault's; nil is silence.
func (f Fault) apply(reply *mdns.Msg) *mdns.Msg {
	if f.Silent {
		return nil
	}
	reply.Answer, reply.Ns = nil, nil
	reply.Rcode = f.Rcode
	if f.NoEDNS {
		reply.Rcode, reply.Extra = mdns.RcodeFormatError, nil
	}
	if opt := reply.IsEdns0(); opt != nil && f.EDE != 0 {
		opt.Option = append(opt.Option, &mdns.EDNS0_EDE{InfoCode: f.EDE, ExtraText: f.Text})
	}
	return reply
}
