package main

import (
	"fmt"
	"strings"
	"testing"

	mdns "github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/lab/dns"
)

// TestBadDNSAnswers: what a resolver may say of a name, and what its owner then
// reads.
func TestBadDNSAnswers(t *testing.T) {
	t.Parallel()
	checkMet(t, "dns", 25, newAiling(t).meet(append(badRecords(), badMessages()...)))
}

// has gives the name these records in the place of the right one.
func has(rrs ...string) func(*ailing, string) {
	return func(a *ailing, name string) {
		a.DNS.Remove(name, 0)
		for _, rr := range rrs {
			owner, text, other := strings.Cut(rr, " IN ")
			if !other {
				owner, text = name, rr
			}
			a.DNS.Set(strings.ReplaceAll(owner, "{}", name), strings.Split(strings.ReplaceAll(text, "{}", name), "|")...)
		}
	}
}

// failing has questions for the name answered so.
func failing(qtype uint16, f dns.Fault) func(*ailing, string) {
	return func(a *ailing, name string) {
		has("A 127.0.0.1")(a, name)
		a.DNS.Fail(name, qtype, f)
	}
}

// records that lead nowhere, or where no CA goes.
func badRecords() []ails {
	var all []ails
	for _, c := range []struct{ name, rrs string }{
		{"no record", ""},
		{"a text alone", `TXT "hello"`},
		{"an alias to itself", "CNAME {}."},
		{"an alias to nothing", "CNAME gone.elsewhere.test."},
		{"an alias to the root", "CNAME ."},
		{"an alias to control characters", `CNAME \027[2J\010.evil.test.`},
		{"a private address", "A 10.1.2.3"},
		{"this very machine", "A 127.0.0.9"},
		{"no address at all", "A 0.0.0.0"},
		{"a multicast address", "A 224.0.0.251"},
		{"the metadata service", "A 169.254.169.254"},
		{"an address within an address", "AAAA ::ffff:10.0.0.1"},
		{"a link-local address", "AAAA fe80::1"},
		{"a CAA set for nobody", `A 127.0.0.1|CAA 0 issue ";"`},
		{"a CAA set for another CA", `A 127.0.0.1|CAA 0 issue "other-ca.test"`},
		{"a CAA set with a tag nobody knows", `A 127.0.0.1|CAA 0 issue "ca.test"|CAA 128 tbs "x"`},
		{"a CAA set that is no CAA set", `A 127.0.0.1|CAA 0 issue "%%%%%"`},
		{"a CAA set for another account", `A 127.0.0.1|CAA 0 issue "ca.test; accounturi=https://ca.test/acct/99"`},
	} {
		one := ails{name: c.name, seen: strings.ReplaceAll(c.rrs, "|", ", "), wrong: has()}
		if c.rrs == "" {
			one.seen = "NXDOMAIN"
		} else {
			one.wrong = has(c.rrs)
		}
		all = append(all, one)
	}
	return append(all, ails{"aliases without end", "CNAME after CNAME", func(a *ailing, name string) {
		a.DNS.Set(name, "CNAME a0."+name+".")
		for i := range 30 {
			a.DNS.Set(fmt.Sprintf("a%d.%s", i, name), fmt.Sprintf("CNAME a%d.%s.", i+1, name))
		}
	}})
}

// messages that are no answers.
func badMessages() []ails {
	rr := func(qtype uint16, data ...byte) func(int) []byte { return rawRecord(qtype, data) }
	return []ails{
		{"SERVFAIL", "SERVFAIL", failing(0, dns.Fault{Rcode: mdns.RcodeServerFailure})},
		{"SERVFAIL with an excuse", "SERVFAIL, EDE 23 (Network Error) with a text of control characters", failing(0, dns.Fault{Rcode: mdns.RcodeServerFailure, EDE: mdns.ExtendedErrorCodeNetworkError, Text: "no\x1b[31m way\n"})},
		{"signatures that do not verify", "SERVFAIL, unless checking is disabled; EDE 6 (DNSSEC Bogus)", failing(0, dns.Fault{Rcode: mdns.RcodeServerFailure, EDE: mdns.ExtendedErrorCodeDNSBogus, OnlyWithoutCD: true})},
		{"REFUSED", "REFUSED", failing(0, dns.Fault{Rcode: mdns.RcodeRefused})},
		{"NOTIMP for CAA", "NOTIMP for CAA, an address for A", failing(mdns.TypeCAA, dns.Fault{Rcode: mdns.RcodeNotImplemented})},
		{"FORMERR for CAA", "FORMERR for CAA, an address for A", failing(mdns.TypeCAA, dns.Fault{Rcode: mdns.RcodeFormatError})},
		{"an address of three bytes", "A with 3 bytes of data", failing(mdns.TypeA, dns.Fault{Raw: rr(mdns.TypeA, 127, 0, 0)})},
		{"an alias that points at itself", "CNAME whose data is a pointer to itself", failing(mdns.TypeA, dns.Fault{Raw: func(at int) []byte {
			own := at + 12 // behind the record's own head (RFC 1035, section 4.1.3)
			return rr(mdns.TypeCNAME, 0xc0|byte(own>>8), byte(own))(at)
		}})},
		{"a record that is cut off", "A record without its end", failing(mdns.TypeA, dns.Fault{Raw: func(at int) []byte { return rr(mdns.TypeA, 127, 0, 0, 1)(at)[:8] }})},
		{"a CAA record whose tag is too long", "CAA with a tag longer than the record", failing(mdns.TypeCAA, dns.Fault{Raw: rr(mdns.TypeCAA, 0, 200, 'i', 's')})},
	}
}
