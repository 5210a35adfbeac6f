package operate

import (
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// WriteVerdict prints what was seen of a name, then what must be mended.
func WriteVerdict(w io.Writer, v Verdict, color bool) error {
	out := &lines{color: color}
	title := v.Name
	if v.Unicode != "" {
		title = v.Unicode + " (" + v.Name + ")"
	}
	out.add("%s", out.bold(record.Clean(title, 300)))
	out.check("dns", v.Checks.DNS, describeDNS(v.Observation.DNS))
	out.check("caa", v.Checks.CAA, describeCAA(v.Observation.CAA))
	out.check("http", v.Checks.Challenge, describeProbe(v.Observation.Probe))
	for _, edge := range v.Observation.Served {
		out.check("tls", v.Checks.Served, describeServed(edge))
	}
	for _, f := range v.Findings {
		mark := "✗"
		if f.Warning {
			mark = "!"
		}
		out.add("  %s %s (%s)", mark, out.bold(failure.Of(f.Code).Title), f.Code)
		out.add("    %s", record.Clean(f.Message, 600))
		out.add("    fix: %s", record.Clean(f.Remedy, 600))
	}
	if len(v.Findings) == 0 {
		out.add("  nothing to mend: nothing seen from here speaks against a certificate")
	}
	_, err := io.WriteString(w, out.b.String())
	return err
}

type lines struct {
	b     strings.Builder
	color bool
}

func (l *lines) add(format string, args ...any) { fmt.Fprintf(&l.b, format+"\n", args...) }

func (l *lines) bold(s string) string {
	if !l.color {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}

func (l *lines) check(name string, c record.Check, text string) {
	if text == "" {
		return
	}
	if c == "" {
		c = record.Unknown
	}
	l.add("  %-5s %-8s %s", name, c, record.Clean(text, 600))
}

func describeDNS(d *record.DNS) string {
	if d == nil {
		return ""
	}
	var parts []string
	for _, hop := range d.Chain {
		parts = append(parts, "→ "+hop.Value)
	}
	addresses := append(append([]netip.Addr(nil), d.A.Addrs...), d.AAAA.Addrs...)
	for _, a := range addresses {
		parts = append(parts, a.String())
	}
	if len(addresses) == 0 {
		parts = append(parts, worded(d.A.Answer))
	}
	return strings.Join(parts, " ")
}

func describeCAA(c *record.CAA) string {
	switch {
	case c == nil:
		return ""
	case c.Answer == record.Answered:
		var parts []string
		for _, r := range c.Records {
			parts = append(parts, fmt.Sprintf("%s %q", r.Tag, r.Value))
		}
		return c.Zone + " " + strings.Join(parts, ", ")
	case c.Zone == "":
		return "no records: any CA may issue"
	default:
		return fmt.Sprintf("%s at %s", worded(c.Answer), c.Zone)
	}
}

func describeProbe(p *record.Probe) string {
	if p == nil {
		return ""
	}
	var parts []string
	for _, hop := range p.Hops {
		parts = append(parts, fmt.Sprintf("%s %d", hop.URL, hop.Status))
	}
	if p.Result != record.ProbeAnswered {
		parts = append(parts, probeWords[p.Result])
	} else {
		parts = append(parts, bodyWords[p.Body])
	}
	return strings.Join(parts, " → ")
}

func describeServed(s record.Served) string {
	if s.Answer == record.Answered {
		return fmt.Sprintf("certificate %s at %s", s.Serial, s.Address)
	}
	return "no certificate: " + s.Detail
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
