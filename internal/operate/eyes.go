package operate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// eyes are what the CA would make of it: where it would go first, and whether
// CAA lets it issue.
func eyes(v Verdict) []string {
	who, said := "", []string(nil)
	if len(v.CAs) > 0 {
		who = record.Clean(v.CAs[0], 64) + " "
	}
	if where := v.goes(); where != "" {
		said = append(said, who+where)
	}
	if c := v.Observation.CAA; c != nil && c.Answer == record.Answered {
		said = append(said, v.bound(record.Clean(c.Zone, 300)))
	}
	return said
}

// goes is where the CA would look for proof.
func (v Verdict) goes() string {
	d := v.Observation.DNS
	switch {
	case v.ByDNS:
		return "would look up TXT _acme-challenge." + strings.TrimPrefix(v.Name, "*.")
	case d == nil:
		return ""
	case len(d.AAAA.Addrs) > 0 && len(d.A.Addrs) > 0:
		return fmt.Sprintf("would ask %s first, because CAs prefer IPv6", d.AAAA.Addrs[0])
	case len(d.AAAA.Addrs) > 0:
		return fmt.Sprintf("would ask %s", d.AAAA.Addrs[0])
	case len(d.A.Addrs) > 0:
		return fmt.Sprintf("would ask %s", d.A.Addrs[0])
	case v.Unseen():
		return ""
	}
	return "would find no address to ask"
}

// bound is what a CAA set says of the CA.
func (v Verdict) bound(zone string) string {
	forbids := func(f record.Finding) bool { return f.Code == failure.CAAForbids && !f.Warning }
	switch {
	case len(v.CAs) == 0:
		return "is bound by the CAA set of " + zone + " (see --ca)"
	case slices.ContainsFunc(v.Findings, forbids):
		return "may not issue, by the CAA set of " + zone
	}
	return "may issue, by the CAA set of " + zone
}

// visited is what visitors get over TLS now: a certificate for the name, in
// date, everywhere.
func visited(o record.Observation) record.Check {
	if len(o.Served) == 0 {
		return ""
	}
	light := record.Pass
	for _, s := range o.Served {
		switch {
		case s.Answer == record.Refused, s.Answer == record.Answered && served(o, s) != "":
			return record.Fail
		case s.Answer != record.Answered:
			light = record.Unknown
		}
	}
	return light
}

// served is what is wrong with a certificate that is presented, as far as that
// can be told without asking who is trusted.
func served(o record.Observation, s record.Served) string {
	switch {
	case !s.ForName:
		return "for other names"
	case !o.At.Before(s.NotAfter):
		return "expired at " + s.NotAfter.UTC().Format("2006-01-02")
	}
	return ""
}

// describeServed is one edge: the certificate it presents, or why there is none.
func describeServed(o record.Observation, s record.Served) string {
	if s.Answer != record.Answered {
		return "no certificate: " + s.Detail
	}
	text := "certificate " + s.Serial
	if s.Issuer != "" {
		text += " of " + s.Issuer
	}
	if wrong := served(o, s); wrong != "" {
		text += ", " + wrong
	} else {
		text += ", until " + s.NotAfter.UTC().Format("2006-01-02")
	}
	return strings.TrimSpace(text) + ", at " + s.Address.String()
}
