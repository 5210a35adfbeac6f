package diagnose

import (
	"slices"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// Checks turns an observation into the lights of a status entry: pass, fail, or
// unknown where we could not ask. A part that was not asked for stays empty, so
// that the caller keeps what it knew; so do Issued and Deployed, which are not
// observed.
//
// A record that leads elsewhere while the probe gets our answer passes: a CDN
// in front is a way to run a site. Everything else that a check finds fails its
// light, even where it does not block an order. What the edges serve is skipped
// where others than the platform's answer for the name.
func Checks(p record.Platform, q record.Question, o record.Observation) record.Checks {
	f := gather(p, q, o, nil)
	findings := judge(table(), f)
	f, _ = f.settled()
	return record.Checks{
		DNS:       f.dnsLight(findings),
		CAA:       f.caaLight(findings),
		Challenge: f.challengeLight(),
		Served:    f.servedLight(),
	}
}

func (f facts) dnsLight(findings []record.Finding) record.Check {
	switch {
	case f.DNS == nil:
		return ""
	case found(findings, failure.DNSTimeout, failure.DNSSECFailed, failure.DNSUnresolved, failure.DomainNotFound) && len(f.resolved()) == 0:
		return record.Fail
	case !f.matched() && found(findings, failure.IncorrectCNAME, failure.IncorrectDNS, failure.AAAAMismatch):
		return record.Fail
	case !f.matched() && slices.ContainsFunc(findings, reservedRecord):
		return record.Fail
	case len(f.resolved()) == 0, len(f.edge) == 0 && !f.viaTarget():
		return record.Unknown // nothing was answered, or nothing to hold it against
	default:
		return record.Pass
	}
}

func (f facts) caaLight(findings []record.Finding) record.Check {
	switch {
	case f.CAA == nil:
		return ""
	case found(findings, failure.CAAUnsupported), f.caaBogus(), blocks(findings, failure.CAAForbids):
		return record.Fail
	case f.CAA.Answer == record.Answered, f.CAA.Answer == record.NoData, f.CAA.Answer == record.NXDomain:
		return record.Pass
	default:
		return record.Unknown
	}
}

func (f facts) challengeLight() record.Check {
	switch {
	case f.Probe == nil:
		return ""
	case f.matched():
		return record.Pass
	case f.Probe.Result == record.ProbeNotAsked, f.Probe.Result == "", captive(f.Probe):
		return record.Unknown
	case f.Probe.Result == record.ProbeForbidden && f.ours(f.Probe.Address) && !redirected(f.Probe):
		return record.Unknown
	default:
		return record.Fail
	}
}

// reservedRecord: it is a record that leads to the address, and no redirect.
func reservedRecord(f record.Finding) bool {
	return f.Code == failure.ReservedAddress && f.Observed[0].Type != "HTTP"
}

// blocks leaves out warnings: of CAA they say that a change is under way.
func blocks(findings []record.Finding, code failure.Code) bool {
	return slices.ContainsFunc(findings, func(f record.Finding) bool { return f.Code == code && !f.Warning })
}

func found(findings []record.Finding, codes ...failure.Code) bool {
	return slices.ContainsFunc(findings, func(f record.Finding) bool { return slices.Contains(codes, f.Code) })
}
