package keypair

import "fmt"

// Fault names the check that a pair did not pass.
type Fault string

// The faults, in the order they are looked for.
const (
	// Unreadable: the PEM of the chain or the key cannot be parsed.
	Unreadable Fault = "unreadable"
	// WrongKey: the private key is not the leaf's.
	WrongKey Fault = "wrong-key"
	// WrongNames: a name that was asked for is missing.
	WrongNames Fault = "wrong-names"
	// WrongDates: the leaf or an issuer is expired or not yet valid.
	WrongDates Fault = "wrong-dates"
	// WrongUsage: the leaf is not a certificate for TLS servers.
	WrongUsage Fault = "wrong-usage"
	// BrokenChain: a certificate is not signed by the one after it.
	BrokenChain Fault = "broken-chain"
	// Weak: a key or signature that clients refuse.
	Weak Fault = "weak"
)

// Error says why a pair was refused. It never quotes key material.
type Error struct {
	Fault  Fault
	Detail string
	Err    error // the cause, if there is one; its text is part of Detail
}

func (e *Error) Error() string { return string(e.Fault) + ": " + e.Detail }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func refuse(f Fault, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	e := &Error{Fault: f, Detail: err.Error()}
	if wrapped, ok := err.(interface{ Unwrap() error }); ok {
		e.Err = wrapped.Unwrap()
	}
	return e
}
