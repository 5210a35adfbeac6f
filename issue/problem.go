package issue

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-acme/lego/v4/acme"

	"github.com/acmsync/acmsync/internal/record"
)

// The types of RFC 8555, section 6.7, that are answered by more than telling.
const (
	accountDoesNotExist     = "accountDoesNotExist"
	alreadyReplaced         = "alreadyReplaced" // RFC 9773, section 7.4
	alreadyRevoked          = "alreadyRevoked"
	badNonce                = "badNonce"
	externalAccountRequired = "externalAccountRequired"
	malformed               = "malformed"
	orderNotReady           = "orderNotReady"
	rateLimited             = "rateLimited"
	serverInternal          = "serverInternal"
	unauthorized            = "unauthorized"
	userActionRequired      = "userActionRequired"
)

// These keep a hostile CA from filling the store: bytes of a sentence and of a
// word, and the parts of a compound problem. An order has 100 names at most.
const (
	maxDetail      = 2000
	maxWord        = 300
	maxSubproblems = 100
)

// failure says why a call of lego's failed: a *record.Problem, or the context's
// error. What went over the wire tells more than lego's error, which loses the
// chain of causes in places.
func (s *session) failure(during string, err error) error {
	if s.ctx.Err() != nil {
		return fmt.Errorf("%s: %w", during, s.ctx.Err())
	}
	if s.last.err != nil {
		return outage(during, s.last.err)
	}
	if s.last.status >= http.StatusBadRequest {
		return s.refusal(during)
	}
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	p := &record.Problem{During: during, Detail: unusable(during, err)}
	if err != nil && !errors.As(err, &syntax) && !errors.As(err, &kind) {
		p.Status = s.last.status
	}
	return p
}

// unusable says what is wrong with an answer that lego can make nothing of. Its
// own errors are known by their words alone, which tell a reader little.
func unusable(during string, err error) string {
	text := fmt.Sprint(err)
	switch {
	case strings.Contains(text, "identifiers have been modified"):
		return "the CA's order is for other names than were asked for (RFC 8555, section 7.4)"
	case strings.Contains(text, "nonce"):
		return "the CA gave no nonce (RFC 8555, section 6.5)"
	}
	return "the CA's answer (" + during + ") is not what RFC 8555 says it should be"
}

// refusal is what the last answer says.
func (s *session) refusal(during string) *record.Problem {
	p := translate(problemOf(s.last.body), during)
	p.Status = s.last.status
	p.RetryAfter = retryAfter(s.last.header, s.now)
	if p.Type == "" && p.Detail == "" {
		p.Type = record.Wordless
		p.Detail = strings.TrimSpace(fmt.Sprint(p.Status, " ", http.StatusText(p.Status))) + ", without a reason"
	}
	return p
}

// outage is the problem of having no answer.
func outage(during string, err error) *record.Problem {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	detail := told(err)
	if badCertificate(err) {
		detail += " (is acme.caFile the root of this CA's own HTTPS certificate?)"
	}
	return &record.Problem{During: during, Detail: cut(detail, maxDetail)}
}

func isProblem(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) && json.Valid(body)
}

// problemOf reads a problem document; what is none gives an empty one.
func problemOf(body []byte) acme.ProblemDetails {
	var said acme.ProblemDetails
	if json.Unmarshal(body, &said) != nil {
		return acme.ProblemDetails{}
	}
	return said
}

// translate keeps everything a problem document says but its status, which
// comes from HTTP; where it came inside another object its own is kept, or 403.
func translate(said acme.ProblemDetails, during string) *record.Problem {
	p := &record.Problem{
		Type: cut(said.Type, maxWord), Detail: cut(said.Detail, maxDetail), During: during,
		Status: cmp.Or(said.HTTPStatus, http.StatusForbidden),
	}
	for _, sub := range said.SubProblems[:min(len(said.SubProblems), maxSubproblems)] {
		p.Subproblems = append(p.Subproblems, record.Subproblem{
			Type: cut(sub.Type, maxWord), Detail: cut(sub.Detail, maxDetail), Name: cut(sub.Identifier.Value, maxWord),
		})
	}
	slices.SortFunc(p.Subproblems, compareSubproblems)
	if n := len(p.Subproblems); n > 0 && p.Subproblems[0].Name == p.Subproblems[n-1].Name {
		p.Name = p.Subproblems[0].Name
	}
	return p
}

func compareSubproblems(a, b record.Subproblem) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Detail, b.Detail))
}

func cut(s string, max int) string {
	if len(s) <= max {
		return s
	}
	return string(bytes.ToValidUTF8([]byte(s[:max]), nil)) + "…"
}

// kindOf is the problem's type without its URN; empty for other errors.
func kindOf(err error) string {
	var p *record.Problem
	if errors.As(err, &p) {
		return p.Kind()
	}
	return ""
}

// final reports whether after this refusal the order can never become a
// certificate. Limits, outages and trouble with the account pass, and then the
// order is where it was.
func final(p *record.Problem) bool {
	if p.Outage() || p.Status < http.StatusBadRequest {
		return false
	}
	switch p.Kind() {
	case "":
		return p.Status == http.StatusNotFound || p.Status == http.StatusGone
	case rateLimited, badNonce, orderNotReady, serverInternal, userActionRequired, externalAccountRequired:
		return false
	}
	return p.Status < http.StatusInternalServerError && p.Status != http.StatusTooManyRequests
}
