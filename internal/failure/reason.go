package failure

import "strings"

// Code names a reason. Codes are stable: they are committed to status files
// and people's tooling matches on them.
type Code string

// Actor says who must act before the failure can go away.
type Actor string

// The actors. CA and Nobody need no human of ours: the program waits.
const (
	Owner    Actor = "owner"
	Operator Actor = "operator"
	CA       Actor = "ca"
	Nobody   Actor = "nobody"
)

// Retry says when a failed domain is tried again. It is the program's only
// retry policy.
type Retry string

const (
	// Backoff tries again on its own, ever more slowly.
	Backoff Retry = "backoff"
	// Until tries again at a time that somebody else (the CA, a budget) set.
	Until Retry = "until"
	// OnChange waits for the desired entry, or what was observed, to change.
	OnChange Retry = "on-change"
)

// Reason is one row of the closed list.
type Reason struct {
	Code    Code
	Title   string // as the owner reads it, Heroku's wording where Heroku has one
	Actor   Actor
	Retry   Retry
	Message string // one sentence: what is wrong; a template
	Remedy  string // one sentence: the exact change that mends it; a template
}

// Values fills the {placeholders} of a template; keys are without braces.
type Values map[string]string

// Fill returns the reason's message and remedy with the values put in. Where a
// placeholder follows a word without a space, as {detail} mostly does, its value
// is empty or brings its own ": " or ", ".
// A placeholder without a value stays as it is, so that a test can see it.
func (r Reason) Fill(v Values) (message, remedy string) {
	pairs := make([]string, 0, 2*len(v))
	for key, value := range v {
		pairs = append(pairs, "{"+key+"}", value)
	}
	replace := strings.NewReplacer(pairs...)
	return replace.Replace(r.Message), replace.Replace(r.Remedy)
}

// Attention is who must act, as status files say it: owner, operator or none.
func (r Reason) Attention() string {
	if r.Actor == Owner || r.Actor == Operator {
		return string(r.Actor)
	}
	return "none"
}

// DocsURL is the page that explains the code at length.
func (c Code) DocsURL() string {
	return "https://github.com/acmsync/acmsync/blob/main/docs/reasons/" + string(c) + ".md"
}

// All returns every reason, Heroku's first, then ours. The slice is the
// caller's own.
func All() []Reason {
	return append([]Reason(nil), reasons...)
}

// Of returns the row of a code; an unknown code gets the row of [Internal],
// so that a status entry always has a title and somebody to act.
func Of(c Code) Reason {
	for _, r := range reasons {
		if r.Code == c {
			return r
		}
	}
	return Of(Internal)
}
