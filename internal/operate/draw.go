package operate

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/record"
)

// A drawing is a list of lines. Its tree has one branch a level:
//
//	www.shop.example
//	└─ CNAME shop.example.net
//	   └─ A 203.0.113.9
type drawing struct {
	lines []string
	depth int
}

func (d *drawing) add(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if d.depth > 0 {
		text = strings.Repeat("   ", d.depth-1) + "└─ " + text
	}
	d.lines = append(d.lines, text)
}

func (d *drawing) below(format string, args ...any) {
	d.depth++
	d.add(format, args...)
}

// leaves are what a branch ends in, side by side.
func (d *drawing) leaves(texts []string) {
	for i, text := range texts {
		d.add("%s", text)
		if last := len(d.lines) - 1; i < len(texts)-1 {
			d.lines[last] = strings.Replace(d.lines[last], "└─", "├─", 1)
		}
	}
}

// maxDrawn is how many of a set's records are drawn.
const maxDrawn = 8

// some are the first of many, and a word about the rest.
func some(all []string) []string {
	if len(all) <= maxDrawn {
		return all
	}
	return append(slices.Clone(all[:maxDrawn]), fmt.Sprintf("and %d more", len(all)-maxDrawn))
}

// drawDNS is the chain of aliases down to the addresses, then who serves it.
func drawDNS(name string, seen *record.DNS) []string {
	if seen == nil {
		return nil
	}
	d := &drawing{}
	d.add("%s", name)
	for _, hop := range seen.Chain {
		d.below("%s %s", hop.Type, hop.Value)
	}
	d.depth++
	ends := addressesOf(seen)
	switch {
	case seen.Loop:
		d.add("which leads back to itself")
	case len(ends) == 0:
		d.add("%s", worded(seen.A.Answer))
	}
	d.leaves(some(ends))
	d.depth = 0
	if a := seen.Authority; a != nil && len(a.Servers) > 0 {
		names := make([]string, 0, len(a.Servers))
		for _, s := range a.Servers {
			names = append(names, s.Name)
		}
		d.add("zone %s at %s", a.Zone, strings.Join(some(names), ", "))
	}
	return d.lines
}

func addressesOf(seen *record.DNS) []string {
	var ends []string
	for _, family := range []struct {
		name  string
		addrs []netip.Addr
	}{{"A", seen.A.Addrs}, {"AAAA", seen.AAAA.Addrs}} {
		for _, a := range family.addrs {
			text := family.name + " " + a.String()
			if slices.Contains(seen.Target, a) {
				text += " (the platform)"
			}
			ends = append(ends, text)
		}
	}
	return ends
}

// drawCAA is the climb from the name to the set that counts (RFC 8659, section
// 3): the names below it have none.
func drawCAA(name string, seen *record.CAA) []string {
	if seen == nil {
		return nil
	}
	if seen.Zone == "" && seen.Answer == record.NoData {
		return []string{"no records: any CA may issue"}
	}
	d := &drawing{}
	at := strings.TrimPrefix(name, "*.")
	for at != seen.Zone && strings.HasSuffix(at, "."+seen.Zone) && seen.Zone != "" {
		d.add("%s: none", at)
		d.depth++
		_, at, _ = strings.Cut(at, ".")
	}
	d.add("%s", seen.Zone)
	for _, hop := range seen.Chain {
		d.below("%s %s", hop.Type, hop.Value)
	}
	d.depth++
	if seen.Answer != record.Answered {
		d.add("%s", worded(seen.Answer))
	}
	var set []string
	for _, r := range seen.Records {
		set = append(set, caaText(r))
	}
	d.leaves(some(set))
	return d.lines
}

func caaText(r record.CAARecord) string {
	critical := ""
	if r.Critical {
		critical = " (critical)"
	}
	return fmt.Sprintf("%s %q%s", record.Clean(r.Tag, 64), record.Clean(r.Value, 160), critical)
}

// drawProbe is each request with its answer, then how the last one ended; where
// several addresses were asked, then how each of them answers.
// judged: what the answer should be is known.
func drawProbe(p *record.Probe, judged bool) []string {
	if p == nil {
		return nil
	}
	d := &drawing{}
	for _, hop := range p.Hops {
		d.add("%s %d", shortToken(hop.URL), hop.Status)
		d.depth++
	}
	d.add("%s", probeEnd(*p))
	d.depth = 0
	for _, other := range p.Each {
		if len(p.Each) > 1 {
			d.add("%s: %s", other.Address, probeEnd(other))
		}
	}
	if p.Unasked > 0 {
		d.add("%d more addresses were not asked", p.Unasked)
	}
	if !judged {
		d.add("can be reached; what it should answer, --thumbprint says")
	}
	return d.lines
}

// probeEnd is how it ended, and who that was.
func probeEnd(p record.Probe) string {
	end := probeWords[p.Result]
	if p.Result == record.ProbeAnswered {
		end = bodyWords[p.Body]
	}
	if p.Parked {
		end = "the page of a parked domain, not the response"
	}
	if p.Thumbprint != "" {
		end += " (thumbprint " + record.Clean(p.Thumbprint, 64) + ")"
	}
	switch {
	case p.Layer != "":
		end += " (" + record.Clean(p.Layer, 64) + ")"
	case p.Server != "":
		end += " (Server: " + record.Clean(p.Server, 64) + ")"
	}
	return end
}

// shortToken cuts the challenge's token, which is random and means nothing.
func shortToken(url string) string {
	const challenge = "/.well-known/acme-challenge/"
	i := strings.Index(url, challenge)
	if i < 0 || len(url) < i+len(challenge)+8 {
		return url
	}
	return url[:i+len(challenge)] + url[i+len(challenge):][:4] + "…"
}

// worded says how a question ended, for people.
func worded(a record.Answer) string {
	if words, ok := answerWords[a]; ok {
		return words
	}
	return string(a)
}

var answerWords = map[record.Answer]string{
	record.NoData:   "no record",
	record.NXDomain: "does not exist (NXDOMAIN)",
	record.ServFail: "the name servers fail (SERVFAIL)",
	record.TimedOut: "no answer in time",
	record.Garbled:  "an answer that cannot be read",
	record.NoAnswer: "could not be asked",
}

var probeWords = map[record.ProbeResult]string{
	record.ProbeRefused:     "connection refused",
	record.ProbeTimeout:     "no answer in time",
	record.ProbeTLS:         "the TLS handshake failed",
	record.ProbeForbidden:   "not asked: the address is not public",
	record.ProbeBadRedirect: "redirects in a way no CA follows",
	record.ProbeNoAddress:   "not asked: no address",
	record.ProbeNotAsked:    "could not be asked",
}

var bodyWords = map[record.ProbeBody]string{
	record.BodyMatch:      "the right response",
	record.BodyThumbprint: "the response of another ACME account",
	record.BodyHTML:       "a web page, not the response",
	record.BodyOther:      "something else than the response",
}
