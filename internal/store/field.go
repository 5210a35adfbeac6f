package store

import (
	"database/sql/driver"
	"fmt"
	"regexp"
	"slices"

	"github.com/acmsync/acmsync/internal/record"
)

// fieldError is a field of a row that cannot be read. Its cause speaks of Go and
// of JSON, which tells an operator nothing.
type fieldError struct {
	name string
	err  error
}

func (e *fieldError) Error() string { return "its field " + e.name + " makes no sense" }
func (e *fieldError) Unwrap() error { return e.err }

// unscanned is how database/sql says it; it has no type for it.
var unscanned = regexp.MustCompile(`^sql: Scan error on column index \d+, name "(\w+)": `)

// field makes a fieldError of it.
func field(err error) error {
	if err == nil {
		return nil
	}
	if m := unscanned.FindStringSubmatch(err.Error()); m != nil {
		return &fieldError{m[1], err}
	}
	return err
}

// The words of the columns that are closed lists. A row that was not stepped yet
// has no state.
var (
	modes  = []record.Mode{record.Auto, record.Off, record.Ineligible, record.ByHand, record.Removed}
	states = []record.State{
		"", record.Waiting, record.InProgress, record.DNSVerified, record.CertIssued, record.Failing, record.Failed,
		record.Disabled, record.Manual, record.Held,
	}
	orderStates = []record.OrderState{
		record.OrderIntent, record.OrderOrdered, record.OrderPresented, record.OrderValidating, record.OrderFinalizing,
		record.OrderIssued, record.OrderDone, record.OrderClosed,
	}
)

// wordAt keeps one of a closed list of words. Another one makes the row
// unreadable: nobody could say what is to be done with it.
type wordAt[T ~string] struct {
	v  *T
	of []T
}

// Value is the word.
func (c wordAt[T]) Value() (driver.Value, error) { return string(*c.v), nil }

// Scan takes a word of the list.
func (c wordAt[T]) Scan(v any) error {
	text, ok := v.(string)
	if !ok || !slices.Contains(c.of, T(text)) {
		return fmt.Errorf("%q is no word that is known here", v)
	}
	*c.v = T(text)
	return nil
}
