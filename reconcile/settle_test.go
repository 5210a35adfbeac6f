package reconcile_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

func acme(kind, detail, during string) *record.Problem {
	return &record.Problem{Type: "urn:ietf:params:acme:error:" + kind, Detail: detail, Status: 403, During: during}
}

// ordered is a row whose order is under way.
func ordered(t *testing.T, p reconcile.Policy) record.Domain {
	t.Helper()
	d := look(wanted(t, p), well, p, start).Next
	o := &record.Order{ID: "1", State: record.OrderOrdered, URL: "u", Directory: p.Directory, PrivateKey: []byte("secret")}
	d = reconcile.Settle(d, reconcile.Result{Action: reconcile.Action{Kind: reconcile.Issue}, Order: o}, p, start)
	if d.Order == nil || d.Order.PrivateKey != nil || o.PrivateKey == nil {
		t.Fatalf("the row keeps the journal without its key: %+v", d.Order)
	}
	return d
}

func TestRenewalFailures(t *testing.T) {
	t.Parallel()
	p := policy()
	d := issued(t, p)
	now := start.Add(65 * day)
	var waits []time.Duration
	for now.Before(d.Certificate.NotAfter) {
		if look(d, unseen, p, now).Actions == nil {
			t.Fatalf("not tried at %v", now)
		}
		r := reconcile.Result{Action: reconcile.Action{Kind: reconcile.Renew}, Problem: acme("unauthorized", "no", "authorization")}
		d = reconcile.Settle(d, r, p, now)
		state(t, d, record.CertIssued)
		code(t, d, failure.CDNChallengeMissing)
		if !d.Since.Equal(start) {
			t.Fatalf("it has been in use since %v, and a failed renewal made that %v", start, d.Since)
		}
		waits = append(waits, d.Attempt.Next.Sub(now))
		now = d.Attempt.Next
	}
	within := func(got, want time.Duration) bool { return got >= want && got <= want+want/10 }
	for i, want := range []time.Duration{time.Minute, 10 * time.Minute, 100 * time.Minute, day} {
		if !within(waits[i], want) {
			t.Errorf("wait %d is %v, want about %v", i+1, waits[i], want)
		}
	}
	if last := waits[len(waits)-1]; !within(last, time.Hour) {
		t.Errorf("the last wait is %v", last)
	}
	if n := len(waits); n < 7*24*9/10 || n > 7*24+30 {
		t.Errorf("%d attempts in 25 days, hourly in the last seven", n)
	}
	d = look(d, unseen, p, now).Next
	r := reconcile.Result{Action: reconcile.Action{Kind: reconcile.Renew}, Problem: acme("unauthorized", "no", "authorization")}
	state(t, reconcile.Settle(d, r, p, now), record.Failed)
}

// A daily wait does not swallow the beginning of the hourly ones.
func TestRenewalBecomesHourlyInTime(t *testing.T) {
	t.Parallel()
	p := policy()
	d := issued(t, p)
	d.Attempt = record.Attempt{Count: 8, FirstFailed: start.Add(70 * day)}
	now := d.Certificate.NotAfter.Add(-7*day - 5*time.Hour)
	r := reconcile.Result{Action: reconcile.Action{Kind: reconcile.Renew}, Problem: acme("caa", "no", "authorization")}
	if got := reconcile.Settle(d, r, p, now).Attempt.Next.Sub(now); got != 5*time.Hour {
		t.Errorf("next in %v", got)
	}
}

func TestSettleIssued(t *testing.T) {
	t.Parallel()
	p := policy()
	d := ordered(t, p)
	d.Refresh, d.Rekey = "7/", "9/" // pushed while the order was under way
	d.Attempt = record.Attempt{Count: 2, FirstFailed: start.Add(-time.Hour)}
	d.Findings = []record.Finding{{Code: failure.CAAForbids, Message: "m"}}
	c := certificate(www, p, start)
	done := *d.Order
	done.State = record.OrderDone
	r := reconcile.Result{Action: reconcile.Action{Kind: reconcile.Issue}, Certificate: c, Order: &done}
	got := reconcile.Settle(d, r, p, start)
	state(t, got, record.DNSVerified) // and not deployed yet
	if got.Attempt != (record.Attempt{}) || len(got.Findings) > 0 || got.Order != nil || got.HandledRekey != "" || !got.Due.Equal(start) {
		t.Errorf("%+v", got)
	}
	if twice := reconcile.Settle(got, r, p, start); len(twice.Superseded) > 0 || twice.Certificate.Serial != c.Serial {
		t.Errorf("told twice: %+v", twice)
	}
	got = certifiedBy(got, p, start)
	if a := only(t, look(got, well, p, start)); a.Kind != reconcile.Replace {
		t.Errorf("the new key that was asked for meanwhile is forgotten: %+v", a)
	}
	p.Targets = nil
	state(t, reconcile.Settle(d, r, p, start), record.CertIssued)
}

func TestCancelledIsNoAttempt(t *testing.T) {
	t.Parallel()
	p := policy()
	d := look(wanted(t, p), well, p, start).Next
	got := reconcile.Settle(d, reconcile.Result{Action: reconcile.Action{Kind: reconcile.Issue}, Cancelled: true}, p, start)
	if diff := cmp.Diff(d, got, cmpopts.EquateEmpty()); diff != "" || !got.Due.Equal(start) {
		t.Errorf("%s, due %v", diff, got.Due)
	}
}

func TestWaitUntil(t *testing.T) {
	t.Parallel()
	p := policy()
	until := start.Add(10 * time.Minute)
	wait := reconcile.Result{Action: reconcile.Action{Kind: reconcile.Issue}, WaitUntil: until}
	d := reconcile.Settle(look(wanted(t, p), well, p, start).Next, wait, p, start)
	state(t, d, record.Waiting)
	if !d.Due.Equal(until) || d.Attempt.Count != 0 {
		t.Errorf("%+v", d)
	}
	rests(t, look(d, well, p, start), reconcile.Wait)
	under := reconcile.Settle(ordered(t, p), wait, p, start)
	if !under.Due.Equal(until) || !under.Order.NextAt.Equal(until) {
		t.Errorf("%+v", under)
	}
	rests(t, look(under, well, p, start), reconcile.Wait)
}

func TestOurOwnFailures(t *testing.T) {
	t.Parallel()
	p := policy()
	bad := reconcile.Settle(ordered(t, p), reconcile.Result{Action: reconcile.Action{Kind: reconcile.Issue}, Bad: "it is for another key"}, p, start)
	code(t, bad, failure.BadCertificate)
	if bad.Order != nil || reconcile.Attention(bad) != "operator" {
		t.Errorf("%+v", bad)
	}
	ours := reconcile.Settle(ordered(t, p), reconcile.Result{Action: reconcile.Action{Kind: reconcile.Issue}, Err: "panic\x1b[31m"}, p, start)
	code(t, ours, failure.Internal)
	if dec := look(ours, well, p, start); len(dec.Actions) > 0 || !dec.Next.Due.After(start) {
		t.Errorf("%+v", dec)
	}
	closed := *ordered(t, p).Order
	closed.State = record.OrderClosed
	gone := reconcile.Settle(ordered(t, p), reconcile.Result{Action: reconcile.Action{Kind: reconcile.Issue}, Order: &closed}, p, start)
	dec := look(gone, well, p, start)
	if gone.Order != nil || len(dec.Actions) > 0 || !dec.Next.Due.Equal(start.Add(time.Minute)) {
		t.Errorf("an order that is no more is replaced, but not in a loop: %+v", dec)
	}
}

// Neither argument nor the slices within are changed.
func TestSettleChangesNothingInPlace(t *testing.T) {
	t.Parallel()
	p := policy()
	d := certifiedBy(replaced(t, p, "2/", start), p, start)
	before, deployed := d.Superseded[0], d.Deployed[0]
	reconcile.Settle(d, reconcile.Result{Action: reconcile.Action{Kind: reconcile.Revoke, Serial: before.Serial}}, p, start.Add(2*day))
	reconcile.Settle(d, reconcile.Result{Action: reconcile.Action{Kind: reconcile.Deploy, Target: "edge-1"}, Err: "no"}, p, start)
	if diff := cmp.Diff(before, d.Superseded[0]) + cmp.Diff(deployed, d.Deployed[0]); diff != "" {
		t.Error(diff)
	}
}
