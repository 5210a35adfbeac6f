package diagnose

import (
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// finding fills the reason's sentences.
func (f facts) finding(code failure.Code, more failure.Values) record.Finding {
	message, remedy := failure.Of(code).Fill(f.values(more))
	return record.Finding{Code: code, Message: message, Remedy: remedy}
}

// values are those that every sentence may want; more adds or replaces some.
func (f facts) values(more failure.Values) failure.Values {
	values := failure.Values{
		"name":      f.name,
		"app":       or(Clean(f.question.App, maxName), "the app"),
		"expected":  f.expectedText(),
		"detail":    "",
		"remedy":    "",
		"ca":        f.authority(),
		"zone":      f.name,
		"until":     until(time.Time{}),
		"challenge": or(f.question.Challenge, "http-01"),
	}
	for key, value := range more {
		values[key] = value
	}
	return values
}

// because appends a cause to a sentence: ": cause" without its own full stop.
func because(cause string) string {
	cause = strings.TrimRight(cause, " .")
	if cause == "" {
		return ""
	}
	return ": " + cause
}

// until words the time of the next attempt.
func until(t time.Time) string {
	if t.IsZero() {
		return "its next attempt"
	}
	return t.UTC().Format(time.RFC3339)
}

// authority names the CA as CAA records do.
func (f facts) authority() string {
	if len(f.platform.CAAIdentities) == 0 {
		return "the CA"
	}
	return Clean(strings.Join(f.platform.CAAIdentities, " or "), maxPhrase)
}
