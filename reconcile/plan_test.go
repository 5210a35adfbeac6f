package reconcile_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/spec"
)

func TestPreview(t *testing.T) {
	t.Parallel()
	p := policy()
	s := newStage(t, p, app("shop", names(5)...)).issue()
	a := reconcile.Admit(desired(app("shop"), app("blog", "new.example")), s.known, p, start)
	var decisions []reconcile.Decision
	for _, d := range reconcile.Apply(s.known.Domains, a, start) {
		decisions = append(decisions, look(d, well, p, start))
	}
	slices.Reverse(decisions)
	plan := reconcile.Preview(a, decisions)
	if !plan.Held || plan.Hash != a.Hash || plan.Changes() != 1 || len(plan.Outcomes) != 5 {
		t.Errorf("one issue and five holds, told once each: %+v", plan)
	}
	for i, o := range plan.Outcomes {
		if o.Kind != reconcile.Hold || o.Domain != names(5)[i] {
			t.Errorf("%+v", o)
		}
	}
	text, err := json.Marshal(plan.Actions[0])
	want := `{"action":"issue","app":"blog","domain":"new.example","why":"no certificate"}`
	if err != nil || string(text) != want {
		t.Errorf("%s (%v), want %s", text, err, want)
	}
}

func TestHashIsOfWhatIsDone(t *testing.T) {
	t.Parallel()
	one := reconcile.Action{Kind: reconcile.Renew, App: "a", Domain: "x", Why: "expires in 12 days"}
	two := reconcile.Action{Kind: reconcile.Deploy, App: "a", Domain: "x", Target: "edge"}
	later := one
	later.Why = "expires in 11 days"
	if reconcile.Hash([]reconcile.Action{one, two}) != reconcile.Hash([]reconcile.Action{two, later}) {
		t.Error("order or reason changes the hash")
	}
	other := two
	other.Target = "edge-2"
	if reconcile.Hash([]reconcile.Action{one, two}) == reconcile.Hash([]reconcile.Action{one, other}) {
		t.Error("the target does not change the hash")
	}
}

func TestSort(t *testing.T) {
	t.Parallel()
	var want []reconcile.Action
	for _, app := range []string{"a", "b"} {
		for _, kind := range reconcile.ActionKinds() {
			want = append(want, reconcile.Action{Kind: kind, App: app, Domain: "x"})
		}
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	reconcile.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSymbols(t *testing.T) {
	t.Parallel()
	var all []string
	for _, k := range reconcile.ActionKinds() {
		all = append(all, k.Symbol())
	}
	if got := strings.Join(all, " "); got != "+ ~ +/- < > - x" {
		t.Errorf("symbols %s", got)
	}
	if reconcile.ActionKind("other").Symbol() != "?" {
		t.Error("a kind that does not exist has a symbol")
	}
}

func TestWorstAndAttention(t *testing.T) {
	t.Parallel()
	if got := reconcile.Worst(record.CertIssued, record.Held, record.Waiting); got != record.Held {
		t.Errorf("%s", got)
	}
	if got := reconcile.Worst(); got != record.Disabled {
		t.Errorf("%s", got)
	}
	owner := record.Domain{Findings: []record.Finding{{Code: failure.CAAForbids}}}
	operator := record.Domain{Findings: []record.Finding{{Code: failure.DeployFailed}}}
	limited := record.Domain{Findings: []record.Finding{{Code: failure.RateLimited}}}
	advised := record.Domain{Findings: []record.Finding{{Code: failure.IncorrectDNS, Warning: true}}}
	cases := []struct {
		app     record.App
		domains []record.Domain
		want    string
	}{
		{record.App{}, nil, "none"},
		{record.App{}, []record.Domain{limited, advised}, "none"},
		{record.App{}, []record.Domain{limited, owner}, "owner"},
		{record.App{}, []record.Domain{owner, operator}, "operator"},
		{record.App{Refusals: []record.Refusal{{Finding: record.Finding{Code: failure.ClaimedByAnotherApp}}}}, nil, "owner"},
	}
	for _, c := range cases {
		if got := reconcile.AppAttention(c.app, c.domains); got != c.want {
			t.Errorf("%+v: %s, want %s", c.domains, got, c.want)
		}
	}
}

func TestAfford(t *testing.T) {
	t.Parallel()
	p := policy()
	p.Limits = budget.Limits{CertificatesPerDomain: budget.Limit{Count: 1, Per: day}}
	books := record.Ledger{}
	first, second := wanted(t, p), wanted(t, p, func(a *spec.App) { a.Domains[0].Name = "api.shop.example" })
	dec := look(first, well, p, start)
	if got := reconcile.Afford(dec, budget.Turn{}, books, p, start); len(got.Actions) != 1 {
		t.Fatalf("%+v", got)
	}
	books = reconcile.Spend(first, books, p, start)
	held := reconcile.Afford(look(second, well, p, start), budget.Turn{}, books, p, start)
	if o := rests(t, held, reconcile.Wait); !o.Until.Equal(start.Add(day)) || !held.Next.Due.Equal(o.Until) {
		t.Errorf("%+v, due %v", o, held.Next.Due)
	}
	state(t, held.Next, record.Waiting)
	code(t, held.Next, failure.RateLimited)
	if !held.Next.Attempt.RateLimitedUntil.Equal(start.Add(day)) || reconcile.Attention(held.Next) != "none" {
		t.Errorf("%+v", held.Next)
	}
	// An order that is under way was paid for.
	under := look(ordered(t, p), well, p, start)
	if got := reconcile.Afford(under, budget.Turn{}, books, p, start); len(got.Actions) != 1 {
		t.Errorf("%+v", got)
	}
	// A renewal draws on other limits.
	old := issued(t, p)
	if got := reconcile.Afford(look(old, well, p, start.Add(70*day)), budget.Turn{}, books, p, start.Add(70*day)); len(got.Actions) != 1 {
		t.Errorf("%+v", got)
	}
	after := reconcile.Afford(look(held.Next, well, p, start.Add(day)), budget.Turn{}, books, p, start.Add(day))
	if len(after.Actions) != 1 {
		t.Errorf("%+v", after)
	}
}

// The first orders are made before anybody knows the account's URL; they count
// all the same.
func TestTheAccountsLimitKnowsItsFirstOrders(t *testing.T) {
	t.Parallel()
	p := policy()
	p.Limits = budget.Limits{NewOrders: budget.Limit{Count: 1, Per: day}}
	first, second := wanted(t, p), wanted(t, p, func(a *spec.App) { a.Domains[0].Name = "api.shop.example" })
	unknown := p
	unknown.Platform.AccountURI = ""
	books := reconcile.Spend(first, record.Ledger{}, unknown, start)
	rests(t, reconcile.Afford(look(second, well, p, start), budget.Turn{}, books, p, start), reconcile.Wait)
	other := p
	other.Platform.Thumbprint = "another key's"
	if got := reconcile.Afford(look(second, well, other, start), budget.Turn{}, books, other, start); len(got.Actions) != 1 {
		t.Errorf("another account has limits of its own: %+v", got)
	}
}

func TestLearn(t *testing.T) {
	t.Parallel()
	p := policy()
	p.Limits = budget.LetsEncrypt()
	d := wanted(t, p)
	problem := &record.Problem{Type: "urn:ietf:params:acme:error:rateLimited", Status: 429, RetryAfter: start.Add(2 * time.Hour), During: "order"}
	r := reconcile.Result{Action: reconcile.Action{Kind: reconcile.Issue}, Problem: problem}
	books := reconcile.Learn(d, r, record.Ledger{}, p, start)
	dec := reconcile.Afford(look(d, well, p, start), budget.Turn{}, books, p, start)
	if o := rests(t, dec, reconcile.Wait); !o.Until.Equal(start.Add(2 * time.Hour)) {
		t.Errorf("%+v", o)
	}
	books = record.Ledger{}
	r.Problem = acme("unauthorized", "no", "authorization")
	for range 5 {
		for b, full := range reconcile.Learn(d, r, books, p, start) {
			books[b] = full
		}
	}
	rests(t, reconcile.Afford(look(d, well, p, start), budget.Turn{}, books, p, start), reconcile.Wait)
}

func TestAccountProblem(t *testing.T) {
	t.Parallel()
	p := policy()
	foreign := func(name string) record.Domain {
		d := wanted(t, p, func(a *spec.App) { a.Domains[0].Name = name })
		d, q, _ := reconcile.Ask(d, p, start)
		seen := observation(q, well, "", start)
		seen.Probe.Body, seen.Probe.Hops = record.BodyThumbprint, []record.Hop{{URL: "http://" + name, Status: 200}}
		return reconcile.Decide(d, seen, p, start).Next
	}
	one, two := foreign("a.example"), foreign("b.example")
	code(t, one, failure.CDNChallengeMissing)
	if got := reconcile.AccountProblem([]record.Domain{one}); len(got) > 0 {
		t.Errorf("one alone is its own: %+v", got)
	}
	if got := reconcile.AccountProblem([]record.Domain{one, two, issued(t, p)}); len(got) > 0 {
		t.Errorf("one name answers right: %+v", got)
	}
	got := reconcile.AccountProblem([]record.Domain{one, two})
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	code(t, got[0], failure.AccountProblem)
	code(t, one, failure.CDNChallengeMissing) // the argument is as it was
	if reconcile.Attention(got[1]) != "operator" {
		t.Errorf("%+v", got[1])
	}
	// Looked at alone later, it is still that.
	d, q, ask := reconcile.Ask(got[0], p, got[0].Due)
	if !ask {
		t.Fatal("not looked at again")
	}
	seen := observation(q, well, "", d.Due)
	seen.Probe.Body = record.BodyThumbprint
	code(t, reconcile.Decide(d, seen, p, d.Due).Next, failure.AccountProblem)
	// And mended it is issued.
	if a := only(t, look(d, well, p, d.Due)); a.Kind != reconcile.Issue {
		t.Errorf("%+v", a)
	}
}

// The account's problem takes the place of what it caused, and of nothing else.
func TestAccountProblemKeepsTheOtherFindings(t *testing.T) {
	t.Parallel()
	p := policy()
	drift := record.Finding{Code: failure.AAAAMismatch, Warning: true}
	missing := record.Finding{Code: failure.CDNChallengeMissing}
	caa := record.Finding{Code: failure.CAAForbids}
	undeployed := record.Finding{Code: failure.DeployFailed}
	for _, c := range []struct {
		before []record.Finding
		want   []failure.Code
	}{
		{[]record.Finding{missing}, []failure.Code{failure.AccountProblem}},
		{[]record.Finding{missing, caa, drift}, []failure.Code{failure.AccountProblem, failure.CAAForbids, failure.AAAAMismatch}},
		{[]record.Finding{drift, missing, undeployed}, []failure.Code{failure.AccountProblem, failure.AAAAMismatch, failure.DeployFailed}},
	} {
		d := wanted(t, p)
		d.ForeignThumbprint, d.Findings = true, c.before
		got := reconcile.AccountProblem([]record.Domain{d, d})
		if len(got) != 2 {
			t.Fatalf("%+v", got)
		}
		if codes := codesOf(got[0].Findings); !slices.Equal(codes, c.want) {
			t.Errorf("%v becomes %v, want %v", codesOf(c.before), codes, c.want)
		}
		// A look at the row alone afterwards says the same.
		next, q, _ := reconcile.Ask(got[0], p, start)
		seen := observation(q, well, "", start)
		seen.Probe.Body, seen.Probe.Hops = record.BodyThumbprint, []record.Hop{{URL: "http://x", Status: 200}}
		if codes := codesOf(reconcile.Decide(next, seen, p, start).Next.Findings); !slices.Equal(codes, []failure.Code{failure.AccountProblem}) {
			t.Errorf("looked at alone it becomes %v", codes)
		}
	}
}

func codesOf(findings []record.Finding) []failure.Code {
	var out []failure.Code
	for _, f := range findings {
		out = append(out, f.Code)
	}
	return out
}
