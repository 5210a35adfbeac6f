package diagnose

import (
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// redirectDropsPath: a redirect on the way leads to a URL without the
// challenge's path, as registrars' "web forwarding" does.
func redirectDropsPath(f facts) (record.Finding, bool) {
	if !f.failedProbe() || !droppedPath(f.Probe) {
		return record.Finding{}, false
	}
	hop := dropping(f.Probe)
	values := failure.Values{"location": redirectRecord(hop).Value, "detail": "loses"}
	if hop.KeepsToken {
		values["detail"] = "rewrites"
	}
	finding := f.finding(failure.RedirectDropsPath, values)
	finding.Remedy = f.redirectRemedy()
	finding.Expected, finding.Observed = f.awaited(), append([]record.RR{redirectRecord(hop)}, f.observed()...)
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
	if f.foreign() && f.Probe.Body != record.BodyHTML || !f.foreign() && f.Probe.Status >= 500 && !captive(f.Probe) {
		return record.Finding{}, false
	}
	finding := f.probeFinding(failure.CDNChallengeMissing)
	finding.Remedy = f.answerRemedy()
	return finding, true
}

// cdnStrictTLS: the CDN insists on a valid certificate at the origin (525, 526),
// or the way leads over https whose handshake fails outright.
func cdnStrictTLS(f facts) (record.Finding, bool) {
	if !f.failedProbe() || !strictTLS(f.Probe) {
		return record.Finding{}, false
	}
	finding := f.probeFinding(failure.CDNStrictTLS)
	finding.Remedy = f.strictRemedy()
	return finding, true
}

// challengeUnreachable: the platform's own address does not answer, or answers
// with a server error, or the way there runs in circles.
func challengeUnreachable(f facts) (record.Finding, bool) {
	if !f.failedProbe() || strictTLS(f.Probe) || droppedPath(f.Probe) {
		return record.Finding{}, false
	}
	switch f.Probe.Result {
	case record.ProbeBadRedirect:
	case record.ProbeNoAddress:
		if !redirected(f.Probe) {
			return record.Finding{}, false
		}
	case record.ProbeRefused, record.ProbeTimeout:
		if f.foreign() {
			return record.Finding{}, false
		}
	case record.ProbeAnswered:
		if f.foreign() || f.Probe.Status < 500 || captive(f.Probe) {
			return record.Finding{}, false
		}
	default:
		return record.Finding{}, false
	}
	finding := f.probeFinding(failure.ChallengeUnreach)
	finding.Remedy = or(f.reachRemedy(), finding.Remedy)
	return finding, true
}

// answeredWrong reports an answer that is not our account's.
func (f facts) answeredWrong() bool {
	return f.failedProbe() && f.Probe.Result == record.ProbeAnswered
}

func (f facts) probeFinding(code failure.Code) record.Finding {
	observed := f.name
	if f.Probe.Address.IsValid() {
		observed = place(f.Probe)
	}
	finding := f.finding(code, failure.Values{"detail": because(f.probeClause()), "observed": observed})
	finding.Expected, finding.Observed = f.awaited(), append(f.answerRecords(), f.observed()...)
	finding.Warning = f.probeAdvises()
	return finding
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

// droppedPath: a path that is glued to the host is not dropped, see
// [record.RedirectSlash].
func droppedPath(p *record.Probe) bool {
	return p.Refusal != record.RedirectSlash && dropping(p).Location != ""
}

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
