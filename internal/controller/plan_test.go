package controller_test

import (
	"os"
	"testing"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/status"
	"github.com/acmsync/acmsync/reconcile"
)

// TestPlanWritesNothing: not to the store, not to git, not to the CA, and where
// a probe would need something put in place, not there either.
func TestPlanWritesNothing(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	w := begin(t, func(b *blueprint) { b.Webroot = root })
	w.shop("www.shop.example")
	tip := w.Git.Tip("acm-status")
	w.wantPlan(reconcile.Issue)
	if w.knows("www.shop.example") {
		t.Error("the plan was stored")
	}
	if now := w.Git.Tip("acm-status"); now != tip {
		t.Errorf("the status moved to %s", now)
	}
	if n := w.CA.Count() - w.CA.Count(ca.Directory); n > 0 {
		t.Errorf("%d requests to the CA besides its directory", n)
	}
	if files, err := os.ReadDir(root); len(files) > 0 || err != nil {
		t.Errorf("the webroot has %v, %v", files, err)
	}
	if n := len(w.Edge.Requests()); n > 0 {
		t.Errorf("%d probes that could not be answered", n)
	}
}

// TestPlanSaysWhatAPassDoes: the actions of the plan are those of the pass.
func TestPlanSaysWhatAPassDoes(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.Edge.Behave("lost.shop.example", edge.Behaviour{Status: 404})
	w.Point("www.shop.example", "lost.shop.example")
	w.push(apps(app("shop", "lost.shop.example", "nowhere.shop.example", "www.shop.example")))
	w.wantPlan(reconcile.Issue)
	w.pass()
	w.wantIssued("www.shop.example")
	for name, want := range map[string]failure.Code{
		"lost.shop.example": failure.CDNChallengeMissing, "nowhere.shop.example": failure.DomainNotFound,
	} {
		if d := w.domain(name); reason(d) != string(want) || d.State != record.Failing {
			t.Errorf("%s: %s, %v; want %s", name, d.State, d.Findings, want)
		}
	}
	if n := w.CA.Count(ca.NewOrder); n != 1 {
		t.Errorf("%d orders", n)
	}
	w.wantPlan()
}

// TestAccountIsRemembered: a CAA record that names another account stops the
// order (RFC 8657, section 3), also in a process that never met the CA.
func TestAccountIsRemembered(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example")
	w.pass()
	raw, err := w.Git.Read("acm-status", "platform.yaml")
	if err != nil {
		t.Fatal(err)
	}
	account := w.domain("www.shop.example").Certificate.Account
	if p, err := status.ParsePlatform(raw); err != nil || p.AccountURI != account || account == "" {
		t.Errorf("platform.yaml says %+v, %v; want account %q", p, err, account)
	}
	w.DNS.Set("ours.example", "A 127.0.0.1", `CAA 0 issue "ca.test; accounturi=`+account+`"`)
	w.DNS.Set("theirs.example", "A 127.0.0.1", `CAA 0 issue "ca.test; accounturi=https://elsewhere.example/7"`)
	w.push(apps(app("shop", "www.shop.example", "ours.example", "theirs.example")))
	w.replace()
	w.pass()
	w.wantIssued("ours.example", "www.shop.example")
	if d := w.domain("theirs.example"); reason(d) != string(failure.CAAForbids) {
		t.Errorf("theirs.example is %s, %v", d.State, d.Findings)
	}
}
