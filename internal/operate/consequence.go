package operate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/spec"
)

// Terms are what the platform and its CA hold an owner to.
type Terms struct {
	// Grace is how long a certificate outlives the wish for it: 24h, never
	// (it is not revoked at all), or "" when that is not known.
	Grace  string
	Limits budget.Limits
}

// Switched says what follows from switching ACM off or on.
func Switched(d Done, t Terms) []string {
	off, on := difference(d.Before, d.After)
	off, byHand := brought(d.After, off)
	on, migrating := brought(d.After, on)
	var lines []string
	if len(off) > 0 {
		lines = append(lines, t.leaving(off)...)
	}
	for _, of := range byHand {
		lines = append(lines, fmt.Sprintf("The certificate that is brought along (%s) is used from now on for %s. An automatic one that it replaces is not revoked, and expires.",
			of.chain, names(of.domains)))
	}
	if len(byHand) > 0 {
		lines = append(lines, "Nothing renews it: acmsync status asks for its successor before it expires.")
	}
	if len(on) > 0 {
		lines = append(lines, fmt.Sprintf("A certificate is ordered, or kept if one is still there, as soon as DNS is right, for %s. acmsync domains %s lists the records.",
			names(on), d.After.Name))
	}
	for _, of := range migrating {
		lines = append(lines, fmt.Sprintf("The certificate that is brought along (%s) is used until an automatic one is deployed, for %s. Then acmsync status says that its line may go.",
			of.chain, names(of.domains)))
	}
	if d.Domain == "" {
		lines = append(lines, exceptions(d.After)...)
	}
	return lines
}

// bringing are domains that one certificate is brought along for.
type bringing struct {
	chain   string
	domains []string
}

// brought parts those of the domains that have a certificate brought along from
// those that do not.
func brought(a spec.App, domains []string) (without []string, with []bringing) {
	for _, d := range a.Domains {
		if !slices.Contains(domains, d.Name) {
			continue
		}
		c := a.Brought(d)
		if c == nil {
			without = append(without, d.Name)
			continue
		}
		i := slices.IndexFunc(with, func(b bringing) bool { return b.chain == c.Chain })
		if i < 0 {
			i, with = len(with), append(with, bringing{chain: c.Chain})
		}
		with[i].domains = append(with[i].domains, d.Name)
	}
	return without, with
}

func (t Terms) leaving(left []string) []string {
	grace := "for the time that the operator has set (policy.revokeAfter)"
	then := "Then it is revoked and its files go"
	switch t.Grace {
	case "":
	case "never":
		grace, then = "for a while", "Then its files go; this platform does not revoke it"
	case "0s":
		grace = "until the next pass"
	default:
		grace = "for " + t.Grace
	}
	lines := []string{
		fmt.Sprintf("What certificate there is stays in use %s for %s. %s.", grace, names(left), then),
		"Nothing is revoked that is wanted again by then: enabling within that time keeps the certificate.",
	}
	if warning := t.toggling(); warning != "" {
		lines = append(lines, warning)
	}
	return lines
}

// toggling says what switching to and fro costs; "" where the CA has no limits.
func (t Terms) toggling() string {
	var limits []string
	if l := t.Limits.CertificatesPerDomain; l.Count > 0 {
		limits = append(limits, fmt.Sprintf("%d in %s for each registered domain", l.Count, days(l.Per)))
	}
	if l := t.Limits.SameNames; l.Count > 0 {
		limits = append(limits, fmt.Sprintf("%d in %s for the same name", l.Count, days(l.Per)))
	}
	if len(limits) == 0 {
		return "Do not switch to and fro: after that time each domain costs a new certificate."
	}
	return "Do not switch to and fro: after that time each domain costs a new certificate, and the CA issues at most " + strings.Join(limits, ", and ") + "."
}

func days(d time.Duration) string {
	if n := d / (24 * time.Hour); n > 1 && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", n)
	}
	return d.String()
}

// difference is which domains ACM left and which it came to.
func difference(before, after spec.App) (off, on []string) {
	for i, d := range after.Domains {
		was, is := before.Managed(before.Domains[i]), after.Managed(d)
		switch {
		case was && !is:
			off = append(off, d.Name)
		case is && !was:
			on = append(on, d.Name)
		}
	}
	return off, on
}

// exceptions are domains whose own switch says otherwise than their app's.
func exceptions(a spec.App) []string {
	all := a.Managed(spec.Domain{})
	var odd []string
	for _, d := range a.Domains {
		if a.Managed(d) != all {
			odd = append(odd, d.Name)
		}
	}
	switch {
	case len(odd) == 0:
		return nil
	case all:
		return []string{"Still off, because acm: false stands at the domain itself: " + names(odd) + "."}
	}
	return []string{"Still on, because acm: true stands at the domain itself: " + names(odd) + "."}
}

// Refreshed says for which domains trying again now will not help, and why.
func Refreshed(d Done, report Report, now time.Time) []string {
	var off []string
	for _, domain := range chosen(d) {
		if !d.After.Managed(domain) {
			off = append(off, domain.Name)
		}
	}
	var lines []string
	if len(off) > 0 {
		lines = append(lines, "Nothing is tried while automatic certificates are off: "+names(off)+".")
	}
	if report.App == nil {
		return lines
	}
	for _, s := range report.App.Domains {
		if s.RateLimitedUntil.After(now) && (d.Domain == "" || d.Domain == s.Name) {
			lines = append(lines, fmt.Sprintf("%s waits for a limit of the CA until %s. That wait stands: a refresh does not shorten it.",
				diagnose.Clean(s.Name, 300), s.RateLimitedUntil.UTC().Format(time.RFC3339)))
		}
	}
	return lines
}

// Rotated says what follows from asking for a new key.
func Rotated(d Done, compromised bool, t Terms) []string {
	lines := []string{"A new key and certificate are ordered. The old certificate is used until the new one is deployed everywhere and served."}
	switch {
	case compromised:
		lines = append(lines, "Then the old one is revoked at once, as keyCompromise, and every copy of its key is worthless.")
	case t.Grace == "never":
		lines = append(lines, "The old one is not revoked: this platform revokes nothing but compromised keys.")
	case t.Grace == "":
		lines = append(lines, "Then the old one is revoked, after the time that the operator has set (policy.revokeAfter).")
	default:
		lines = append(lines, "Then the old one is revoked, "+t.Grace+" later.")
	}
	var off, byHand []string
	for _, domain := range chosen(d) {
		switch {
		case d.After.Managed(domain):
			continue
		case d.After.Brought(domain) != nil:
			byHand = append(byHand, domain.Name)
		}
		off = append(off, domain.Name)
	}
	if len(off) == 0 {
		return lines
	}
	last := "Where automatic certificates are off, nothing happens."
	if len(byHand) > 0 {
		last += " To replace a certificate that is brought along, commit its successor: " + names(byHand) + "."
	}
	return append(lines, last)
}

// chosen are the domains that an order was about.
func chosen(d Done) []spec.Domain {
	var out []spec.Domain
	for _, domain := range d.After.Domains {
		if d.Domain == "" || d.Domain == domain.Name {
			out = append(out, domain)
		}
	}
	return out
}

// names lists a few names and counts the rest.
func names(all []string) string {
	const most = 5
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
}
