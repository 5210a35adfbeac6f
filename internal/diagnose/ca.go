package diagnose

import (
	"regexp"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// caWord is the table's last row: what the CA says.
func caWord(f facts) (record.Finding, bool) {
	if f.problem == nil {
		return record.Finding{}, false
	}
	return f.fromProblem(f.problem.RetryAfter), true
}

// FromProblem explains the CA's refusal alone. next is when the request will be
// repeated; zero: not yet known, then the CA's Retry-After is named.
func FromProblem(p record.Platform, q record.Question, problem *record.Problem, next time.Time) record.Finding {
	if next.IsZero() {
		next = problem.RetryAfter
	}
	return gather(p, q, record.Observation{}, problem).fromProblem(next)
}

func (f facts) fromProblem(next time.Time) record.Finding {
	said := f.spoken()
	if finding, ok := f.elsewhereInDNS(said); ok {
		return finding
	}
	code := f.codeOf(said)
	if host := f.redirectedTo(said.detail); host != "" && (said.kind == "connection" || said.kind == "unauthorized") && code != failure.SecondaryValidation {
		return f.astray(host, because(quoted(code, said.detail)), said)
	}
	values := failure.Values{
		"detail":   because(quoted(code, said.detail)),
		"until":    until(next),
		"observed": f.name,
		"profile":  "that is asked for",
		"offered":  "those it offers",
		"remedy":   "",
	}
	switch code {
	case failure.CAAForbids:
		values["expected"] = f.caaExpectedText(f.caaExpected(""))
	case failure.CAAUnsupported:
		values["zone"], values["detail"] = caaLookup(said.detail)
	case failure.BadCertificate:
		values["detail"] = strings.TrimPrefix(values["detail"], ": ")
	}
	finding := f.finding(code, values)
	finding.Remedy = or(f.remedyFor(code, said), finding.Remedy)
	finding.Expected, finding.Observed = f.expectedFor(code), f.observedByCA(code, said)
	return f.contradicted(finding, values)
}

// expectedFor is what the records should be when the CA's word is all we have.
func (f facts) expectedFor(code failure.Code) []record.RR {
	switch code {
	case failure.CAAForbids:
		return f.caaExpected("")
	case failure.DNSUnresolved, failure.DomainNotFound:
		return f.expected()
	default:
		return nil
	}
}

// utterance is what the CA said about one name.
type utterance struct {
	kind, detail string
	status       int
	during       string
	// wordless: it is no problem document.
	wordless bool
}

// spoken is the part of the problem that concerns our name: its subproblem (RFC
// 8555, section 6.7.1), else the first of a compound, else the problem itself.
func (f facts) spoken() utterance {
	p := f.problem
	said := utterance{kind: p.Kind(), detail: p.Detail, status: p.Status, during: p.During, wordless: p.Type == record.Wordless}
	for i, sub := range p.Subproblems {
		ours := sameName(sub.Name, f.name) || sameName(sub.Name, strings.TrimPrefix(f.name, "*."))
		if ours || i == 0 && said.kind == "compound" {
			said.kind, said.detail = sub.Kind(), sub.Detail
		}
		if ours {
			break
		}
	}
	return said
}

// byKind maps the error types of RFC 8555, section 6.7, and of its extensions,
// whose wording makes no difference.
var byKind = map[string]failure.Code{
	"accountDoesNotExist":     failure.AccountProblem,
	"alreadyReplaced":         failure.CARefused, // RFC 9773, section 7.4
	"alreadyRevoked":          failure.CARefused,
	"badCSR":                  failure.CARefused,
	"badNonce":                failure.CAUnavailable,
	"badRevocationReason":     failure.CARefused,
	"badSignatureAlgorithm":   failure.AccountProblem,
	"compound":                failure.CARefused,
	"connection":              failure.ChallengeUnreach,
	"externalAccountRequired": failure.AccountProblem,
	"incorrectResponse":       failure.CDNChallengeMissing,
	"invalidContact":          failure.AccountProblem,
	"invalidProfile":          failure.ProfileUnsupported,
	"malformed":               failure.CARefused,
	"orderNotReady":           failure.CARefused,
	"serverInternal":          failure.CAUnavailable,
	"unsupportedContact":      failure.AccountProblem,
	"unsupportedIdentifier":   failure.CARefused,
	"userActionRequired":      failure.AccountProblem,
}

// codeOf is the reason behind the CA's words. Secondary validation keeps the
// type of what failed and only its wording tells.
func (f facts) codeOf(u utterance) failure.Code {
	switch u.kind {
	case "":
		return untyped(u)
	case "rateLimited":
		return limited(u.detail)
	case "rejectedIdentifier":
		if u.during == "challenge" && !mentions(u.detail, "polic", "blocklist", "block list", "forbidden") && rejected(u.detail) == failure.Blocklisted {
			// The name was accepted with the order: step-ca says this of a response
			// that is not the right one.
			return f.unauthorizedCode(u.during)
		}
		return rejected(u.detail)
	case "badPublicKey":
		return keyCode(u.during)
	}
	if mentions(u.detail, "secondary validation", "secondary domain validation") {
		return failure.SecondaryValidation
	}
	switch u.kind {
	case "dns", "caa":
		if zone, _ := caaLookup(u.detail); zone != "" {
			return failure.CAAUnsupported
		}
		if u.kind == "caa" {
			return failure.CAAForbids
		}
		return dnsCode(u.detail)
	case "tls":
		return f.tlsCode()
	case "unauthorized":
		return f.unauthorizedCode(u.during)
	}
	if code, ok := byKind[u.kind]; ok {
		return code
	}
	return failure.CARefused
}

// untyped judges by status alone. Some CAs and the proxies before them answer
// with pages.
func untyped(u utterance) failure.Code {
	switch {
	case u.status == 0 || u.status >= 500:
		return failure.CAUnavailable
	case u.status == 429:
		return failure.RateLimited
	case u.status < 400 && u.during == "certificate":
		return failure.BadCertificate
	case u.status < 400:
		return failure.CAUnavailable
	default:
		return failure.CARefused
	}
}

// limited tells a limit that ends by itself from an account that was paused for
// a name; both are rateLimited on the wire.
func limited(detail string) failure.Code {
	if pausedText(detail) {
		return failure.AccountPaused
	}
	return failure.RateLimited
}

func pausedText(detail string) bool {
	return mentions(detail, "paused", "unpause", "self-service", "temporarily prevented from requesting")
}

func rejected(detail string) failure.Code {
	if mentions(detail, "unsafe", "malware", "phishing") {
		return failure.UnsafeDomain
	}
	return failure.Blocklisted
}

// keyCode: a bad key is the account's, or the certificate's at finalization.
func keyCode(during string) failure.Code {
	if during == "account" || during == "order" {
		return failure.AccountProblem
	}
	return failure.CARefused
}

// caaQuery is how Boulder says that a CAA query failed; the problem's type is
// dns all the same.
var caaQuery = regexp.MustCompile(`(?i)(?:DNS problem: )?([a-z ]+?) looking up CAA for ([a-z0-9._-]+)`)

// caaLookup is the name at which a CAA query of the CA failed, and how; empty:
// none did.
func caaLookup(detail string) (zone, answer string) {
	m := caaQuery.FindStringSubmatch(detail)
	if m == nil {
		return "", ""
	}
	if answer = strings.TrimSpace(m[1]); mentions(answer, "timed out") {
		answer = answerText(record.TimedOut)
	}
	return strings.Trim(m[2], ".-"), Clean(answer, maxPhrase)
}

func dnsCode(detail string) failure.Code {
	switch {
	case mentions(detail, "timed out", "timeout"):
		return failure.DNSTimeout
	case mentions(detail, "nxdomain"):
		return failure.DomainNotFound
	default:
		return failure.DNSUnresolved
	}
}

func (f facts) tlsCode() failure.Code {
	if f.question.Challenge == "tls-alpn-01" {
		return failure.ChallengeTLS
	}
	return failure.CDNStrictTLS
}

// unauthorizedCode: outside of validation it is the account that may not.
func (f facts) unauthorizedCode(during string) failure.Code {
	switch {
	case during != "authorization" && during != "challenge" && during != "":
		return failure.AccountProblem
	case f.question.Challenge == "tls-alpn-01":
		return failure.ChallengeTLS
	case f.provedInDNS():
		return failure.DNSUnresolved
	default:
		return failure.CDNChallengeMissing
	}
}

func mentions(detail string, words ...string) bool {
	detail = strings.ToLower(detail)
	for _, w := range words {
		if strings.Contains(detail, w) {
			return true
		}
	}
	return false
}

// Detail is what of the CA's words may be published: cleaned, cut to 300
// characters, and without links that grant something to whoever holds them.
func Detail(p *record.Problem) string { return publishable(p.Detail, maxDetail) }

var links = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://[^\s"'<>]+`)

// grants are links, whole or not, with a token in them.
var grants = regexp.MustCompile(`(?i)[^\s"'<>]*[?&#]jwt=[^\s"'<>]*`)

// publishable removes the query and fragment of every link, and every link at
// all from the news that an account is paused: its self-service link lets
// anybody unpause it.
func publishable(detail string, max int) string {
	clean := grants.ReplaceAllString(Clean(detail, 4*max), "[link withheld]")
	if pausedText(detail) {
		return Clean(links.ReplaceAllString(clean, "[link withheld]"), max)
	}
	short := links.ReplaceAllStringFunc(clean, func(link string) string {
		if i := strings.IndexAny(link, "?#"); i >= 0 {
			return link[:i]
		}
		return link
	})
	return Clean(short, max)
}
