package reconcile

import (
	"cmp"
	"slices"

	"github.com/acmsync/acmsync/internal/record"
)

// ActionKind is what is to be done.
type ActionKind string

// The actions, in the order of a plan.
const (
	// Issue orders a first certificate.
	Issue ActionKind = "issue"
	// Renew orders the next one because time is up.
	Renew ActionKind = "renew"
	// Replace orders the next one because this one no longer fits; the old one
	// is kept until the new one is deployed.
	Replace ActionKind = "replace"
	// Adopt takes over a pair that a target has and the store does not.
	Adopt ActionKind = "adopt"
	// Deploy hands the newest pair to one target.
	Deploy ActionKind = "deploy"
	// Revoke revokes one serial.
	Revoke ActionKind = "revoke"
	// Forget takes the pair from every target and from the store.
	Forget ActionKind = "forget"
)

// kinds is the one table of actions: their order and their symbol in a plan.
var kinds = []struct {
	kind   ActionKind
	symbol string
}{
	{Issue, "+"},
	{Renew, "~"},
	{Replace, "+/-"}, // the new one first
	{Adopt, "<"},
	{Deploy, ">"},
	{Revoke, "-"},
	{Forget, "x"},
}

// ActionKinds returns all kinds in the order of a plan. The slice is the
// caller's own.
func ActionKinds() []ActionKind {
	all := make([]ActionKind, 0, len(kinds))
	for _, k := range kinds {
		all = append(all, k.kind)
	}
	return all
}

func (k ActionKind) rank() int {
	for i, row := range kinds {
		if row.kind == k {
			return i
		}
	}
	return len(kinds)
}

// Symbol is the kind's mark in a plan's text: + ~ +/- < > - x; "?" for a kind
// that does not exist.
func (k ActionKind) Symbol() string {
	if i := k.rank(); i < len(kinds) {
		return kinds[i].symbol
	}
	return "?"
}

// Orders reports whether the action is about getting a certificate from a CA.
func (k ActionKind) Orders() bool { return k == Issue || k == Renew || k == Replace }

// Action is one thing to do for one domain.
type Action struct {
	Kind ActionKind `json:"action"`
	App  string     `json:"app"`
	// Domain is the row's key.
	Domain string `json:"domain"`
	// Why is a plain clause. It may name times relative to now.
	Why string `json:"why"`
	// Urged: the CA wants the certificate replaced before its time, as when it is
	// to be revoked.
	Urged bool `json:"urged,omitempty"`
	// Directory is the CA that an order goes to; empty: the only one there is.
	Directory string `json:"directory,omitempty"`
	// Target is the deploy target of a deploy or adopt action.
	Target string `json:"target,omitempty"`
	// Serial is what a revoke or adopt action is about; Reason (RFC 5280,
	// section 5.3.1) belongs to the former.
	Serial string `json:"serial,omitempty"`
	Reason int    `json:"reason,omitempty"`
	// Seen is what an order was decided on; nil: nothing was looked at just now,
	// as while an order is followed.
	Seen *record.Observation `json:"-"`
}

func compareActions(x, y Action) int {
	return cmp.Or(
		cmp.Compare(x.App, y.App),
		cmp.Compare(x.Domain, y.Domain),
		cmp.Compare(x.Kind.rank(), y.Kind.rank()),
		cmp.Compare(x.Target, y.Target),
		cmp.Compare(x.Serial, y.Serial),
	)
}

// Sort puts actions in the order of a plan: by app, domain and kind.
func Sort(actions []Action) { slices.SortFunc(actions, compareActions) }

// The reason codes of RFC 5280, section 5.3.1, that a revocation may carry.
const (
	keyCompromise        = 1
	superseded           = 4
	cessationOfOperation = 5
)
