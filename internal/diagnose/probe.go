package diagnose

import (
	"fmt"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// redirectDropsPath: a redirect on the way leads to a URL without the
// challenge's path, as registrars' "web forwarding" does.
func redirectDropsPath(f facts) (record.Finding, bool) {
	if f.Probe == nil || f.matched() || !droppedPath(f.Probe) {
		return record.Finding{}, false
	}
	hop := dropping(f.Probe)
	finding := f.finding(failure.RedirectDropsPath, failure.Values{"location": redirectRecord(hop).Value})
	finding.Expected, finding.Observed = f.expected(), append([]record.RR{redirectRecord(hop)}, f.observed()...)
	finding.Warning = f.probeAdvises()
	return finding, true
}

// cdnChallengeMissing: something answers that is not our edge, or an edge that
// does not know the challenge. At a foreign address only a page is taken for a
// CDN's; anything else there is a matter of the address.
func cdnChallengeMissing(f facts) (record.Finding, bool) {
	if !f.answeredWrong() || strictTLS(f.Probe) || droppedPath(f.Probe) {
		return record.Finding{}, false
	}
	if f.foreign() && f.Probe.Body != record.BodyHTML || !f.foreign() && f.Probe.Status >= 500 {
		return record.Finding{}, false
	}
	return f.probeFinding(failure.CDNChallengeMissing), true
}

// cdnStrictTLS: the CDN insists on a valid certificate at the origin (525, 526),
// or the way leads over https whose handshake fails outright.
func cdnStrictTLS(f facts) (record.Finding, bool) {
	if f.Probe == nil || f.matched() || !strictTLS(f.Probe) {
		return record.Finding{}, false
	}
	return f.probeFinding(failure.CDNStrictTLS), true
}

// challengeUnreachable: the platform's own address does not answer, or answers
// with a server error, or the way there runs in circles.
func challengeUnreachable(f facts) (record.Finding, bool) {
	if f.Probe == nil || f.matched() || strictTLS(f.Probe) || droppedPath(f.Probe) {
		return record.Finding{}, false
	}
	switch f.Probe.Result {
	case record.ProbeBadRedirect:
	case record.ProbeRefused, record.ProbeTimeout:
		if f.foreign() {
			return record.Finding{}, false
		}
	case record.ProbeAnswered:
		if f.foreign() || f.Probe.Status < 500 {
			return record.Finding{}, false
		}
	default:
		return record.Finding{}, false
	}
	return f.probeFinding(failure.ChallengeUnreach), true
}

// answeredWrong reports an answer that is not our account's.
func (f facts) answeredWrong() bool {
	return f.Probe != nil && f.Probe.Result == record.ProbeAnswered && !f.matched()
}

func (f facts) probeFinding(code failure.Code) record.Finding {
	observed := f.name
	if f.Probe.Address.IsValid() {
		observed = f.Probe.Address.WithZone("").String()
	}
	finding := f.finding(code, failure.Values{"detail": because(f.probeText()), "observed": observed})
	result := record.RR{Type: "HTTP", Name: f.name, Value: f.probeText()}
	finding.Expected, finding.Observed = f.expected(), append([]record.RR{result}, f.observed()...)
	finding.Warning = f.probeAdvises()
	return finding
}

// probeText says how the probe ended, naming the layer that answered.
func (f facts) probeText() string {
	p := f.Probe
	switch p.Result {
	case record.ProbeRefused:
		return "the connection was refused"
	case record.ProbeTimeout:
		return "no answer in time"
	case record.ProbeTLS:
		return "the TLS handshake after the redirect failed"
	case record.ProbeBadRedirect:
		return badRedirectText(p)
	}
	text := fmt.Sprintf("HTTP %d", p.Status)
	if server := Clean(p.Server, maxWord); server != "" {
		text += " from " + server
	}
	switch p.Body {
	case record.BodyThumbprint:
		text += " with the answer of another ACME account"
	case record.BodyHTML:
		text += " with a web page"
	}
	return text
}

func badRedirectText(p *record.Probe) string {
	if hop, ok := lastRedirect(p); ok {
		return "it redirects to " + redirectRecord(hop).Value + ", which a CA does not follow"
	}
	return "it redirects in a way that a CA does not follow"
}

// strictTLS: Cloudflare's 525 and 526 are a failed handshake with, and a
// distrusted certificate of, the origin.
func strictTLS(p *record.Probe) bool {
	return p.Result == record.ProbeTLS || p.Result == record.ProbeAnswered && (p.Status == 525 || p.Status == 526)
}

func redirected(p *record.Probe) bool {
	_, ok := lastRedirect(p)
	return ok
}

func lastRedirect(p *record.Probe) (record.Hop, bool) {
	for i := len(p.Hops) - 1; i >= 0; i-- {
		if p.Hops[i].Location != "" {
			return p.Hops[i], true
		}
	}
	return record.Hop{}, false
}

func droppedPath(p *record.Probe) bool { return dropping(p).Location != "" }

// dropping is the first redirect that loses the path.
func dropping(p *record.Probe) record.Hop {
	for _, hop := range p.Hops {
		if hop.Location != "" && !hop.KeepsPath {
			return hop
		}
	}
	return record.Hop{}
}

// redirectRecord shows a redirect beside DNS records.
func redirectRecord(hop record.Hop) record.RR {
	return record.RR{Type: "HTTP", Name: Clean(hop.URL, maxPhrase), Value: Clean(hop.Location, maxPhrase)}
}
