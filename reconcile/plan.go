package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// Plan is what would be done now, in a fixed order.
type Plan struct {
	Actions  []Action
	Outcomes []Outcome
	// Hash is what approve takes when removals are held; else it identifies
	// the actions.
	Hash string
	Held bool
}

// Changes counts the actions.
func (p Plan) Changes() int { return len(p.Actions) }

// Apply gives the rows as they are once the admission is stored: with wants put
// in their place and new rows added, due now, sorted by key. It changes neither
// argument.
func Apply(rows []record.Domain, a Admission, now time.Time) []record.Domain {
	all := byKey(rows)
	for _, w := range a.Wants {
		d, exists := all[w.Key]
		if !exists {
			d = record.Domain{State: record.Waiting, Since: now}
		}
		d.Want, d.Due = w, now
		all[w.Key] = d
	}
	out := make([]record.Domain, 0, len(all))
	for _, key := range sortedKeys(all) {
		out = append(out, all[key])
	}
	return out
}

// Preview gathers an admission and the decisions that followed it into a plan.
func Preview(a Admission, decisions []Decision) Plan {
	p := Plan{Hash: a.Hash, Held: a.Held, Outcomes: slices.Clone(a.Outcomes)}
	for _, d := range decisions {
		p.Actions = append(p.Actions, d.Actions...)
		if d.Outcome.Kind != "" {
			p.Outcomes = append(p.Outcomes, d.Outcome)
		}
	}
	Sort(p.Actions)
	SortOutcomes(p.Outcomes)
	p.Outcomes = slices.Compact(p.Outcomes) // a held row is told by both
	if !p.Held {
		p.Hash = Hash(p.Actions)
	}
	return p
}

// Hash identifies a set of actions by what they do, whatever their order and
// their reasons, which may name the time of day.
func Hash(actions []Action) string {
	lines := make([]string, 0, len(actions))
	for _, a := range actions {
		lines = append(lines, fmt.Sprintf("%s %s %s %s %s %d\n", a.Kind, a.App, a.Domain, a.Target, a.Serial, a.Reason))
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return hex.EncodeToString(sum[:])[:16]
}
