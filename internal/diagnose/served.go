package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// NotServed says which edges of the platform certainly do not present the
// certificate c, which every one of them was given: they presented another one,
// or turned the handshake away. ok is false when none is known to be wrong.
//
// It is no part of [Explain], whose findings are about getting a certificate.
func NotServed(p record.Platform, q record.Question, o record.Observation, c record.Certificate, now time.Time) (_ record.Finding, ok bool) {
	f := gather(p, q, o, nil)
	wrong := slices.DeleteFunc(slices.Clone(o.Served), func(s record.Served) bool { return f.serves(s) != record.Fail })
	if len(wrong) == 0 {
		return record.Finding{}, false
	}
	var words []string
	var observed []record.RR
	for _, s := range wrong {
		words = append(words, misserved(s, now))
		observed = append(observed, record.RR{Type: "TLS", Name: s.Address.String(), Value: presented(s, now)})
	}
	finding := f.finding(failure.NotServed, failure.Values{"detail": strings.Join(words, ", and ")})
	finding.Expected = []record.RR{{Type: "TLS", Name: f.name, Value: described(c.Serial, c.Issuer, c.NotAfter, now)}}
	finding.Observed = observed
	return finding, true
}

// UnknownServed says in a clause why nothing is known of what the platform
// serves; empty: something is, or it was not looked at.
func UnknownServed(p record.Platform, q record.Question, o record.Observation) string {
	f := gather(p, q, o, nil)
	switch f.servedLight() {
	case record.Skipped:
		return fmt.Sprintf("%s is not an address of the platform", o.Served[0].Address)
	case record.Unknown:
		return Clean(o.Served[0].Detail, maxPhrase)
	}
	return ""
}

// servedLight is the worst of the edges that are known to be the platform's;
// how others serve the name is none of its business.
func (f facts) servedLight() record.Check {
	if f.Served == nil {
		return ""
	}
	for _, light := range []record.Check{record.Fail, record.Pass, record.Skipped} {
		if slices.ContainsFunc(f.Served, func(s record.Served) bool { return f.serves(s) == light }) {
			return light
		}
	}
	return record.Unknown
}

// serves judges one edge. A refusal or another certificate is an answer;
// silence may be our network's.
func (f facts) serves(s record.Served) record.Check {
	answered, expected := s.Answer == record.Answered, f.question.ServedSHA256
	switch {
	case !answered && s.Answer != record.Refused:
		return record.Unknown
	case answered && expected != "" && s.SHA256 == expected:
		return record.Pass
	case !f.platforms(s):
		return record.Skipped
	case answered && expected == "":
		return record.Unknown
	default:
		return record.Fail
	}
}

// platforms reports whether the edge is certainly the platform's: by its
// address, or because the platform's target leads there. A target of the
// domain's own may be anybody's.
func (f facts) platforms(s record.Served) bool {
	if slices.Contains(f.addresses, s.Address.Unmap()) {
		return true
	}
	return s.AtTarget && sameName(f.target, f.platform.TargetFor(f.name, f.question.App, ""))
}

func misserved(s record.Served, now time.Time) string {
	if s.Answer == record.Answered {
		return fmt.Sprintf("the edge at %s presents another one (%s)", s.Address, presented(s, now))
	}
	return "the edge at " + Clean(s.Detail, maxPhrase)
}

func presented(s record.Served, now time.Time) string {
	if s.Answer == record.Answered {
		return described(s.Serial, s.Issuer, s.NotAfter, now)
	}
	return "no certificate"
}

// described tells certificates apart as openssl x509 shows them.
func described(serial, issuer string, until, now time.Time) string {
	words := []string{"serial " + serial}
	if issuer = Clean(issuer, maxWord); issuer != "" {
		words = append(words, "issuer "+issuer)
	}
	ends := "expires "
	if !now.Before(until) {
		ends = "expired "
	}
	return strings.Join(append(words, ends+until.UTC().Format(time.RFC3339)), ", ")
}
