package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/spec"
)

func TestAsk(t *testing.T) {
	t.Parallel()
	p := policy()
	fresh := wanted(t, p)
	next, q, ask := reconcile.Ask(fresh, p, start)
	if !ask || !q.DNS || !q.CAA || !q.Probe || q.Served {
		t.Errorf("%+v", q)
	}
	if q.Name != www || q.App != "shop" || q.Apex() || q.Target != www+".dns.example.net" || q.Challenge != "http-01" {
		t.Errorf("%+v", q)
	}
	state(t, next, record.InProgress)

	apex := wanted(t, p, func(a *spec.App) { a.Domains[0].Name, a.Domains[0].Target = "shop.example", "{app}.edge.example" })
	if _, q, _ := reconcile.Ask(apex, p, start); !q.Apex() || q.Target != "shop.edge.example" {
		t.Errorf("%+v", q)
	}

	failing := fresh
	failing.Attempt.FirstFailed = start.Add(-time.Hour)
	if _, again, _ := reconcile.Ask(failing, p, start); q.Authorities || !again.Authorities {
		t.Error("the name servers themselves are asked of what failed, and of nothing else")
	}

	done := issued(t, p)
	if _, _, ask := reconcile.Ask(done, p, start.Add(time.Second)); ask {
		t.Error("a healthy row was looked at again at once")
	}
	if _, q, ask := reconcile.Ask(done, p, start.Add(day)); !ask || !q.DNS || !q.Served || q.ServedSHA256 != done.Certificate.SHA256 {
		t.Errorf("the daily check: %+v", q)
	}
	done.Checks.Served = ""
	if _, q, ask := reconcile.Ask(done, p, start.Add(time.Second)); !ask || !q.Served || q.DNS {
		t.Errorf("after a deployment only what is served is looked at: %+v", q)
	}
}

func TestDailyChecksAreSpread(t *testing.T) {
	t.Parallel()
	p := policy()
	times := map[time.Time]bool{}
	for _, d := range newStage(t, p, app("shop", names(40)...)).issue().known.Domains {
		at := reconcile.Decide(d, record.Observation{}, p, start).Next.Due
		if !at.After(start) || at.After(start.Add(day)) {
			t.Fatalf("%s is looked at again at %v", d.Key, at)
		}
		times[at.Truncate(time.Hour)] = true
	}
	if len(times) < 12 {
		t.Errorf("forty rows are checked in %d hours of the day", len(times))
	}
}

func TestFirstCertificate(t *testing.T) {
	t.Parallel()
	p := policy()
	dec := look(wanted(t, p), well, p, start)
	if a := only(t, dec); a.Kind != reconcile.Issue || a.Why != "no certificate" || a.App != "shop" || a.Domain != www {
		t.Errorf("%+v", a)
	}
	state(t, dec.Next, record.DNSVerified)
	if c := dec.Next.Checks; c.DNS != record.Pass || c.CAA != record.Pass || c.Challenge != record.Pass {
		t.Errorf("%+v", c)
	}
}

func TestBlocked(t *testing.T) {
	t.Parallel()
	p := policy()
	d := wanted(t, p, func(a *spec.App) { a.Domains[0].Name = "*.shop.example" })
	if _, _, ask := reconcile.Ask(d, p, start); ask {
		t.Error("there is nothing to look at")
	}
	dec := look(d, well, p, start)
	rests(t, dec, reconcile.Fail)
	state(t, dec.Next, record.Failing)
	code(t, dec.Next, failure.WildcardNeedsDNS)
	// Nothing moves it but a change, and that somebody is told.
	if !dec.Next.Due.Equal(start.Add(p.NotifyAfter)) || dec.Next.Attempt.FirstFailed.IsZero() || reconcile.Attention(dec.Next) != "operator" {
		t.Errorf("%+v", dec.Next)
	}
	// An app that stops its web process keeps its certificate until it ends.
	had := issued(t, p, func(a *spec.App) { a.Web = count(0) })
	rests(t, look(had, well, p, start.Add(50*day)), reconcile.Keep)
	late := look(had, well, p, start.Add(70*day))
	rests(t, late, reconcile.Fail)
	state(t, late.Next, record.CertIssued)
	gone := look(late.Next, well, p, start.Add(91*day))
	state(t, gone.Next, record.Failing)
}

func TestReplacements(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		edit func(*record.Domain)
		kind reconcile.ActionKind
		why  string
	}{
		{"rekey", func(d *record.Domain) { d.Rekey = "2/" }, reconcile.Replace, "a new key was asked for (rekey: 2)"},
		{"directory", func(d *record.Domain) { d.Certificate.Directory = "https://staging.test/dir" }, reconcile.Replace, "no longer configured"},
		{"names", func(d *record.Domain) { d.Names = append(d.Names, "more.example") }, reconcile.Replace, "names"},
		{"late", func(d *record.Domain) { d.Certificate.NotAfter = start.Add(12*day + time.Hour) }, reconcile.Renew, "expires in 12 days"},
		{"expired", func(d *record.Domain) { d.Certificate.NotAfter = start.Add(-time.Hour) }, reconcile.Renew, "expired at 2026-11-23T09:00:00Z"},
		{"none", func(d *record.Domain) { d.Certificate = nil }, reconcile.Issue, "no certificate"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := policy()
			d := issued(t, p)
			d.Certificate.NotBefore = start.Add(-40 * day)
			c.edit(&d)
			a := only(t, look(d, well, p, start))
			if a.Kind != c.kind || !strings.Contains(a.Why, c.why) {
				t.Errorf("%+v, want %s because %q", a, c.kind, c.why)
			}
		})
	}
}

func TestDeploy(t *testing.T) {
	t.Parallel()
	p := policy()
	d := issued(t, p)
	d.Deployed, d.State = nil, record.DNSVerified
	dec := look(d, well, p, start)
	if len(dec.Actions) != 2 || dec.Actions[0].Target != "edge-1" || dec.Actions[1].Target != "edge-2" {
		t.Fatalf("%+v", dec.Actions)
	}
	now := start.Add(time.Second)
	next := reconcile.Settle(dec.Next, reconcile.Result{Action: dec.Actions[0]}, p, now)
	next = reconcile.Settle(next, reconcile.Result{Action: dec.Actions[1], Err: "disk full"}, p, now)
	state(t, next, record.DNSVerified)
	code(t, next, failure.DeployFailed)
	if next.Checks.Deployed != record.Fail || reconcile.Attention(next) != "operator" {
		t.Errorf("%+v", next)
	}
	wait := look(next, well, p, now)
	if o := rests(t, wait, reconcile.Fail); !strings.Contains(o.Why, "disk full") || !wait.Next.Due.Equal(o.Until) {
		t.Errorf("%+v %v", o, wait.Next.Due)
	}
	if wait := wait.Next.Due.Sub(now); wait < time.Minute || wait > 2*time.Minute {
		t.Errorf("tried again after %v", wait)
	}
	if a := only(t, look(wait.Next, well, p, wait.Next.Due)); a.Target != "edge-2" {
		t.Errorf("%+v", a)
	}
	fixed := reconcile.Settle(wait.Next, reconcile.Result{Action: dec.Actions[1]}, p, wait.Next.Due)
	state(t, fixed, record.CertIssued)
	if len(fixed.Findings) > 0 || fixed.Checks.Deployed != record.Pass {
		t.Errorf("%+v", fixed)
	}
}

// A target that keeps the older pair keeps the name served.
func TestDeployFailureOfARenewal(t *testing.T) {
	t.Parallel()
	p := policy()
	d := issued(t, p)
	renewed := *d.Certificate
	renewed.Serial, renewed.SHA256 = "02", "02"
	now := start.Add(70 * day)
	renewed.NotBefore, renewed.NotAfter = now, now.Add(90*day)
	d = reconcile.Settle(d, reconcile.Result{Action: reconcile.Action{Kind: reconcile.Renew}, Certificate: &renewed}, p, now)
	state(t, d, record.CertIssued)
	d = reconcile.Settle(d, reconcile.Result{Action: reconcile.Action{Kind: reconcile.Deploy, Target: "edge-1"}, Err: "no"}, p, now)
	state(t, d, record.CertIssued)
	code(t, d, failure.DeployFailed)
	if d.Deployed[0].SHA256 == "02" || d.Deployed[0].SHA256 == "" {
		t.Errorf("the target still has the old one: %+v", d.Deployed[0])
	}
	// An owner's refresh ends this backoff too.
	d.Refresh = "9/"
	if dec := look(d, well, p, now.Add(time.Second)); len(dec.Actions) != 2 {
		t.Errorf("%+v", dec)
	}
}

func TestNotServedIsLookedAtSooner(t *testing.T) {
	t.Parallel()
	p := policy()
	d := issued(t, p)
	d.Checks.Served = ""
	d, q, ask := reconcile.Ask(d, p, start)
	if !ask {
		t.Fatal("not asked")
	}
	dec := reconcile.Decide(d, observation(q, well, "somebody else's", start), p, start)
	rests(t, dec, reconcile.Keep)
	state(t, dec.Next, record.CertIssued)
	if dec.Next.Checks.Served != record.Fail || !dec.Next.Due.Equal(start.Add(time.Minute)) || reconcile.Attention(dec.Next) != "none" {
		t.Errorf("%+v", dec.Next)
	}
}

func TestOrderUnderWay(t *testing.T) {
	t.Parallel()
	p := policy()
	d := wanted(t, p)
	d.Order = &record.Order{State: record.OrderValidating, Directory: p.Directory, URL: "u", NextAt: start.Add(time.Minute)}
	dec := look(d, well, p, start)
	if o := rests(t, dec, reconcile.Wait); !o.Until.Equal(start.Add(time.Minute)) || !dec.Next.Due.Equal(o.Until) {
		t.Errorf("%+v", dec)
	}
	state(t, dec.Next, record.DNSVerified)
	if a := only(t, look(d, cdn, p, start.Add(time.Minute))); a.Kind != reconcile.Issue {
		t.Errorf("%+v", a)
	}
	d.Blocked = &record.Finding{Code: failure.NoWebProcess}
	if due := look(d, well, p, start).Next.Due; !due.Equal(start.Add(time.Minute)) {
		t.Errorf("blocked meanwhile, its order is followed at %v", due)
	}
	d.Blocked = nil
	d.Order.Directory = "https://staging.test/dir"
	dec = look(d, cdn, p, start)
	if rests(t, dec, reconcile.Fail); dec.Next.Order != nil {
		t.Errorf("an order of a directory that is no longer configured: %+v", dec.Next.Order)
	}
}
