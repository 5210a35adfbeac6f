package diagnose

import (
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// The functions of this file weigh what resolvers say against what the zone's
// own name servers say. A CA starts from those (or keeps answers for a minute
// only), so what they agree on counts, and what a resolver still remembers is
// told as a change that is under way. Where they disagree, nothing is certain:
// the CA may meet either.

// settled are the facts to judge by, and whether the name servers disagree
// about them. While resolvers fail, their failure counts: a CA would meet it.
func (f facts) settled() (g facts, split bool) {
	views := f.views()
	if len(views) == 0 || f.allFail() {
		return f, false
	}
	chosen := 0
	if wrong := f.wrongViews(); len(wrong) > 0 {
		chosen, split = wrong[0], len(wrong) < len(views)
	}
	return f.seenAs(views[chosen].DNS), split
}

func (f facts) views() []record.View {
	if f.DNS == nil || f.DNS.Authority == nil {
		return nil
	}
	return f.DNS.Authority.Views
}

// seenAs are the facts with one name server's answer in place of the resolvers'.
func (f facts) seenAs(d record.DNS) facts {
	d.Target, d.Wildcard, d.Authority = f.DNS.Target, f.DNS.Wildcard, f.DNS.Authority
	f.Observation.DNS = &d
	return f
}

// allFail reports that resolvers got no answer at all for the name.
func (f facts) allFail() bool {
	return f.DNS != nil && !anyFamily(f.families(), func(a record.Addresses) bool { return !broken(a) && !timedOut(a) && !bogus(a) })
}

// wrongViews are the views by which the name would be wrong.
func (f facts) wrongViews() []int {
	var wrong []int
	for i, view := range f.views() {
		if len(f.seenAs(view.DNS).recordFindings()) > 0 {
			wrong = append(wrong, i)
		}
	}
	return wrong
}

// recordCodes are the reasons that records alone can be wrong for.
var recordCodes = []failure.Code{
	failure.DNSUnresolved, failure.DomainNotFound, failure.ReservedAddress, failure.IncorrectCNAME, failure.IncorrectDNS, failure.AAAAMismatch,
}

// recordFindings are those that the name's records alone give.
func (f facts) recordFindings() []record.Finding {
	f.Probe, f.CAA, f.problem = nil, nil, nil
	var found []record.Finding
	for _, c := range table() {
		if finding, ok := c.find(f); ok && slices.Contains(recordCodes, finding.Code) {
			found = append(found, finding)
		}
	}
	return found
}

// underWay are the resolvers' findings that the zone's name servers no longer
// give cause for, as warnings.
func (f facts) underWay(found []record.Finding) []record.Finding {
	if len(f.views()) == 0 || f.allFail() {
		return nil
	}
	var old []record.Finding
	for _, finding := range f.recordFindings() {
		if hasCode(found, finding.Code) {
			continue
		}
		now := Clean(say(f.seenAs(f.views()[0].DNS).observed()), maxDetail)
		finding.Warning = true
		finding.Message += " A change is under way: its name servers already answer " + or(now, "otherwise") +
			", and caches may hold the old answer " + f.untilForgotten() + "."
		finding.Remedy = "Nothing to change: the old answer leaves the caches " + f.untilForgotten() + "."
		finding.Expected = nil
		old = append(old, finding)
	}
	return old
}

// untilForgotten is when the old answer's TTL is over, to the minute: the same
// answer seen twice should read the same.
func (f facts) untilForgotten() string {
	return forgotten(f.At, f.DNS.TTL)
}

func forgotten(seen time.Time, ttl time.Duration) string {
	if ttl <= 0 || seen.IsZero() {
		return "within minutes"
	}
	return "by " + seen.Add(ttl+time.Minute-time.Nanosecond).UTC().Truncate(time.Minute).Format(time.RFC3339)
}

// divided turns findings that only some of the name servers give cause for into
// warnings, and names those servers.
func (f facts) divided(found []record.Finding) []record.Finding {
	wrong := f.serversOf(f.wrongViews())
	for i := range found {
		if !slices.Contains(recordCodes, found[i].Code) && !f.foreign() {
			continue
		}
		found[i].Warning = true
		if !slices.Contains(recordCodes, found[i].Code) {
			continue
		}
		found[i].Message += " So say " + wrong + "; the other name servers of " + f.zone() + " already have the change."
		found[i].Remedy = "Wait until " + wrong + " have the change too, or ask the DNS provider of " + f.zone() + " why they do not."
	}
	return found
}

func (f facts) serversOf(views []int) string {
	var names []string
	for _, i := range views {
		names = append(names, f.views()[i].Servers...)
	}
	return words(names)
}

// zone is the zone that the name lies in, as far as known.
func (f facts) zone() string {
	if f.DNS == nil || f.DNS.Authority == nil {
		return f.name
	}
	return or(Clean(f.DNS.Authority.Zone, maxName), f.name)
}

// failing are the zone's name servers that do not answer for it.
func (f facts) failing() []record.NameServer {
	if f.DNS == nil || f.DNS.Authority == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(f.DNS.Authority.Servers), func(s record.NameServer) bool {
		return s.Answer == record.Answered || s.Answer == record.NoData || s.Answer == record.NXDomain || s.Answer == record.NoAnswer
	})
}

// failingText says of each what it does instead of answering.
func (f facts) failingText() string {
	var parts []string
	for _, s := range f.failing() {
		does := "answers " + saidText(s.Answer)
		switch s.Answer {
		case record.TimedOut:
			does = "does not answer"
		case record.Lame:
			does = "does not serve " + f.zone()
		}
		parts = append(parts, Clean(s.Name, maxName)+" "+does)
	}
	return Clean(strings.Join(parts, ", "), maxDetail)
}

// allSilent reports that every name server of the zone was asked in vain.
func (f facts) allSilent() bool {
	all := f.failing()
	return len(all) > 0 && len(all) == len(f.DNS.Authority.Servers) &&
		!slices.ContainsFunc(all, func(s record.NameServer) bool { return s.Answer != record.TimedOut })
}

// serversRemedy names the servers to mend; empty when none is known to fail.
func (f facts) serversRemedy() string {
	var names []string
	for _, s := range f.failing() {
		names = append(names, s.Name)
	}
	if len(names) == 0 {
		return ""
	}
	return "Ask the DNS provider of " + f.zone() + " to answer for it at " + words(names) +
		", or set the NS records of " + f.zone() + " at its registrar to name servers that do."
}

func hasCode(found []record.Finding, code failure.Code) bool {
	return slices.ContainsFunc(found, func(f record.Finding) bool { return f.Code == code })
}

// words lists names of strangers: "a, b and c", cut if they are absurd.
func words(names []string) string {
	clean := make([]string, 0, len(names))
	for _, name := range names {
		clean = append(clean, Clean(name, maxName))
	}
	if len(clean) < 2 {
		return strings.Join(clean, "")
	}
	last := len(clean) - 1
	return Clean(strings.Join(clean[:last], ", ")+" and "+clean[last], maxDetail)
}

// parkers are name servers (the ends of their names) of those who put pages of
// advertising on names that nobody uses yet.
var parkers = []string{
	"sedoparking.com", "parkingcrew.net", "bodis.com", "above.com", "dns-parking.com", "parklogic.com", "afternic.com", "dan.com",
	"undeveloped.com", "cashparking.com", "namefind.com", "ztomy.com", "hugedomains.com", "fabulous.com", "voodoo.com", "parked.com",
}

// parkedAt is a name server that parks the zone; empty: none does.
func (f facts) parkedAt() string {
	if f.DNS == nil || f.DNS.Authority == nil {
		return ""
	}
	for _, s := range f.DNS.Authority.Servers {
		if parks(s.Name) {
			return Clean(s.Name, maxName)
		}
	}
	return ""
}

// parks reports a host of those who park names.
func parks(host string) bool {
	host = strings.ToLower(host)
	return slices.ContainsFunc(parkers, func(p string) bool { return host == p || strings.HasSuffix(host, "."+p) })
}
