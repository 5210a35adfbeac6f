package diagnose

import (
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// withFix gives a finding the change of the zone that mends it, if one does.
// What only advises asks for none: it works as it is, or is on its way.
func (f facts) withFix(finding record.Finding) record.Finding {
	if finding.Warning {
		return finding
	}
	change := change{facts: f, provider: recognise(f.nameServers())}
	switch finding.Code {
	case failure.DomainNotFound, failure.DNSUnresolved, failure.IncorrectCNAME, failure.IncorrectDNS, failure.ReservedAddress, failure.AAAAMismatch:
		change.addresses(finding)
	case failure.CAAForbids:
		change.provider = recognise(f.caaNameServers())
		change.caa(finding)
	case failure.OwnershipUnproven:
		change.ownership(finding)
	case failure.CDNChallengeMissing, failure.CDNStrictTLS, failure.RedirectDropsPath:
		change.proxy(finding)
	}
	finding.Fix = change.fix()
	return finding
}

// nameServers are those of the name's zone, as far as they were looked up.
func (f facts) nameServers() []string {
	if f.DNS == nil || f.DNS.Authority == nil {
		return nil
	}
	var names []string
	for _, s := range f.DNS.Authority.Servers {
		names = append(names, s.Name)
	}
	return names
}

func (f facts) caaNameServers() []string {
	if f.CAA == nil {
		return nil
	}
	return f.CAA.NameServers
}

// origin is the zone that the name lies in; empty: unknown.
func (f facts) origin() string {
	if f.DNS == nil || f.DNS.Authority == nil {
		return ""
	}
	return Clean(f.DNS.Authority.Zone, maxName)
}

// change is a fix in the making.
type change struct {
	facts
	provider *provider
	zone     string
	set      []record.RR
	remove   []record.RR
	// keep are those of the same names and types that stay.
	keep []record.RR
	// toggle is a step that changes a switch and no record.
	toggle string
}

// addresses: the records that stand at the name make way for those expected.
// What already is as it should be is no fix: then it is not the zone's turn.
func (c *change) addresses(finding record.Finding) {
	c.zone = c.origin()
	if finding.Code == failure.AAAAMismatch {
		c.remove = keepRRs(finding.Observed, func(rr record.RR) bool { return rr.Type == "AAAA" })
		return
	}
	if len(finding.Expected) > 0 && finding.Expected[0].Type == "HTTP" {
		return
	}
	at := keepRRs(c.observed(), func(rr record.RR) bool { return sameName(rr.Name, c.name) })
	c.set = keepRRs(finding.Expected, func(rr record.RR) bool { return !slices.Contains(at, rr) })
	if len(c.set) == 0 && !slices.ContainsFunc(at, func(rr record.RR) bool { return !slices.Contains(finding.Expected, rr) }) {
		return
	}
	if len(finding.Expected) == 0 || finding.Code == failure.DNSUnresolved && anyFamily(c.unresolved(), broken) {
		c.set = nil
		return
	}
	if c.wildcardSource() == "" {
		c.remove = keepRRs(at, func(rr record.RR) bool { return !slices.Contains(finding.Expected, rr) })
	}
}

// caa: a record is added beside those that are there, or the one that forbids
// by its presence goes. Where the platform's own target holds the set, its
// owner can change nothing.
func (c *change) caa(finding record.Finding) {
	if c.CAA == nil || c.CAA.Answer != record.Answered || c.caaByPlatform() {
		return
	}
	c.zone = Clean(c.CAA.Cut, maxName)
	if c.caaOwner() != c.caaZone() {
		c.zone, c.provider = "", nil // the alias's target lies in a zone that was not asked for
	}
	if remove := c.withCAA().judgeCAA().remove; remove != nil {
		c.remove = []record.RR{{Type: "CAA", Name: c.caaOwner(), Value: caaValue(*remove)}}
		return
	}
	c.set = finding.Expected
}

// proxy: what answers in the platform's place may be the provider's own; where it
// is no CDN that we know, the records are what to change.
func (c *change) proxy(finding record.Finding) {
	switch {
	case !c.foreign():
	case c.provider != nil && c.provider.habits.proxy != "":
		c.zone, c.toggle = c.origin(), c.provider.habits.proxy
	case c.Probe.Layer == "":
		c.addresses(finding)
	}
}

// maxRemoved is how many records to remove are named. Whoever has more sees
// what is left at the next look.
const maxRemoved = 16

func (c *change) fix() *record.Fix {
	if len(c.set) == 0 && len(c.remove) == 0 && c.toggle == "" {
		return nil
	}
	keep, exact := c.staying()
	c.keep = keep
	c.remove = c.remove[:min(len(c.remove), maxRemoved)]
	fix := &record.Fix{Origin: c.zone, Set: c.set, Remove: c.remove, Keep: keep, Inexact: !exact, Zone: zoneLines(c.set, c.remove)}
	if c.provider != nil {
		fix.Provider, fix.Steps = c.provider.name, c.steps()
	}
	return fix
}

// zoneLines writes a change as zone files do; a record to remove is a comment.
func zoneLines(set, remove []record.RR) string {
	var lines []string
	for _, rr := range remove {
		lines = append(lines, "; remove: "+zoneLine(rr))
	}
	for _, rr := range set {
		lines = append(lines, zoneLine(rr))
	}
	return strings.Join(lines, "\n")
}

func zoneLine(rr record.RR) string {
	value := rr.Value
	switch rr.Type {
	case "CNAME", "ALIAS", "ANAME":
		value += "."
	case "TXT": // a semicolon would begin a comment (RFC 1035, section 5.1)
		value = zoneText(value)
	}
	return rr.Name + ". " + rr.Type + " " + value
}

// zoneText is a text as a character-string of a zone file.
func zoneText(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}

func keepRRs(rrs []record.RR, want func(record.RR) bool) []record.RR {
	var kept []record.RR
	for _, rr := range rrs {
		if want(rr) {
			kept = append(kept, rr)
		}
	}
	return kept
}
