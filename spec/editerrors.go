package spec

import (
	"fmt"
	"strings"
)

// RefusedError says that a file has errors, so that it is not edited.
type RefusedError struct{ Errors []Error }

func (e *RefusedError) Error() string {
	lines := make([]string, len(e.Errors))
	for i, err := range e.Errors {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// UnknownError says that there is no such app, or that the app has no such
// domain.
type UnknownError struct {
	App string
	// Domain is canonical; "": the app is what is not there.
	Domain string
	// Near is what may have been meant; "" when nothing is close.
	Near string
}

func (e *UnknownError) Error() string {
	text := fmt.Sprintf("there is no app %s", quote(e.App))
	if e.Domain != "" {
		text = fmt.Sprintf("app %s has no domain %s", quote(e.App), e.Domain)
	}
	if e.Near != "" {
		text += ": did you mean " + e.Near + "?"
	}
	return text
}

func unknownDomain(a App, name string) error {
	known := make([]string, len(a.Domains))
	for i, d := range a.Domains {
		known[i] = d.Name
	}
	return &UnknownError{App: a.Name, Domain: name, Near: nearest(name, known)}
}

// LayoutError says where a file is written in a way that cannot be edited
// without writing it anew, such as a name as a block of text.
type LayoutError struct{ At Error }

func (e *LayoutError) Error() string { return e.At.Error() }
