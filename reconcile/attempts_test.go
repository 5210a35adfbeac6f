package reconcile_test

import (
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

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
