package diagnose

import "github.com/acmsync/acmsync/internal/record"

// The functions of this file show what our own look saw, beside the words of a CA
// that saw something else. Only what somebody set is shown, so that the same
// trouble reads the same at each look: addresses at the end of aliases change by
// themselves.

// answerSeen is how the probe was answered.
func (f facts) answerSeen() []record.RR {
	switch {
	case f.Probe == nil, f.Probe.Result == "", f.Probe.Result == record.ProbeNotAsked:
		return nil
	case f.matched():
		return []record.RR{{Type: "HTTP", Name: f.challengeURL(), Value: "the right answer"}}
	default:
		return f.answerRecords()
	}
}

// recordsSeen are the aliases of the name as far as the platform's target, or
// else its addresses. A CA that reads a TXT record asks for neither.
func (f facts) recordsSeen() []record.RR {
	if f.DNS == nil || f.provedInDNS() {
		return nil
	}
	if len(f.DNS.Chain) == 0 {
		return f.observed()
	}
	var rrs []record.RR
	for _, hop := range f.DNS.Chain {
		rrs = append(rrs, cleanRR(hop))
		if f.target != "" && sameName(hop.Value, f.target) {
			break
		}
	}
	return rrs
}

// caaSeen is the CAA set that counts for the name, or what was answered in its
// place.
func (f facts) caaSeen() []record.RR {
	if f.CAA == nil {
		return nil
	}
	f = f.withCAA()
	switch {
	case len(f.CAA.Records) > 0:
		return append(cleanRRs(f.CAA.Chain), f.caaObserved()...)
	case answeredCAA(f.CAA):
		return []record.RR{{Type: "CAA", Name: f.name, Value: "(no CAA records)"}}
	default:
		return []record.RR{{Type: "CAA", Name: f.caaZone(), Value: "(" + answerText(f.CAA.Answer) + ")"}}
	}
}
