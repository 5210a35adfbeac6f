package diagnose

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/record"
)

// probeClause tells how the probe ended, naming the layer and the address, and
// then what the other addresses answer.
func (f facts) probeClause() string {
	text := f.told(f.Probe)
	if rest := f.othersText(f.Probe); rest != "" {
		text += "; " + rest
	}
	return Clean(text, 2*maxDetail)
}

// told says in a clause who answers what.
func (f facts) told(p *record.Probe) string {
	hop, moved := lastRedirect(p)
	where, host := place(p), f.name
	switch {
	case p.Result == record.ProbeBadRedirect:
		return refusedText(p)
	case moved:
		where, host = "it redirects to "+redirectRecord(hop).Value+", which", ""
	}
	switch p.Result {
	case record.ProbeRefused:
		if p.Unconnected {
			return where + " refuses the connection"
		}
		return where + " gives no HTTP answer"
	case record.ProbeTimeout:
		return where + " does not answer in time"
	case record.ProbeTLS:
		return where + " fails the TLS handshake"
	case record.ProbeNoAddress:
		return where + " has no address"
	case record.ProbeAnswered:
		return answerClause(p, where, host, moved)
	}
	return where + " was not asked"
}

func answerClause(p *record.Probe, where, host string, moved bool) string {
	with := fmt.Sprintf("with HTTP %d%s", p.Status, bodyText(p, " and"))
	if captive(p) {
		return "a network on the way to " + where + " wants somebody to log in (HTTP 511)"
	}
	layer := layerText(p)
	switch {
	case moved && layer != "":
		return strings.TrimSuffix(where, ", which") + ", where " + layer + " answers " + with
	case moved:
		return where + " answers " + with
	case layer != "":
		return layer + " at " + where + " answers for " + host + " " + with
	}
	return where + " answers for " + host + " " + with
}

// shown is the same in a few words, for a line beside DNS records.
func shown(p *record.Probe) string {
	if p.Result != record.ProbeAnswered {
		return shownFailure(p)
	}
	if p.Matches() {
		return "the right answer"
	}
	text := fmt.Sprintf("HTTP %d", p.Status)
	if layer := layerText(p); layer != "" {
		text += " from " + layer
	}
	return text + bodyText(p, " with")
}

func shownFailure(p *record.Probe) string {
	switch p.Result {
	case record.ProbeRefused:
		if p.Unconnected {
			return "the connection was refused"
		}
		return "no HTTP answer"
	case record.ProbeTimeout:
		return "no answer in time"
	case record.ProbeTLS:
		return "the TLS handshake after the redirect failed"
	case record.ProbeBadRedirect:
		return refusedText(p)
	case record.ProbeNoAddress:
		return "the redirect leads to a name without an address"
	}
	return "not asked"
}

// layerText is who answered, by a name of ours or as it calls itself.
func layerText(p *record.Probe) string { return or(Clean(p.Layer, maxWord), Clean(p.Server, maxWord)) }

func bodyText(p *record.Probe, with string) string {
	switch {
	case p.Parked || parkedBehind(p):
		return with + " the page of a parked domain"
	case p.Body == record.BodyThumbprint:
		return with + " the answer of another ACME account"
	case p.Body == record.BodyHTML:
		return with + " a web page"
	}
	return ""
}

// parkedBehind reports a redirect to those who park names.
func parkedBehind(p *record.Probe) bool {
	return slices.ContainsFunc(p.Hops, func(hop record.Hop) bool {
		at, err := url.Parse(hop.Location)
		return err == nil && parks(at.Hostname())
	})
}

// place is the address that was asked.
func place(p *record.Probe) string {
	if !p.Address.IsValid() {
		return "the server"
	}
	return p.Address.WithZone("").String()
}

// refusals complete "it redirects to X, which a CA does not follow".
var refusals = map[record.RedirectRefusal]string{
	record.RedirectStatus: ": the status 303 is not among those that it follows",
	record.RedirectURL:    ": that is no URL",
	record.RedirectScheme: ": it is neither http nor https",
	record.RedirectPort:   ": only the ports 80 and 443 are dialled",
	record.RedirectHost:   ": that is no public host name",
	record.RedirectSlash:  ": the slash between host and path is missing",
	record.RedirectLong:   ": the path is too long",
	record.RedirectLoop:   ": it leads back to where it came from",
	record.RedirectMany:   ": there are more than ten redirects",
	record.RedirectUser:   ": it has a user name in it",
}

func refusedText(p *record.Probe) string {
	if hop, ok := lastRedirect(p); ok {
		return "it redirects to " + redirectRecord(hop).Value + ", which a CA does not follow" + refusals[p.Refusal]
	}
	return "it redirects in a way that a CA does not follow" + refusals[p.Refusal]
}

// othersText says what the addresses besides that of p answer: those that are
// right together, the others one by one.
func (f facts) othersText(p *record.Probe) string {
	var right, parts []string
	for i := range f.each {
		other := &f.each[i]
		switch {
		case other.Address == p.Address:
		case other.Matches():
			right = append(right, place(other))
		case other.Result == record.ProbeNotAsked:
			parts = append(parts, place(other)+" could not be asked")
		default:
			parts = append(parts, place(other)+": "+shown(other))
		}
	}
	if len(right) > 0 {
		parts = append([]string{answersRight(right)}, parts...)
	}
	return strings.Join(parts, "; ")
}

func answersRight(addrs []string) string {
	if len(addrs) == 1 {
		return addrs[0] + " answers right"
	}
	return words(addrs) + " answer right"
}

// sidesText contrasts IPv4 with the wrong IPv6 address.
func (f facts) sidesText() string {
	var right []string
	for i := range f.each {
		if other := &f.each[i]; other.Address.Is4() && other.Matches() {
			right = append(right, place(other))
		}
	}
	return answersRight(right) + ", " + place(f.Probe) + " does not (" + shown(f.Probe) + ")"
}

// answerRecords shows the probe beside DNS records, one line for each address if
// there are several.
func (f facts) answerRecords() []record.RR {
	if len(f.each) < 2 {
		return []record.RR{{Type: "HTTP", Name: f.name, Value: shown(f.Probe)}}
	}
	var rrs []record.RR
	for i := range f.each {
		value := place(&f.each[i]) + ": " + shown(&f.each[i])
		rrs = append(rrs, record.RR{Type: "HTTP", Name: f.name, Value: value})
	}
	return rrs
}

// wrongIPv6 are the name's IPv6 addresses that belong elsewhere, by what is known
// of the platform or by what they answer.
func (f facts) wrongIPv6() []netip.Addr {
	wrong := f.strangers(f.DNS.AAAA.Addrs)
	if f.onlyIPv6Wrong() && !slices.Contains(wrong, f.Probe.Address) {
		wrong = append(wrong, f.Probe.Address)
	}
	return wrong
}
