package status

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/acmsync/acmsync/reconcile"
)

// Plan is what a pass would do, as `plan -o json` prints it.
type Plan struct {
	// Changes counts the actions.
	Changes int `json:"changes"`
	// Hash is what approve takes when Held; else it identifies the actions.
	Hash     string              `json:"hash"`
	Held     bool                `json:"held"`
	Actions  []reconcile.Action  `json:"actions"`
	Outcomes []reconcile.Outcome `json:"outcomes"`
}

// NewPlan words a plan for programs.
func NewPlan(p reconcile.Plan) Plan {
	return Plan{
		Changes: p.Changes(), Hash: p.Hash, Held: p.Held,
		Actions: append([]reconcile.Action{}, p.Actions...), Outcomes: append([]reconcile.Outcome{}, p.Outcomes...),
	}
}

// PlanText prints the plan for people: what would be done, then what would not
// and why. Domains where all is well are only counted.
func PlanText(w io.Writer, p Plan, color bool) error {
	var b strings.Builder
	width := p.widest()
	for _, a := range p.Actions {
		symbol := paint(color, actionColours[a.Kind], fmt.Sprintf("%3s", a.Kind.Symbol()))
		fmt.Fprintf(&b, "%s  %-7s  %-*s  %s\n", symbol, a.Kind, width, clean(a.Domain, maxText), actionWhy(a))
	}
	if len(p.Actions) > 0 {
		b.WriteString("\n")
	}
	kept := 0
	for _, o := range p.Outcomes {
		if o.Kind == reconcile.Keep {
			kept++
			continue
		}
		word := paint(color, outcomeColours[o.Kind], fmt.Sprintf("%-4s", o.Kind))
		fmt.Fprintf(&b, "     %s     %-*s  %s\n", word, width, clean(o.Domain, maxText), outcomeWhy(o))
	}
	if len(p.Outcomes) > kept {
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "%s\n", p.summary(kept))
	if p.Held {
		fmt.Fprintf(&b, "Removals are held. If they are meant, run: acmsync approve %s\n", p.Hash)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p Plan) widest() int {
	width := 0
	for _, a := range p.Actions {
		width = max(width, len(a.Domain))
	}
	for _, o := range p.Outcomes {
		if o.Kind != reconcile.Keep {
			width = max(width, len(o.Domain))
		}
	}
	return min(width, 50)
}

func (p Plan) summary(kept int) string {
	counts := map[reconcile.ActionKind]int{}
	for _, a := range p.Actions {
		counts[a.Kind]++
	}
	var parts []string
	for _, kind := range reconcile.ActionKinds() {
		if n := counts[kind]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d to %s", n, kind))
		}
	}
	if len(parts) == 0 {
		return fmt.Sprintf("Nothing to do; %s as wanted.", plural(kept, "domain"))
	}
	return fmt.Sprintf("Plan: %s; %s as wanted.", strings.Join(parts, ", "), plural(kept, "domain"))
}

// actionWhy names the target or serial that tells actions of one domain apart.
func actionWhy(a reconcile.Action) string {
	text := clean(a.Why, maxText)
	switch {
	case a.Target != "":
		text = "to " + clean(a.Target, maxText) + ": " + text
	case a.Serial != "":
		text = "serial " + clean(a.Serial, maxText) + ": " + text
	}
	return of(a.App, text)
}

func outcomeWhy(o reconcile.Outcome) string {
	text := clean(o.Why, maxText)
	if !o.Until.IsZero() {
		text += " (until " + o.Until.UTC().Format(time.RFC3339) + ")"
	}
	return of(o.App, text)
}

func of(app, text string) string { return text + " [" + clean(app, maxText) + "]" }

var actionColours = map[reconcile.ActionKind]string{
	reconcile.Issue: "32", reconcile.Renew: "33", reconcile.Replace: "33",
	reconcile.Deploy: "36", reconcile.Revoke: "31", reconcile.Forget: "31",
}

var outcomeColours = map[reconcile.OutcomeKind]string{
	reconcile.Wait: "34", reconcile.Hold: "35", reconcile.Fail: "31",
}
