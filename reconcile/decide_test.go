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
	if q.Name != www || q.App != "shop" || q.Apex || q.Target != www+".dns.example.net" || q.Challenge != "http-01" {
		t.Errorf("%+v", q)
	}
	state(t, next, record.InProgress)

	apex := wanted(t, p, func(a *spec.App) { a.Domains[0].Name, a.Domains[0].Target = "shop.example", "{app}.edge.example" })
	if _, q, _ := reconcile.Ask(apex, p, start); !q.Apex || q.Target != "shop.edge.example" {
		t.Errorf("%+v", q)
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

// What could not be asked stops nothing: the CA may see what we cannot.
func TestSilenceIsNoFailure(t *testing.T) {
	t.Parallel()
	p := policy()
	if a := only(t, look(wanted(t, p), silent, p, start)); a.Kind != reconcile.Issue {
		t.Errorf("%+v", a)
	}
	d := issued(t, p)
	d.CheckedAt = start.Add(23*time.Hour + 30*time.Minute)
	d.Entry = "changed" // so that it is looked at now
	dec := look(d, silent, p, start.Add(day))
	rests(t, dec, reconcile.Keep)
	if dec.Next.Checks.DNS != record.Pass {
		t.Errorf("could-not-ask overwrote what was known half an hour ago: %+v", dec.Next.Checks)
	}
	dec = look(d, silent, p, start.Add(day+2*time.Hour))
	if dec.Next.Checks.DNS != record.Unknown {
		t.Errorf("what was known hours ago still stands: %+v", dec.Next.Checks)
	}
}

func TestChecksStopAttempts(t *testing.T) {
	t.Parallel()
	for h, want := range map[health]failure.Code{
		nxdomain: failure.DomainNotFound, caa: failure.CAAForbids, cdn: failure.CDNChallengeMissing,
	} {
		t.Run(string(h), func(t *testing.T) {
			t.Parallel()
			p := policy()
			dec := look(wanted(t, p), h, p, start)
			rests(t, dec, reconcile.Fail)
			state(t, dec.Next, record.Failing)
			code(t, dec.Next, want)
			if a := dec.Next.Attempt; a.Count != 1 || !a.FirstFailed.Equal(start) || !a.Next.After(start) {
				t.Errorf("%+v", a)
			}
			if reconcile.Attention(dec.Next) != "owner" {
				t.Errorf("attention %s", reconcile.Attention(dec.Next))
			}
		})
	}
}

// play steps a failing row whenever it is due, and returns it at that time.
func play(d record.Domain, h health, p reconcile.Policy, from, until time.Time) (record.Domain, []time.Time) {
	var attempts []time.Time
	now := from
	for !now.After(until) {
		before := d.Attempt.Count
		d = look(d, h, p, now).Next
		if d.Attempt.Count > before {
			attempts = append(attempts, now)
		}
		if !d.Due.After(now) {
			break // the histories' world tells whether that may be
		}
		now = d.Due
	}
	return d, attempts
}

func TestFailingBecomesFailed(t *testing.T) {
	t.Parallel()
	p := policy()
	d, attempts := play(wanted(t, p), cdn, p, start, start.Add(55*time.Minute))
	state(t, d, record.Failing)
	if len(attempts) < 3 || len(attempts) > 5 {
		t.Errorf("%d attempts in an hour: %v", len(attempts), attempts)
	}
	d, more := play(d, cdn, p, d.Due, start.Add(3*time.Hour))
	state(t, d, record.Failed)
	if len(more) != 1 {
		t.Errorf("attempts after %v: %v", p.FailAfter, more)
	}
	if !d.Attempt.FirstFailed.Equal(start) {
		t.Errorf("first failed %v", d.Attempt.FirstFailed)
	}
}

func TestFailedNeedsThreeAttempts(t *testing.T) {
	t.Parallel()
	p := policy()
	p.FailAfter = time.Second
	d, _ := play(wanted(t, p), cdn, p, start, start.Add(2*time.Minute))
	state(t, d, record.Failing)
	d, _ = play(d, cdn, p, d.Due, start.Add(20*time.Minute))
	state(t, d, record.Failed)
}

// A recheck counts nothing and moves nothing, until what failed is mended.
func TestRechecks(t *testing.T) {
	t.Parallel()
	p := policy()
	failed, _ := play(wanted(t, p), cdn, p, start, start.Add(5*time.Hour))
	state(t, failed, record.Failed)
	if wait := failed.Due.Sub(failed.CheckedAt); wait < time.Minute || wait > 15*time.Minute {
		t.Errorf("looked at again after %v, when it has been failing for five hours", wait)
	}
	again := look(failed, cdn, p, failed.Due).Next
	if again.Attempt != failed.Attempt {
		t.Errorf("a recheck changed %+v to %+v", failed.Attempt, again.Attempt)
	}
	mended := look(failed, well, p, failed.Due)
	if a := only(t, mended); a.Kind != reconcile.Issue {
		t.Errorf("%+v", a)
	}
	// A crash before the order: it is still tried.
	if a := only(t, look(mended.Next, well, p, failed.Due.Add(time.Minute))); a.Kind != reconcile.Issue {
		t.Errorf("%+v", a)
	}
	if dec := look(failed, silent, p, failed.Due); len(dec.Actions) != 0 {
		t.Errorf("silence mended it: %+v", dec)
	}
	// Mended one way and broken another: what is said changes, and no more.
	other := look(failed, nxdomain, p, failed.Due).Next
	code(t, other, failure.DomainNotFound)
	if other.Attempt != failed.Attempt {
		t.Errorf("%+v", other.Attempt)
	}
}

// Where no check sees the cause, a day later the CA is asked again; where one
// does, it is not, however long that takes.
func TestFailedForACauseThatOnlyTheCASees(t *testing.T) {
	t.Parallel()
	for h, asked := range map[health]bool{well: true, cdn: false, walled: false} {
		p := policy()
		now := start.Add(2 * time.Hour)
		d := wanted(t, p)
		d.Attempt = record.Attempt{Count: 4, FirstFailed: start}
		r := reconcile.Result{Action: reconcile.Action{Kind: reconcile.Issue}, Problem: acme("unauthorized", "no", "authorization")}
		d = reconcile.Settle(d, r, p, now)
		state(t, d, record.Failed)
		var orders []time.Time
		for at := now; at.Before(now.Add(3 * day)); at = at.Add(30 * time.Minute) {
			dec := look(d, h, p, at)
			d = dec.Next
			if len(dec.Actions) > 0 {
				orders = append(orders, at)
				d = reconcile.Settle(d, r, p, at)
			}
		}
		if asked && (len(orders) != 2 || orders[0].Before(now.Add(day))) || !asked && len(orders) > 0 {
			t.Errorf("%q: asked the CA at %v", h, orders)
		}
		state(t, d, record.Failed)
	}
}

func TestRecheckIntervals(t *testing.T) {
	t.Parallel()
	p := policy()
	for age, want := range map[time.Duration]time.Duration{
		10 * time.Minute: time.Minute, time.Hour: 2 * time.Minute, 10 * time.Hour: 20 * time.Minute, 10 * day: time.Hour,
	} {
		d := wanted(t, p)
		now := start.Add(age)
		d.State, d.Checks.DNS = record.Failed, record.Fail
		d.Attempt = record.Attempt{Count: 9, FirstFailed: start, Last: now, Next: now.Add(20 * day)}
		d.HandledEntry = d.Entry
		d.Findings = []record.Finding{{Code: failure.DomainNotFound, Message: "m"}}
		if got := look(d, nxdomain, p, now).Next.Due.Sub(now); got != want {
			t.Errorf("failing for %v: again in %v, want %v", age, got, want)
		}
	}
}

func TestRefreshAndEntryEndABackoff(t *testing.T) {
	t.Parallel()
	p := policy()
	failing := look(wanted(t, p), cdn, p, start).Next
	now := start.Add(10 * time.Second)
	rests(t, look(failing, cdn, p, now), reconcile.Fail)

	refreshed := failing
	refreshed.Refresh = "2/"
	dec := look(refreshed, cdn, p, now)
	if rests(t, dec, reconcile.Fail); dec.Next.Attempt.Count != 2 || dec.Next.HandledRefresh != "2/" {
		t.Errorf("it counts as an attempt: %+v", dec.Next)
	}
	if again := look(dec.Next, cdn, p, now.Add(time.Second)).Next; again.Attempt != dec.Next.Attempt {
		t.Errorf("one refresh was two attempts: %+v", again.Attempt)
	}
	changed := failing
	changed.Entry = "other"
	if a := only(t, look(changed, well, p, now)); a.Kind != reconcile.Issue {
		t.Errorf("%+v", a)
	}

	limited := refreshed
	limited.Attempt.Next, limited.Attempt.RateLimitedUntil = now.Add(time.Hour), now.Add(time.Hour)
	limited.Entry = "other"
	dec = look(limited, well, p, now)
	if len(dec.Actions) > 0 {
		t.Errorf("editing YAML ended a wait that protects a limit: %+v", dec)
	}
	if a := only(t, look(dec.Next, well, p, now.Add(time.Hour))); a.Kind != reconcile.Issue {
		t.Errorf("and then it is forgotten: %+v", a)
	}
}

func TestRefreshOfAHealthyRowLooksAgain(t *testing.T) {
	t.Parallel()
	p := policy()
	d := issued(t, p)
	d.Refresh = "2/"
	dec := look(d, cdn, p, start.Add(time.Minute))
	rests(t, dec, reconcile.Keep)
	if dec.Next.Checks.Challenge != record.Fail || dec.Next.HandledRefresh != "2/" || dec.Next.State != record.CertIssued {
		t.Errorf("%+v", dec.Next)
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
	if !dec.Next.Due.IsZero() || dec.Next.Attempt.FirstFailed.IsZero() || reconcile.Attention(dec.Next) != "operator" {
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

func TestLeaving(t *testing.T) {
	t.Parallel()
	later := start.Add(26 * time.Hour)
	cases := []struct {
		name string
		edit func(*record.Domain, *reconcile.Policy)
		kind reconcile.ActionKind
		why  []string
	}{
		{
			"removed", func(*record.Domain, *reconcile.Policy) {}, reconcile.Revoke,
			[]string{"removed from desired state 26 hours ago", "the grace of 24h is over"},
		},
		{"switched off", func(d *record.Domain, _ *reconcile.Policy) { d.Mode = record.Off }, reconcile.Revoke, []string{"switched off"}},
		{"ineligible", func(d *record.Domain, _ *reconcile.Policy) { d.Mode = record.Ineligible }, reconcile.Revoke, []string{"plan"}},
		{"never", func(_ *record.Domain, p *reconcile.Policy) { p.NeverRevoke = true }, reconcile.Forget, []string{"revokeAfter is never"}},
		{"expired", func(d *record.Domain, _ *reconcile.Policy) { d.Certificate.NotAfter = start }, reconcile.Forget, []string{"it expired at"}},
		{
			"no authority", func(d *record.Domain, _ *reconcile.Policy) { d.Certificate.Directory = "https://other.test" }, reconcile.Forget,
			[]string{"no account at https://other.test", "expires at 2027"},
		},
		{"another authority", func(d *record.Domain, p *reconcile.Policy) {
			d.Certificate.Directory = "https://other.test"
			p.Authorities = []string{"https://other.test"}
		}, reconcile.Revoke, []string{"grace"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := policy()
			d := issued(t, p)
			d.Mode, d.LeftAt = record.Removed, start
			c.edit(&d, &p)
			early := look(d, well, p, start.Add(23*time.Hour))
			if o := rests(t, early, reconcile.Wait); !o.Until.Equal(start.Add(day)) || !early.Next.Due.Equal(o.Until) {
				t.Errorf("%+v", o)
			}
			a := only(t, look(d, well, p, later))
			if a.Kind != c.kind || a.Kind == reconcile.Revoke && (a.Reason != 5 || a.Serial != d.Certificate.Serial) {
				t.Errorf("%+v", a)
			}
			for _, part := range c.why {
				if !strings.Contains(a.Why, part) {
					t.Errorf("%q does not say %q", a.Why, part)
				}
			}
		})
	}
}

// TestTakingDown follows a removal to its end: revoked, forgotten, dropped when
// the guard need not remember it any longer.
func TestTakingDown(t *testing.T) {
	t.Parallel()
	p := policy()
	p.RevokeAfter = time.Hour
	d := issued(t, p)
	d.Mode, d.LeftAt, d.LostAt = record.Removed, start, start
	now := start.Add(time.Hour)
	revoke := only(t, look(d, well, p, now))
	d = reconcile.Settle(d, reconcile.Result{Action: revoke}, p, now)
	if d.Certificate != nil || len(d.Superseded) != 1 || !d.Superseded[0].RevokedAt.Equal(now) {
		t.Fatalf("%+v", d)
	}
	forget := only(t, look(d, well, p, now))
	if forget.Kind != reconcile.Forget {
		t.Fatalf("%+v", forget)
	}
	failed := reconcile.Settle(d, reconcile.Result{Action: forget, Err: "read-only"}, p, now)
	if dec := look(failed, well, p, now); !dec.Next.Due.After(now) {
		t.Errorf("it spins: %+v", dec)
	}
	d = reconcile.Settle(d, reconcile.Result{Action: forget}, p, now)
	if reconcile.Finished(d, p, now) || !reconcile.NothingLeft(d) {
		t.Error("the guard must remember it for a day")
	}
	dec := look(d, well, p, now)
	if rests(t, dec, reconcile.Keep); dec.Drop || !dec.Next.Due.Equal(start.Add(day)) {
		t.Errorf("%+v", dec)
	}
	if dec := look(d, well, p, start.Add(day)); !dec.Drop {
		t.Errorf("%+v", dec)
	}
}

func TestOffStays(t *testing.T) {
	t.Parallel()
	p := policy()
	dec := look(wanted(t, p, func(a *spec.App) { a.ACM = no() }), well, p, start)
	rests(t, dec, reconcile.Keep)
	state(t, dec.Next, record.Disabled)
	if !dec.Next.Due.IsZero() || dec.Drop || reconcile.Finished(dec.Next, p, start) {
		t.Errorf("%+v", dec)
	}
}
