package status

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/record"
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
// and why. Domains where all is well are only
// counted, in the last line, which counts the others too.
func PlanText(w io.Writer, p Plan, color bool) error {
	var b strings.Builder
	width := p.widest()
	for _, a := range p.Actions {
		symbol := paint(color, actionColours[a.Kind], fmt.Sprintf("%3s", a.Kind.Symbol()))
		fmt.Fprintf(&b, "%s  %-7s  %-*s  %s\n", symbol, a.Kind, width, record.Clean(a.Domain, maxText), actionWhy(a))
	}
	if len(p.Actions) > 0 {
		b.WriteString("\n")
	}
	for _, o := range p.Outcomes {
		if o.Kind == reconcile.Keep {
			continue
		}
		word := paint(color, outcomeColours[o.Kind], fmt.Sprintf("%-4s", o.Kind))
		fmt.Fprintf(&b, "     %s     %-*s  %s\n", word, width, record.Clean(o.Domain, maxText), outcomeWhy(o))
	}
	if p.kept() < len(p.Outcomes) {
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "%s\n", p.summary())
	if strings.Contains(p.standing(), "failing") {
		b.WriteString("What mends a failing domain: acmsync status, or acmsync verify NAME.\n")
	}
	if p.Held {
		fmt.Fprintf(&b, "Removals are held. If they are meant, run acmsync sync, which notes them, and then: acmsync approve %s\n", p.Hash)
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

// summary counts everything in one line: what is to be done, then the rest.
func (p Plan) summary() string {
	todo := map[reconcile.ActionKind]int{}
	for _, a := range p.Actions {
		todo[a.Kind]++
	}
	var parts []string
	for _, kind := range reconcile.ActionKinds() {
		if n := todo[kind]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d to %s", n, kind))
		}
	}
	rest := p.standing()
	switch {
	case len(parts) > 0 && rest == "":
		return fmt.Sprintf("Plan: %s.", strings.Join(parts, ", "))
	case len(parts) > 0:
		return fmt.Sprintf("Plan: %s; %s.", strings.Join(parts, ", "), rest)
	case len(p.Outcomes) == 0:
		return "Nothing to do: no domain is asked for."
	case p.kept() == len(p.Outcomes):
		return fmt.Sprintf("Nothing to do: %s as wanted.", plural(len(p.Outcomes), "domain"))
	default:
		return fmt.Sprintf("Nothing to do now: %s.", rest)
	}
}

// standing counts the domains that nothing is done for now.
func (p Plan) standing() string {
	count := map[reconcile.OutcomeKind]int{}
	for _, o := range p.Outcomes {
		count[o.Kind]++
	}
	var parts []string
	for _, k := range []struct {
		kind reconcile.OutcomeKind
		word string
	}{{reconcile.Keep, "as wanted"}, {reconcile.Fail, "failing"}, {reconcile.Wait, "waiting"}, {reconcile.Hold, "held"}} {
		if n := count[k.kind]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, k.word))
		}
	}
	return strings.Join(parts, ", ")
}

func (p Plan) kept() int {
	n := 0
	for _, o := range p.Outcomes {
		if o.Kind == reconcile.Keep {
			n++
		}
	}
	return n
}

// actionWhy names the target or serial that tells actions of one domain apart.
func actionWhy(a reconcile.Action) string {
	text := record.Clean(a.Why, maxText)
	switch {
	case a.Kind == reconcile.Adopt:
		text = "from " + record.Clean(a.Target, maxText) + ": " + text
	case a.Target != "":
		text = "to " + record.Clean(a.Target, maxText) + ": " + text
	case a.Serial != "":
		text = "serial " + record.Clean(a.Serial, maxText) + ": " + text
	}
	return of(a.App, text)
}

func outcomeWhy(o reconcile.Outcome) string {
	text := record.Clean(o.Why, maxText)
	if !o.Until.IsZero() {
		text += fmt.Sprintf(" (%s %s)", untilWords[o.Kind], o.Until.UTC().Format(time.RFC3339))
	}
	return of(o.App, text)
}

func of(app, text string) string { return text + " [" + record.Clean(app, maxText) + "]" }

// untilWords say what an outcome's time is: a wait ends, a failure is tried again.
var untilWords = map[reconcile.OutcomeKind]string{
	reconcile.Keep: "until", reconcile.Wait: "until", reconcile.Hold: "until", reconcile.Fail: "next try",
}

var actionColours = map[reconcile.ActionKind]string{
	reconcile.Issue: "32", reconcile.Renew: "33", reconcile.Replace: "33",
	reconcile.Adopt: "36", reconcile.Deploy: "36", reconcile.Revoke: "31", reconcile.Forget: "31",
}

var outcomeColours = map[reconcile.OutcomeKind]string{
	reconcile.Wait: "34", reconcile.Hold: "35", reconcile.Fail: "31",
}
