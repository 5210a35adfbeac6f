package operate

import (
	"context"
	"encoding/json"
	"slices"
	"time"
)

// Round is one look at all names while they are watched.
type Round struct {
	// Number counts from 1.
	Number   int
	Verdicts []Verdict
	// Changed: something is otherwise than at the round before; true at first.
	Changed bool
}

// Blocked reports whether something must be mended for one of the names.
func (r Round) Blocked() bool { return slices.ContainsFunc(r.Verdicts, Verdict.Blocked) }

// Unseen reports whether one of the names could not be asked about.
func (r Round) Unseen() bool { return slices.ContainsFunc(r.Verdicts, Verdict.Unseen) }

// Watch looks at once and then at every tick, until nothing has to be mended,
// and returns the last round. show is told of every round. Whoever ends ctx
// gets the round before as it was, without an error.
func Watch(ctx context.Context, look func(context.Context) ([]Verdict, error), ticks <-chan time.Time, show func(Round) error) (Round, error) {
	var last Round
	said := ""
	for {
		verdicts, err := look(ctx)
		if ctx.Err() != nil {
			return last, nil //nolint:nilerr // what was cut off says nothing
		}
		if err != nil {
			return last, err
		}
		text, err := json.Marshal(verdicts)
		if err != nil {
			return last, err
		}
		last = Round{Number: last.Number + 1, Verdicts: verdicts, Changed: string(text) != said}
		said = string(text)
		if err := show(last); err != nil || !last.Blocked() && !last.Unseen() {
			return last, err
		}
		select {
		case <-ticks:
		case <-ctx.Done():
			return last, nil
		}
	}
}
