package reconcile_test

import (
	"pgregory.net/rapid"

	"github.com/acmsync/acmsync/internal/record"
)

// ownership is what the world knows of who owns which name.
type ownership struct {
	// silent are names whose owners have no proof in DNS.
	silent map[string]bool
	// shown are the name and app of each proof that somebody could see.
	shown map[string]bool
}

// texts are what stands in DNS: the app's proof, unless the owner has none, and
// always another app's.
func (w *world) texts(q record.Question, h health) *record.Ownership {
	t := record.Texts{Name: q.Proofs[0].Name, Answer: record.Answered}
	other := w.policy.Platform.Proofs(q.Name, q.Registered, "other")
	switch {
	case h == silent:
		t.Answer = record.NoAnswer
	case w.silent[q.Name]:
		t.Values = []string{"v=spf1 -all", other[0].Value}
	default:
		t.Values = []string{other[0].Value, q.Proofs[0].Value}
		w.shown[q.Name+" "+q.App] = true
	}
	return &record.Ownership{Texts: []record.Texts{t}}
}

// turnProof has an owner add the record, or take it away.
func (w *world) turnProof() {
	name := domainName(rapid.IntRange(0, 11).Draw(w.t, "whose proof"))
	w.silent[name] = !w.silent[name]
}

// checkProven: no order is begun for an app that nobody proved the name for.
func (w *world) checkProven(d record.Domain) {
	if w.policy.Platform.VerifyOwnership && !w.shown[d.Name()+" "+d.App] {
		w.t.Fatalf("an order for %s, which nobody proved to be %s's: %+v", d.Key, d.App, d.Proven)
	}
}
