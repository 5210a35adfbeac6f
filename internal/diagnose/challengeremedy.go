package diagnose

import (
	"fmt"

	"github.com/acmsync/acmsync/internal/record"
)

// The functions of this file say what to change about what answers for a name.
// Where the name's records lead to the platform already, no record is asked for.

// atHome reports that the probe came to the platform itself, as it should, and
// by records that may stay as they are.
func (f facts) atHome() bool {
	if f.DNS == nil || f.Probe == nil || f.foreign() {
		return false
	}
	if _, retired := f.legacyHop(); retired {
		return false
	}
	return f.viaTarget() || f.Probe.Address.IsValid() && f.ours(f.Probe.Address)
}

// challengeURL is where a CA begins.
func (f facts) challengeURL() string { return "http://" + f.name + record.ChallengePath }

// standing is who answers in the platform's place, as "if" and "at" want it.
func (f facts) standing() string {
	if layer := layerText(f.Probe); layer != "" {
		return layer + " at " + place(f.Probe)
	}
	return place(f.Probe)
}

// wherever ends a remedy that its reader may have nothing to do with.
const wherever = "in your app or in a CDN of yours; if it is in neither, send this entry to the operator of this platform."

// elsewhere is wherever, for a name whose records are known to be right.
func (f facts) elsewhere() string {
	return wherever + " The DNS records of " + f.name + " are right."
}

// onceRemedy is for a redirect that a CA does not follow.
func (f facts) onceRemedy() string {
	return "Take away that redirect for " + f.challengeURL() + ", or let it lead once, with its path, to http or https on the ports 80 and 443 of a public host, "
}

// challengeAnswered is what should be seen at the challenge's URL.
func (f facts) challengeAnswered() []record.RR {
	return []record.RR{{Type: "HTTP", Name: f.challengeURL(), Value: "(the challenge, with HTTP 200)"}}
}

func (f facts) answerRemedy() string {
	switch {
	case !f.atHome():
		return fmt.Sprintf("%s; but if %s is a CDN or proxy that you put in front on purpose, make it pass %s on to this platform instead.", f.instruction(), f.standing(), f.challengeURL())
	case f.Probe.Body == record.BodyThumbprint:
		return fmt.Sprintf("Switch off the other certificate tool (certbot, Caddy, the automatic certificates of a CDN) that answers %s; if you set up none, send this entry to the operator of this platform. The DNS records of %s are right.", f.challengeURL(), f.name)
	}
	return f.exemptRemedy()
}

// exemptRemedy is for a name whose records are right.
func (f facts) exemptRemedy() string {
	return fmt.Sprintf("Exempt %s from the login, route, redirect or rule that answers it now, %s", f.challengeURL(), f.elsewhere())
}

func (f facts) redirectRemedy() string {
	if f.atHome() {
		return fmt.Sprintf("Exempt %s from that redirect, or make the redirect keep that path, %s", f.challengeURL(), f.elsewhere())
	}
	return fmt.Sprintf("%s, in place of the redirect; or make the redirect keep the path %s and what follows it.", f.instruction(), record.ChallengePath)
}

func (f facts) strictRemedy() string {
	if f.Probe.Status == 525 || f.Probe.Status == 526 {
		return fmt.Sprintf("Take the CDN out of the way of %s until its certificate is issued (in Cloudflare: set its record to DNS only), then put it back; if no CDN is in front, send this entry to the operator of this platform.", f.name)
	}
	return fmt.Sprintf("Exempt %s from the redirect to https, because a CA begins by http and there is no certificate yet, %s", f.challengeURL(), f.elsewhere())
}

// reachRemedy is what mends a way to the challenge that leads nowhere; empty: it
// has to be opened.
func (f facts) reachRemedy() string {
	switch f.Probe.Result {
	case record.ProbeAnswered:
		return fmt.Sprintf("Restart or mend the app behind %s, which fails with HTTP %d; if your app runs well, send this entry to the operator of this platform, to look at what answers at %s.", f.name, f.Probe.Status, place(f.Probe))
	case record.ProbeNoAddress:
		return "Take away that redirect for " + f.challengeURL() + ", or let it lead to a host that has an address, " + f.elsewhere()
	case record.ProbeBadRedirect:
		if f.Probe.Refusal == record.RedirectSlash {
			return "End the host of the redirect's target with a slash, as in https://" + f.name + "/"
		}
		return f.onceRemedy() + f.elsewhere()
	}
	if f.atHome() && !redirected(f.Probe) {
		return fmt.Sprintf("Ask the operator of this platform to open port 80 of %s to the internet; the DNS records of %s are right.", place(f.Probe), f.name)
	}
	return ""
}

// awaited is what should be seen in place of what the probe saw.
func (f facts) awaited() []record.RR {
	if f.atHome() {
		return f.challengeAnswered()
	}
	return f.expected()
}
