package reconcile_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/spec"
)

// listen hears the messages that a change of a row, once it is kept, amounts
// to: one for an incident that lasts, and one for its end.
func (w *world) listen(before, after record.Domain) {
	was, is := before.Notice, after.Notice
	if was.Told.IsZero() && !is.Told.IsZero() {
		if again, ok := w.told[after.Key]; ok && again.Equal(is.Began) {
			w.t.Fatalf("%s: its incident of %v is told twice", after.Key, is.Began)
		}
		if w.now.Before(is.Began.Add(w.policy.NotifyAfter)) {
			w.t.Fatalf("%s: told at %v of an incident that began at %v", after.Key, w.now, is.Began)
		}
		if reconcile.Attention(after) == "none" || is.Reason == "" {
			w.t.Fatalf("%s: told, and nobody can act: %+v", after.Key, is)
		}
		w.told[after.Key] = is.Began
	}
	if was.Healed.IsZero() && !is.Healed.IsZero() {
		if _, ok := w.told[after.Key]; !ok || after.State != record.CertIssued && after.State != record.Manual || reconcile.Attention(after) != "none" {
			w.t.Fatalf("%s: healed of what nobody was told, or not healed: %+v", after.Key, after)
		}
		w.told[after.Key] = time.Time{} // the next incident is another
	}
	if !was.Began.IsZero() && !is.Began.IsZero() && !was.Began.Equal(is.Began) {
		w.t.Fatalf("%s: the incident of %v is now of %v", after.Key, was.Began, is.Began)
	}
}

// checkTold: what has lasted long enough was told.
func (w *world) checkTold() {
	for _, d := range w.sorted() {
		n := d.Notice
		if reconcile.Attention(d) != "none" && !d.Gone() && !n.Began.IsZero() && n.Told.IsZero() && !w.now.Before(n.Began.Add(w.policy.NotifyAfter)) {
			w.t.Fatalf("%s needs somebody since %v, and nobody was told by %v", d.Key, n.Began, w.now)
		}
	}
}

// One message an incident, whatever is restarted, and one when it is healed.
func TestOneMessageAnIncident(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, policy())
		w.crashes = true
		w.files["apps.yaml"] = []spec.App{{Name: "shop", File: "apps.yaml", Runtime: spec.Common, Domains: []spec.Domain{{Name: "www.shop.example"}}}}
		w.push()
		messages, incidents := 0, 0
		for range rapid.IntRange(1, 4).Draw(t, "incidents") {
			before := w.told["www.shop.example"]
			w.health["www.shop.example"] = rapid.SampledFrom([]health{nxdomain, caa, cdn, unseen, rejected, malformed, walled, elsewhere}).Draw(t, "fault")
			w.run(w.now.Add(time.Duration(rapid.IntRange(1, 120).Draw(t, "hours of trouble")) * time.Hour))
			if now := w.told["www.shop.example"]; !now.Equal(before) {
				messages++
			}
			incidents++
			w.health["www.shop.example"] = well
			w.run(w.now.Add(4 * day))
			if d := w.rows["www.shop.example"]; d.Certificate != nil && len(d.Findings) == 0 && !d.Notice.Began.IsZero() {
				t.Fatalf("healed, and still an incident: %+v", d)
			}
		}
		if messages > incidents {
			t.Fatalf("%d messages for %d incidents", messages, incidents)
		}
	})
}

// A blocked row is woken by nothing but its notice. Then it is mended, and then
// it leaves.
func TestNoticeOfABlockedDomain(t *testing.T) {
	t.Parallel()
	p := policy()
	d := look(wanted(t, p, func(a *spec.App) { a.Domains[0].Name = "*.shop.example" }), well, p, start).Next
	if n := d.Notice; !n.Began.Equal(start) || !n.Told.IsZero() {
		t.Fatalf("at first: %+v", n)
	}
	told := look(d, well, p, d.Due).Next
	if n := told.Notice; !n.Told.Equal(start.Add(72*time.Hour)) || n.Reason != failure.WildcardNeedsDNS || !told.Due.IsZero() {
		t.Fatalf("after three days: %+v, due %v", n, told.Due)
	}
	again := look(told, well, p, start.Add(30*day)).Next
	if again.Notice != told.Notice {
		t.Errorf("later: %+v, want nothing new", again.Notice)
	}
	again.Blocked = nil
	again = certified(again, p, start.Add(31*day))
	healed := look(again, well, p, start.Add(31*day)).Next
	if n := healed.Notice; !n.Began.IsZero() || !n.Healed.Equal(start.Add(31*day)) || n.Reason != failure.WildcardNeedsDNS {
		t.Errorf("mended: %+v, %s", n, healed.State)
	}
	again.Mode, again.LeftAt = record.Removed, start.Add(31*day)
	if n := look(again, well, p, start.Add(31*day)).Next.Notice; n != (record.Notice{}) {
		t.Errorf("removed: %+v, want no message", n)
	}
}

// What is over before anybody was told is not told at all.
func TestNoNoticeOfAShortIncident(t *testing.T) {
	t.Parallel()
	p := policy()
	d := wanted(t, p)
	d = look(d, nxdomain, p, start).Next
	if d.Notice.Began.IsZero() {
		t.Fatalf("no incident: %+v", d)
	}
	rapidly := issued(t, p)
	rapidly.Notice = d.Notice
	if n := look(rapidly, well, p, start.Add(day)).Next.Notice; n != (record.Notice{}) {
		t.Errorf("%+v", n)
	}
}

// While only the CA is waited for nobody is told, however old the incident is;
// who can act again is told then.
func TestNoNoticeWhileTheCAIsWaitedFor(t *testing.T) {
	t.Parallel()
	p := policy()
	d := look(wanted(t, p), nxdomain, p, start).Next
	began, now := d.Notice.Began, start.Add(71*time.Hour)
	d = look(d, well, p, now).Next
	for range 6 {
		d = reconcile.Settle(d, reconcile.Result{Action: reconcile.Action{Kind: reconcile.Issue}, Problem: &record.Problem{During: "directory"}}, p, now)
		now = later(now.Add(time.Hour), d.Attempt.Next)
		d = look(d, well, p, now).Next
	}
	if n := d.Notice; !n.Began.Equal(began) || !n.Told.IsZero() || now.Before(start.Add(72*time.Hour)) {
		t.Fatalf("at %v: %+v, want the incident of %v and nobody told", now, n, began)
	}
	d = look(d, nxdomain, p, now.Add(2*time.Hour)).Next
	if n := d.Notice; n.Told.IsZero() || n.Reason != failure.DomainNotFound {
		t.Errorf("the owner can act again: %+v", n)
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
