package diagnose

import (
	"regexp"
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/record"
)

// verdict is what a set of CAA records says about us.
type verdict struct {
	allowed bool
	why     string
	// parameters belong behind the issuer in a record that would allow us.
	parameters string
	// remove is a record that forbids by its mere presence.
	remove *record.CAARecord
}

// judgeCAA applies the set as RFC 8659, section 3 and 4 say. What cannot be
// judged, because our CA's identity or our account is not yet known, is taken
// to allow.
func (f facts) judgeCAA() verdict {
	if i := slices.IndexFunc(f.CAA.Records, unknownCritical); i >= 0 {
		return verdict{why: "they hold a critical property that no CA knows", remove: &f.CAA.Records[i]}
	}
	relevant := f.relevant()
	if len(relevant) == 0 {
		return verdict{allowed: true} // RFC 8659, section 4.2: no issue property, no restriction
	}
	refused := verdict{}
	if !slices.ContainsFunc(relevant, namesSomebody) {
		refused.why = "they allow nobody"
	}
	for _, r := range relevant {
		v := f.judgeProperty(r)
		if v.allowed {
			return v
		}
		if v.why != "" {
			refused = v
		}
	}
	return refused
}

// namesSomebody: an issuer that is empty allows nobody (section 4.2).
func namesSomebody(r record.CAARecord) bool {
	value, ok := parseIssue(r.Value)
	return ok && value.issuer != ""
}

// relevant are the properties that count for the name: for a wildcard the
// issuewild ones take the place of issue, where there are any (section 4.3).
func (f facts) relevant() []record.CAARecord {
	if f.wildcard() && slices.ContainsFunc(f.CAA.Records, tagged("issuewild")) {
		return having(f.CAA.Records, "issuewild")
	}
	return having(f.CAA.Records, "issue")
}

func having(records []record.CAARecord, tag string) []record.CAARecord {
	var kept []record.CAARecord
	for _, r := range records {
		if tagged(tag)(r) {
			kept = append(kept, r)
		}
	}
	return kept
}

// unknownCritical: a critical property that is not understood forbids issuance
// (section 4.5). issuemail (RFC 9495) and iodef are understood by taking no
// notice of them.
func unknownCritical(r record.CAARecord) bool {
	return r.Critical && !slices.Contains([]string{"issue", "issuewild", "iodef", "issuemail"}, strings.ToLower(r.Tag))
}

// judgeProperty judges one issue or issuewild property. An unknown CA allows
// itself any well-formed issuer but not the empty one, which forbids everybody.
func (f facts) judgeProperty(r record.CAARecord) verdict {
	value, ok := parseIssue(r.Value)
	if !ok || value.issuer == "" {
		return verdict{}
	}
	known := len(f.platform.CAAIdentities) > 0
	named := slices.ContainsFunc(f.platform.CAAIdentities, func(id string) bool { return sameName(id, value.issuer) })
	if known && !named {
		return verdict{}
	}
	if !known {
		return verdict{allowed: true}
	}
	return f.judgeParameters(value)
}

// judgeParameters applies accounturi and validationmethods (RFC 8657, sections
// 3 and 4). A parameter that is given twice is unsatisfiable; others are not
// for us.
func (f facts) judgeParameters(v issueValue) verdict {
	account, method := f.platform.AccountURI, or(f.question.Challenge, "http-01")
	uris, methods := v.parameters["accounturi"], v.parameters["validationmethods"]
	wrong := verdict{}
	// What restricts others in the owner's record is to restrict them in ours.
	if len(uris) > 0 {
		wrong.parameters += "; accounturi=" + or(account, "the account's URL")
	}
	if len(uris) > 1 || len(uris) == 1 && account != "" && uris[0] != account {
		wrong.why = "accounturi names another account"
	}
	allowed := len(methods) == 1 && slices.Contains(strings.Split(methods[0], ","), method)
	switch {
	case allowed:
		wrong.parameters += "; validationmethods=" + methods[0]
	case len(methods) > 0:
		wrong.why = "validationmethods leaves out " + method
		wrong.parameters += "; validationmethods=" + method
	}
	wrong.allowed = wrong.why == ""
	return wrong
}

// issueValue is the value of an issue or issuewild property.
type issueValue struct {
	issuer     string
	parameters map[string][]string // by lower-case tag
}

// The grammar of RFC 8659, section 4.2. A label, and a parameter's tag, may
// hold hyphens but not begin or end with one.
var (
	issuerName     = regexp.MustCompile(`^[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*(?:\.[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*)*$`)
	issueParameter = regexp.MustCompile(`^([A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*)[ \t]*=[ \t]*([\x21-\x3a\x3c-\x7e]*)$`)
)

// parseIssue parses a value; a malformed one authorises nobody (section 4.2).
func parseIssue(s string) (issueValue, bool) {
	parts := strings.Split(s, ";")
	value := issueValue{issuer: strings.Trim(parts[0], " \t"), parameters: map[string][]string{}}
	if value.issuer != "" && !issuerName.MatchString(value.issuer) {
		return issueValue{}, false
	}
	for i, part := range parts[1:] {
		part = strings.Trim(part, " \t")
		if part == "" && i == len(parts)-2 {
			continue // a semicolon may end the value
		}
		m := issueParameter.FindStringSubmatch(part)
		if m == nil {
			return issueValue{}, false
		}
		tag := strings.ToLower(m[1])
		value.parameters[tag] = append(value.parameters[tag], m[2])
	}
	return value, true
}
