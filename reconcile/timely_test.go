package reconcile_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// TestBackToNow: what is right stays as it is, and waits that a clock ahead of
// time began keep their length.
func TestBackToNow(t *testing.T) {
	t.Parallel()
	p := policy()
	d := issued(t, p)
	d.Attempt = record.Attempt{
		Count: 2, FirstFailed: start.Add(-time.Hour), Last: start.Add(-time.Minute), Next: start.Add(day), RateLimitedUntil: start.Add(7 * day),
	}
	d.Suggestion.NextAt = start.Add(23 * time.Hour)
	d.Order = &record.Order{NextAt: start.Add(7 * day)}
	d.Passed = []record.Passed{{Directory: "a", At: start, Until: start.Add(time.Hour)}}
	if diff := cmp.Diff(d, reconcile.BackToNow(d, start)); diff != "" || reconcile.Ahead(d, start) {
		t.Errorf("a row that is right was changed: %s", diff)
	}
	const ahead = 3650 * day
	late := d
	late.CheckedAt, late.Since, late.Suggestion.NextAt = start.Add(ahead), start.Add(ahead), start.Add(ahead)
	late.Attempt.Last, late.Attempt.FirstFailed = start.Add(ahead), start.Add(ahead)
	late.Attempt.Next, late.Attempt.RateLimitedUntil = start.Add(ahead+time.Hour), start.Add(ahead+2*time.Hour)
	late.Deployed = []record.Deployment{{Target: "edge", Next: start.Add(ahead)}}
	late.Passed = []record.Passed{{Directory: "a", At: start.Add(ahead), Until: start.Add(ahead + time.Hour)}}
	late.Order = &record.Order{NextAt: start.Add(ahead)}
	late.Notice = record.Notice{Began: start.Add(ahead)}
	late.Revocation = &record.Revocation{Seen: start.Add(ahead)}
	got := reconcile.BackToNow(late, start)
	a := got.Attempt
	if a.Count != 2 || !a.Last.Equal(start) || !a.FirstFailed.Equal(start) || !a.Next.Equal(start.Add(time.Hour)) || !a.RateLimitedUntil.Equal(start.Add(2*time.Hour)) {
		t.Errorf("%+v", a)
	}
	if !got.CheckedAt.IsZero() || !got.Since.Equal(start) || !got.Suggestion.NextAt.Equal(start) || !got.Deployed[0].Next.Equal(start) ||
		len(got.Passed) > 0 || !got.Order.NextAt.IsZero() || late.Order.NextAt.IsZero() || got.Notice != (record.Notice{}) || late.Deployed[0].Next.Equal(start) ||
		!got.Revocation.Seen.Equal(start) || late.Revocation.Seen.Equal(start) || !reconcile.Ahead(late, start) || reconcile.Ahead(got, start) {
		t.Errorf("%+v", got)
	}
}

// TestCalendars: what is decided depends on the instant alone, not on the zone
// it is written in, on the days on which clocks change, on leap days, and beyond
// the end of 32-bit time.
func TestCalendars(t *testing.T) {
	t.Parallel()
	p := policy()
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	days := map[string]time.Time{
		"Berlin springs": at("2027-03-28T00:59:30Z"), "Berlin falls": at("2027-10-31T00:59:30Z"),
		"Los Angeles springs": at("2027-03-14T09:59:30Z"), "Los Angeles falls": at("2027-11-07T08:59:30Z"),
		"leap day": at("2028-02-28T23:59:30Z"), "after the leap day": at("2028-02-29T23:59:30Z"), "no leap day": at("2100-02-28T23:59:30Z"),
		"leap second": at("2016-12-31T23:59:30Z"), "new year": at("2027-12-31T23:59:30Z"), "2038": at("2038-01-19T03:13:30Z"),
	}
	for name, moment := range days {
		for _, zone := range []string{"Europe/Berlin", "America/Los_Angeles", "Pacific/Kiritimati"} {
			place, err := time.LoadLocation(zone)
			if err != nil {
				t.Fatal(err)
			}
			d := certified(newStage(t, p, app("shop", www)).row(www), p, moment.Add(-5*day))
			for _, now := range []time.Time{moment, moment.Add(time.Minute), moment.Add(time.Hour), moment.Add(day)} {
				here, there := look(d, well, p, now), look(d, well, p, now.In(place))
				if len(here.Actions) > 0 || !here.Next.Due.Equal(there.Next.Due) || len(there.Actions) > 0 {
					t.Errorf("%s, %s: due %s and %s, %v, %v", name, zone, here.Next.Due, there.Next.Due, here.Actions, there.Actions)
				}
				if wait := here.Next.Due.Sub(now); wait <= 0 || wait > 25*time.Hour {
					t.Errorf("%s: the next look is in %s", name, wait)
				}
			}
			if got := reconcile.RenewalTime(d, p).Sub(d.Certificate.NotBefore); got < 58*day || got > 62*day {
				t.Errorf("%s: renewed after %s", name, got)
			}
		}
	}
}
