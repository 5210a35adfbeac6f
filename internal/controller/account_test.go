package controller_test

import (
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/edge"
)

const foreign = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"

// TestForeignThumbprintEverywhere: when the edge answers for another account at
// every name, the account is the problem, and the CA is not asked.
func TestForeignThumbprintEverywhere(t *testing.T) {
	t.Parallel()
	w := begin(t)
	names := []string{"a.shop.example", "b.shop.example", "c.shop.example"}
	ours := w.config.Policy.Platform.Thumbprint
	w.Edge.SetThumbprint(foreign)
	w.shop(names...)
	w.pass()
	for _, name := range names {
		if d := w.domain(name); reason(d) != string(failure.AccountProblem) || len(d.Findings) != 1 {
			t.Errorf("%s: %s, %v; want one account-problem", name, d.State, d.Findings)
		}
		if e := w.entry("shop", name); e.Attention != "operator" {
			t.Errorf("%s asks for the attention of %q", name, e.Attention)
		}
	}
	if n := w.CA.Count(ca.NewOrder); n != 0 {
		t.Errorf("%d orders for a problem of the account", n)
	}
	w.Edge.SetThumbprint(ours)
	w.forward(2 * time.Minute)
	w.pass()
	w.wantIssued(names...)
}

// TestForeignThumbprintAtOneName: one name alone is its own problem.
func TestForeignThumbprintAtOneName(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.Edge.Behave("odd.shop.example", edge.Behaviour{Thumbprint: foreign})
	w.shop("a.shop.example", "b.shop.example", "odd.shop.example")
	w.pass()
	w.wantIssued("a.shop.example", "b.shop.example")
	if d := w.domain("odd.shop.example"); reason(d) != string(failure.CDNChallengeMissing) {
		t.Errorf("%s, %v; want cdn-challenge-missing", d.State, d.Findings)
	}
	if n := len(w.CA.CertificatesFor("odd.shop.example")); n != 0 {
		t.Errorf("%d certificates", n)
	}
}

// TestForeignThumbprintBesideOldSuccess: what the edge answered yesterday says
// nothing about today's account.
func TestForeignThumbprintBesideOldSuccess(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("a.shop.example")
	w.pass()
	w.Edge.SetThumbprint(foreign)
	w.shop("a.shop.example", "b.shop.example", "c.shop.example")
	w.replace(also("second", t.TempDir()))
	w.pass()
	w.wantIssued("a.shop.example")
	for _, name := range []string{"b.shop.example", "c.shop.example"} {
		if d := w.domain(name); reason(d) != string(failure.AccountProblem) {
			t.Errorf("%s: %v; want account-problem", name, d.Findings)
		}
	}
}
