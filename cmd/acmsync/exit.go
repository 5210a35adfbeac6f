package main

// The exit codes. Scripts rely on them; when several apply, the precedence is
// failure, invalid, attention, timeout, changes.
const (
	exitOK        = 0
	exitFailure   = 1 // settings, git, store, clock, CA unreachable
	exitChanges   = 2 // plan --detailed-exitcode: changes pending
	exitAttention = 3 // domains need attention
	exitInvalid   = 4 // desired state invalid
	exitTimeout   = 5 // time ran out while still working
)

// exitError ends a command with a code of its own. err may be nil when
// everything was already said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return "" // the output above says it all
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// exitWith is nil for exitOK, so that callers can return it as it is.
func exitWith(code int) error {
	if code == exitOK {
		return nil
	}
	return &exitError{code: code}
}
