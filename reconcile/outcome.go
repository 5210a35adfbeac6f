package reconcile

import (
	"cmp"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// OutcomeKind is why nothing is done for a domain.
type OutcomeKind string

// The outcomes; none of them changes anything.
const (
	// Keep: all is well.
	Keep OutcomeKind = "keep"
	// Wait: something will be done at Until.
	Wait OutcomeKind = "wait"
	// Hold: a person has to say whether it should be done.
	Hold OutcomeKind = "hold"
	// Fail: something is wrong with the domain; Until, if set, is the next try.
	Fail OutcomeKind = "fail"
)

// Outcome says why nothing is to be done for a domain now.
type Outcome struct {
	Kind   OutcomeKind `json:"outcome"`
	App    string      `json:"app"`
	Domain string      `json:"domain"`
	Why    string      `json:"why"`
	Until  time.Time   `json:"until,omitzero"`
}

func compareOutcomes(x, y Outcome) int {
	return cmp.Or(
		cmp.Compare(x.App, y.App),
		cmp.Compare(x.Domain, y.Domain),
		cmp.Compare(x.Kind, y.Kind),
		cmp.Compare(x.Why, y.Why),
		x.Until.Compare(y.Until),
	)
}

// SortOutcomes puts outcomes in the order of a plan.
func SortOutcomes(outcomes []Outcome) { slices.SortFunc(outcomes, compareOutcomes) }

// Decision is what is to become of one row now.
type Decision struct {
	// Next is the row as it is to be saved, before any action is taken.
	Next record.Domain
	// Actions are to be done in this order, each one settled.
	Actions []Action
	// Outcome says why there are no actions; its Kind is empty when there are.
	Outcome Outcome
	// Others are the directories of the CAs that could take the place of the
	// order's, in their order.
	Others []string
	// Drop: nothing is left of a removed domain; the row is to be deleted.
	Drop bool
}
