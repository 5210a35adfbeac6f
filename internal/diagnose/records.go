package diagnose

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/acmsync/acmsync/internal/record"
)

// Expected are the records that would be right for the name of a question, the
// same that findings name; none where the platform does not say.
func Expected(p record.Platform, q record.Question) []record.RR {
	return gather(p, q, record.Observation{}, nil).expected()
}

// expected are the records that would be right: a CNAME to the target, or for
// an apex, where none may stand (RFC 1034, section 3.6.2), the addresses, or
// else an ALIAS as providers call it.
func (f facts) expected() []record.RR {
	// A zone of its own has no CNAME at its top either, wherever it was cut off.
	apex := (f.question.Apex() || sameName(f.origin(), f.name)) && !strings.HasPrefix(f.name, "*.")
	switch {
	case f.target != "" && !apex:
		return []record.RR{{Type: "CNAME", Name: f.name, Value: f.target}}
	case len(f.addresses) > 0:
		return addressRecords(f.name, f.addresses)
	case f.target != "":
		return []record.RR{{Type: "ALIAS", Name: f.name, Value: f.target}}
	default:
		return nil
	}
}

// expectedText says expected in a sentence, after "set" or "add".
func (f facts) expectedText() string {
	rrs := f.expected()
	if len(rrs) == 0 {
		return "the record for " + f.name + " that this platform's operator names"
	}
	text := say(rrs)
	if f.target != "" && (rrs[0].Type == "A" || rrs[0].Type == "AAAA") {
		text += ", or ALIAS " + f.name + " to " + f.target
	}
	return text
}

// observed are the DNS records the name has now.
func (f facts) observed() []record.RR {
	if f.DNS == nil {
		return nil
	}
	rrs := make([]record.RR, 0, len(f.DNS.Chain)+4)
	owner := f.name
	for _, hop := range f.DNS.Chain {
		rr := cleanRR(hop)
		rrs, owner = append(rrs, rr), rr.Value
	}
	return append(rrs, addressRecords(owner, f.resolved())...)
}

// cleanRR makes a record from DNS fit to be shown.
func cleanRR(rr record.RR) record.RR {
	return record.RR{
		Type:  Clean(rr.Type, maxWord),
		Name:  Clean(strings.TrimSuffix(rr.Name, "."), maxName),
		Value: Clean(strings.TrimSuffix(rr.Value, "."), maxName),
	}
}

func cleanRRs(rrs []record.RR) []record.RR {
	var cleaned []record.RR
	for _, rr := range rrs {
		cleaned = append(cleaned, cleanRR(rr))
	}
	return cleaned
}

func addressRecords(name string, addrs []netip.Addr) []record.RR {
	rrs := make([]record.RR, 0, len(addrs))
	for _, a := range addrs {
		rrs = append(rrs, record.RR{Type: familyOf(a), Name: name, Value: a.WithZone("").String()})
	}
	return rrs
}

func familyOf(a netip.Addr) string {
	if a.Is4() {
		return "A"
	}
	return "AAAA"
}

// say words records as an instruction: "A x to 192.0.2.1 and 192.0.2.2".
func say(rrs []record.RR) string {
	var parts []string
	for i, rr := range rrs {
		if i > 0 && rr.Type == rrs[i-1].Type && rr.Name == rrs[i-1].Name && rr.Type != "CAA" {
			parts = append(parts, rr.Value)
			continue
		}
		parts = append(parts, sayOne(rr))
	}
	return strings.Join(parts, " and ")
}

func sayOne(rr record.RR) string {
	if rr.Type == "CAA" {
		return "CAA " + rr.Name + " " + rr.Value
	}
	return rr.Type + " " + rr.Name + " to " + rr.Value
}

const (
	// maxObserved is how many of the records that stand at a name a finding
	// holds, and maxListed how many addresses a sentence names: an answer has
	// room for thousands.
	maxObserved = 16
	maxListed   = 8
)

// list words addresses: "192.0.2.1 and 2001:db8::1".
func list(addrs []netip.Addr) string {
	words := make([]string, 0, maxListed+1)
	for _, a := range addrs[:min(len(addrs), maxListed)] {
		words = append(words, a.WithZone("").String())
	}
	if more := len(addrs) - maxListed; more > 0 {
		words = append(words, fmt.Sprintf("%d more", more))
	}
	return strings.Join(words, " and ")
}
