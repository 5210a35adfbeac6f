package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// Extended DNS errors (RFC 8914, section 4) that tell a resolver that reached
// no name server from one that distrusts what it got.
const (
	edeNoReachableAuthority = 22
	edeNetworkError         = 23
)

var edeTexts = map[uint16]string{
	5:                       "DNSSEC indeterminate",
	6:                       "DNSSEC bogus",
	7:                       "signature expired",
	8:                       "signature not yet valid",
	9:                       "DNSKEY missing",
	10:                      "signatures missing",
	11:                      "no zone key",
	12:                      "NSEC missing",
	edeNoReachableAuthority: "no reachable name server",
	edeNetworkError:         "network error",
}

// dnsTimeout: the name servers did not answer in time. A time-out of the CAA
// query alone only advises: CAs retry it, from elsewhere.
func dnsTimeout(f facts) (record.Finding, bool) {
	if i := slices.IndexFunc(f.unresolved(), f.late); i >= 0 {
		cause := or(f.failingText(), edeText(f.unresolved()[i]))
		finding := f.finding(failure.DNSTimeout, failure.Values{"detail": because(cause)})
		finding.Remedy = or(f.serversRemedy(), finding.Remedy)
		return finding, true
	}
	if f.CAA != nil && f.CAA.Answer == record.TimedOut && !f.CAA.OthersAnswer {
		finding := f.finding(failure.DNSTimeout, failure.Values{"detail": because("no answer about CAA of " + f.caaZone())})
		finding.Warning = true
		return finding, true
	}
	return record.Finding{}, false
}

// late: no answer in time, or a resolver's failure whose cause was seen: every
// name server of the zone is silent.
func (f facts) late(a record.Addresses) bool { return timedOut(a) || broken(a) && f.allSilent() }

func timedOut(a record.Addresses) bool {
	return a.Answer == record.TimedOut || a.Answer == record.ServFail && !a.CheckingDisabled && unreachable(a.EDE)
}

func unreachable(ede []uint16) bool {
	return slices.Contains(ede, edeNoReachableAuthority) || slices.Contains(ede, edeNetworkError)
}

// dnssecFailed: what fails is answered once validation is switched off
// (RFC 4035, section 5.5), with or without an extended error that says so.
func dnssecFailed(f facts) (record.Finding, bool) {
	i := slices.IndexFunc(f.unresolved(), bogus)
	if i < 0 && f.caaBogus() {
		return f.bogusFinding(f.caaZone(), f.caaCut(), "its CAA query, "+or(edeText(record.Addresses{EDE: f.CAA.EDE}), "SERVFAIL")), true
	}
	if i < 0 {
		return record.Finding{}, false
	}
	return f.bogusFinding(f.name, f.zone(), edeText(f.unresolved()[i])), true
}

// bogusFinding says of a name that it fails validation, and of its zone that it
// is the one to mend.
func (f facts) bogusFinding(name, zone, cause string) record.Finding {
	finding := f.finding(failure.DNSSECFailed, failure.Values{"name": name, "detail": because(cause)})
	if zone == f.name {
		zone = or(Clean(f.question.Registered, maxName), zone)
	}
	finding.Remedy = f.finding(failure.DNSSECFailed, failure.Values{"zone": zone}).Remedy
	finding.Expected = []record.RR{{Type: "DNSSEC", Name: zone, Value: "(valid signatures, or no DS record at the registrar)"}}
	finding.Observed = []record.RR{{Type: "DNSSEC", Name: name, Value: "(" + or(cause, "SERVFAIL, unless validation is off") + ")"}}
	return finding
}

func bogus(a record.Addresses) bool { return a.Answer == record.ServFail && a.CheckingDisabled }

// dnsUnresolved: a loop, a server's failure, or a name without any address.
func dnsUnresolved(f facts) (record.Finding, bool) {
	cause, ok := f.whyUnresolved()
	if !ok {
		return record.Finding{}, false
	}
	finding := f.finding(failure.DNSUnresolved, failure.Values{"detail": because(cause)})
	switch {
	case f.DNS.Loop:
		finding.Remedy = f.instruction()
	case anyFamily(f.unresolved(), broken):
		finding.Remedy = or(f.serversRemedy(), fmt.Sprintf("Ask the DNS provider of %s to mend its name servers, so that they answer for %s again.", f.zone(), f.name))
	default:
		finding.Remedy = f.alone()
	}
	finding.Expected, finding.Observed = f.expected(), append(f.observed(), f.answers()...)
	if !f.DNS.Loop && anyFamily(f.unresolved(), broken) {
		finding.Expected = []record.RR{{Type: "A", Name: f.name, Value: "(an answer)"}}
	}
	finding.Warning = f.provedInDNS()
	return finding, true
}

func (f facts) whyUnresolved() (cause string, ok bool) {
	families := f.unresolved()
	switch {
	case f.DNS == nil:
		return "", false
	case f.DNS.Loop && f.circles():
		return "its CNAME records form a loop", true
	case f.DNS.Loop:
		return "its chain of CNAME records is too long for a CA to follow", true
	case anyFamily(families, broken) && f.allSilent():
		return "", false // dnsTimeout's
	case anyFamily(families, broken) && len(f.failing()) > 0:
		return f.failingText(), true
	case anyFamily(families, broken):
		i := slices.IndexFunc(families, broken)
		return "its name servers answer " + saidText(families[i].Answer), true
	case len(families) > 0 && !anyFamily(families, func(a record.Addresses) bool { return a.Answer != record.NoData }):
		return "it has neither an A nor an AAAA record", true
	default:
		return "", false
	}
}

// circles tells a chain that returns to where it was from one that is too long.
func (f facts) circles() bool {
	if len(f.DNS.Chain) == 0 {
		return true
	}
	last := f.DNS.Chain[len(f.DNS.Chain)-1].Value
	return slices.ContainsFunc(f.DNS.Chain, func(hop record.RR) bool { return sameName(hop.Name, last) })
}

func broken(a record.Addresses) bool {
	switch a.Answer {
	case record.Refused, record.NotImp, record.FormErr, record.Garbled:
		return true
	case record.ServFail:
		return !bogus(a) && !timedOut(a)
	default:
		return false
	}
}

// domainNotFound: NXDOMAIN for the name itself. At the end of a CNAME it is a
// dangling record, which incorrectDNS reports.
func domainNotFound(f facts) (record.Finding, bool) {
	missing := anyFamily(f.unresolved(), func(a record.Addresses) bool { return a.Answer == record.NXDomain })
	if !missing || len(f.DNS.Chain) > 0 {
		return record.Finding{}, false
	}
	finding := f.finding(failure.DomainNotFound, nil)
	finding.Expected = f.expected()
	finding.Warning = f.provedInDNS()
	return finding, true
}

// answers states, in place of records, how the name servers answered: such
// values stand in parentheses.
func (f facts) answers() []record.RR {
	if f.DNS == nil || f.DNS.Loop {
		return nil
	}
	var rrs []record.RR
	for i, a := range f.unresolved() {
		if a.Answer != "" && a.Answer != record.NoAnswer && a.Answer != record.Answered {
			rrs = append(rrs, record.RR{Type: []string{"A", "AAAA"}[i], Name: f.name, Value: "(" + answerText(a.Answer) + ")"})
		}
	}
	return rrs
}

// answerText names an answer as dig does.
func answerText(a record.Answer) string {
	switch a {
	case record.NoData:
		return "no data"
	case record.TimedOut:
		return "nothing in time"
	case record.Garbled:
		return "a message that cannot be read"
	default:
		return Clean(strings.ToUpper(string(a)), maxWord)
	}
}

// saidText is answerText after "answers".
func saidText(a record.Answer) string {
	if a == record.Garbled {
		return "with " + answerText(a)
	}
	return answerText(a)
}

func edeText(a record.Addresses) string {
	for _, code := range a.EDE {
		if text, ok := edeTexts[code]; ok {
			return fmt.Sprintf("%s (EDE %d)", text, code)
		}
	}
	return ""
}
