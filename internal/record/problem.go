package record

import (
	"fmt"
	"strings"
	"time"
)

// Problem is a CA's refusal (RFC 8555, section 6.7, as RFC 7807), or its
// absence. It is the one typed error of package issue.
type Problem struct {
	// Type is the full URN, urn:ietf:params:acme:error:…; empty when the CA
	// gave none (a 5xx page, a broken connection).
	Type   string
	Detail string
	// Status is the HTTP status; 0 when there was no answer at all.
	Status int
	// RetryAfter is when the CA asks us to come back; zero: it did not say.
	RetryAfter  time.Time
	Subproblems []Subproblem
	// Name is the identifier whose authorization failed; empty: the whole
	// order, or the account.
	Name string
	// During is the step that was refused: directory, account, order,
	// authorization, challenge, finalize, certificate, revoke.
	During string
}

// Subproblem is one identifier's part of a compound problem (RFC 8555,
// section 6.7.1).
type Subproblem struct {
	Type, Detail, Name string
}

// Error states the problem for logs; people read a Finding instead.
func (p *Problem) Error() string {
	if p.Status == 0 {
		return fmt.Sprintf("%s: no usable answer from the CA: %s", p.During, p.Detail)
	}
	if p.Type == Wordless {
		return fmt.Sprintf("%s: the CA answered %s", p.During, p.Detail)
	}
	return fmt.Sprintf("%s: the CA answered %s: %s", p.During, strings.TrimSpace(fmt.Sprint(p.Status, " ", p.Kind())), p.Detail)
}

// Wordless is the type of an answer that is no problem document: it says no more
// than its HTTP status (RFC 7807, section 4.2).
const Wordless = "about:blank"

// ErrorURN begins the type of every problem of ACME (RFC 8555, section 6.7).
const ErrorURN = "urn:ietf:params:acme:error:"

// Kind is the type without its URN prefix ("rateLimited"); empty when untyped.
func (p *Problem) Kind() string { return kind(p.Type) }

// Kind is the subproblem's type without its URN prefix.
func (s Subproblem) Kind() string { return kind(s.Type) }

func kind(urn string) string {
	if len(urn) > len(ErrorURN) && urn[:len(ErrorURN)] == ErrorURN {
		return urn[len(ErrorURN):]
	}
	return ""
}

// Outage reports whether the CA as a whole is out of order, as opposed to
// refusing this request.
func (p *Problem) Outage() bool {
	return p.Status == 0 || (p.Status >= 500 && (p.Kind() == "" || p.Kind() == "serverInternal"))
}
