package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// heard is the row after its CA said that, and the decision that followed.
func heard(d record.Domain, said record.RenewalInfo, p reconcile.Policy, now time.Time) reconcile.Decision {
	if said.ID == "" && said.Problem == nil {
		said.ID = "key.serial"
	}
	return reconcile.Decide(d, record.Observation{Renewal: &said}, p, now)
}

func fromTo(start, end time.Time) record.RenewalInfo {
	return record.RenewalInfo{Start: start, End: end}
}

// TestSuggestionIsFollowed: within the CA's window, at a time that depends on
// certificate and window alone, and the row wakes for it.
func TestSuggestionIsFollowed(t *testing.T) {
	t.Parallel()
	p := policy()
	d := issued(t, p)
	w := fromTo(start.Add(20*day), start.Add(22*day))
	next := heard(d, w, p, start).Next
	at := reconcile.RenewalTime(next, p)
	if at.Before(w.Start) || !at.Before(w.End) {
		t.Fatalf("renewed at %v, the window is %v to %v", at, w.Start, w.End)
	}
	if again := reconcile.RenewalTime(heard(next, w, p, start.Add(day)).Next, p); !again.Equal(at) {
		t.Errorf("told the same again, it is %v instead of %v", again, at)
	}
	moved := heard(next, fromTo(w.Start.Add(day), w.End.Add(day)), p, start.Add(day)).Next
	if again := reconcile.RenewalTime(moved, p); again.Equal(at.Add(day)) || again.Before(w.Start.Add(day)) {
		t.Errorf("the window moved, and from %v it is drawn to %v", at, again)
	}
	next.Suggestion.NextAt = at.Add(day)
	rests(t, look(next, well, p, at.Add(-time.Second)), reconcile.Keep)
	if due := look(next, well, p, at.Add(-time.Second)).Next.Due; due.After(at) {
		t.Errorf("it wakes at %v, to be renewed at %v", due, at)
	}
	if a := only(t, look(next, well, p, at)); a.Kind != reconcile.Renew || !strings.Contains(a.Why, "its CA wants it replaced by") {
		t.Errorf("%+v", a)
	}
}

// TestSenselessSuggestions are the same as none: what was said before, or else
// the policy, stands (RFC 9773, section 4.2).
func TestSenselessSuggestions(t *testing.T) {
	t.Parallel()
	p := policy()
	expiry := start.Add(90 * day)
	cases := map[string]record.RenewalInfo{
		"no window":              fromTo(time.Time{}, time.Time{}),
		"ends before it starts":  fromTo(start.Add(21*day), start.Add(20*day)),
		"no width":               fromTo(start.Add(20*day), start.Add(20*day)),
		"1970":                   fromTo(time.Unix(0, 0), time.Unix(1, 0)),
		"before the certificate": fromTo(start.Add(-3*day), start.Add(-2*day)),
		"at its end":             fromTo(expiry, expiry.Add(day)),
		"year 9999":              fromTo(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 1, 2, 0, 0, 0, 0, time.UTC)),
		"an outage":              {ID: "key.serial", Problem: &record.Problem{During: "renewal"}},
		"not found":              {ID: "key.serial", Problem: &record.Problem{During: "renewal", Status: 404}},
		"not offered":            {Problem: &record.Problem{During: "renewal", Status: 404}},
	}
	for name, said := range cases {
		fresh := issued(t, p)
		if next := heard(fresh, said, p, start).Next; !reconcile.RenewalTime(next, p).Equal(reconcile.RenewalTime(fresh, p)) {
			t.Errorf("%s: renewed at %v instead of %v", name, reconcile.RenewalTime(next, p), reconcile.RenewalTime(fresh, p))
		} else if next.Suggestion.Misses != 1 || !next.Suggestion.NextAt.After(start) {
			t.Errorf("%s: %+v", name, next.Suggestion)
		}
		known := heard(fresh, fromTo(start.Add(20*day), start.Add(22*day)), p, start).Next
		if name == "not offered" {
			continue // then nobody knows what a window was worth
		}
		if next := heard(known, said, p, start.Add(day)).Next; !reconcile.RenewalTime(next, p).Equal(reconcile.RenewalTime(known, p)) {
			t.Errorf("%s: what was said before is forgotten", name)
		}
	}
}

// TestSuggestionPolls: Retry-After within a minute and a day; without it, and
// after answers of no use, our own pace.
func TestSuggestionPolls(t *testing.T) {
	t.Parallel()
	p := policy()
	w := fromTo(start.Add(20*day), start.Add(22*day))
	after := func(d time.Duration) record.RenewalInfo {
		said := w
		said.RetryAfter = start.Add(d)
		return said
	}
	down := record.RenewalInfo{ID: "key.serial", Problem: &record.Problem{During: "renewal", Status: 503}}
	cases := map[string]struct {
		said        record.RenewalInfo
		misses      int
		least, most time.Duration
	}{
		"a second":                 {after(time.Second), 0, time.Minute, 67 * time.Second},
		"the past":                 {after(-time.Hour), 0, 6 * time.Hour, 7 * time.Hour},
		"two hours":                {after(2 * time.Hour), 0, 2 * time.Hour, 133 * time.Minute},
		"a week":                   {after(7 * day), 0, day, day},
		"nothing said":             {w, 0, 6 * time.Hour, 7 * time.Hour},
		"down":                     {down, 0, time.Minute, 67 * time.Second},
		"down for the fourth time": {down, 3, 8 * time.Minute, 9 * time.Minute},
		"down for long":            {down, 60, 6 * time.Hour, 7 * time.Hour},
		"not found":                {record.RenewalInfo{ID: "key.serial", Problem: &record.Problem{Status: 404}}, 0, 6 * time.Hour, 7 * time.Hour},
		"not offered":              {record.RenewalInfo{Problem: &record.Problem{Status: 404}}, 0, day, day},
	}
	for name, c := range cases {
		d := issued(t, p)
		d.Suggestion = record.Suggestion{SHA256: d.Certificate.SHA256, Misses: c.misses}
		next := heard(d, c.said, p, start).Next
		if wait := next.Suggestion.NextAt.Sub(start); wait < c.least || wait > c.most {
			t.Errorf("%s: asked again after %v, want %v to %v", name, wait, c.least, c.most)
		}
		if reconcile.Suggests(next, p, next.Suggestion.NextAt.Add(-time.Second)) || !reconcile.Suggests(next, p, next.Suggestion.NextAt) {
			t.Errorf("%s: not asked at %v", name, next.Suggestion.NextAt)
		}
		if next.Due.After(next.Suggestion.NextAt) {
			t.Errorf("%s: wakes at %v to ask at %v", name, next.Due, next.Suggestion.NextAt)
		}
	}
}

// TestPastWindowMeansNow, but a CA that says so of every certificate gets one
// order a day from us, and no more.
func TestPastWindowMeansNow(t *testing.T) {
	t.Parallel()
	p := policy()
	d := issued(t, p)
	now := start.Add(10 * day)
	said := fromTo(now.Add(-time.Hour), now.Add(-time.Minute))
	said.Explanation = "https://ca.test/incident"
	only(t, look(heard(d, said, p, now).Next, well, p, now))
	d = heard(d, said, p, now).Next
	if a := only(t, look(d, well, p, now)); a.Kind != reconcile.Renew || !strings.Contains(a.Why, said.Explanation) {
		t.Errorf("%+v", a)
	}
	fresh := *certificate(www, p, now)
	fresh.SHA256 = "bb"
	d = reconcile.Settle(d, reconcile.Result{Action: reconcile.Action{Kind: reconcile.Renew}, Certificate: &fresh}, p, now)
	if d.Suggestion.Urged != now {
		t.Fatalf("%+v", d.Suggestion)
	}
	d = certifiedAs(d, fresh, p, now)
	d = heard(d, said, p, now).Next
	rests(t, look(d, well, p, now.Add(23*time.Hour)), reconcile.Keep)
	only(t, look(d, well, p, now.Add(day+time.Second)))
}

func certifiedAs(d record.Domain, c record.Certificate, p reconcile.Policy, now time.Time) record.Domain {
	d = certified(d, p, now)
	d.Certificate = &c
	for i := range d.Deployed {
		d.Deployed[i].SHA256 = c.SHA256
	}
	return d
}

// TestReplacesWhereItIsValid: only what the CA would take, and only within the
// window is it exempt from the limits.
func TestReplacesWhereItIsValid(t *testing.T) {
	t.Parallel()
	p := policy()
	w := fromTo(start.Add(20*day), start.Add(22*day))
	base := heard(issued(t, p), w, p, start).Next
	cases := map[string]struct {
		at       time.Duration
		change   func(*record.Domain)
		replaces bool
		exempt   bool
	}{
		"within":                 {21 * day, nil, true, true},
		"as it begins":           {20 * day, nil, true, true},
		"as it ends":             {22 * day, nil, true, false},
		"before":                 {19 * day, nil, true, false},
		"after":                  {60 * day, nil, true, false},
		"another account":        {21 * day, func(d *record.Domain) { d.Certificate.Account = "https://ca.test/acct/2" }, false, false},
		"an unknown account":     {21 * day, func(d *record.Domain) { d.Certificate.Account = "" }, false, false},
		"another CA":             {21 * day, func(d *record.Domain) { d.Certificate.Directory = "https://other.test/dir" }, false, false},
		"no name in common":      {21 * day, func(d *record.Domain) { d.Certificate.Names = []string{"x.example"} }, false, false},
		"said of another one":    {21 * day, func(d *record.Domain) { d.Suggestion.SHA256 = "cc" }, false, false},
		"nothing is offered":     {21 * day, func(d *record.Domain) { d.Suggestion.ID = "" }, false, false},
		"no window was ever had": {21 * day, func(d *record.Domain) { d.Suggestion.Start, d.Suggestion.End = time.Time{}, time.Time{} }, false, false},
	}
	for name, c := range cases {
		d := base
		cert := *base.Certificate
		d.Certificate = &cert
		if c.change != nil {
			c.change(&d)
		}
		now := start.Add(c.at)
		id, exempt := reconcile.Replaces(d, p, now)
		if (id != "") != c.replaces || exempt != c.exempt {
			t.Errorf("%s: replaces %q, exempt %v", name, id, exempt)
		}
		if r := reconcile.OrderRequest(d, p, now); r.Replaces != c.exempt {
			t.Errorf("%s: the books take it for exempt: %v", name, r.Replaces)
		}
	}
}

// TestExemptOrdersAreNotBooked, but for the set of names, which the CA counts
// when it issues. One under way is what it was opened as.
func TestExemptOrdersAreNotBooked(t *testing.T) {
	t.Parallel()
	p := policy()
	p.Limits = budget.LetsEncrypt()
	d := heard(issued(t, p), fromTo(start.Add(20*day), start.Add(22*day)), p, start).Next
	now := start.Add(21 * day)
	for bucket := range reconcile.Spend(d, record.Ledger{}, p, now) {
		if bucket.Limit != "same-names" {
			t.Errorf("within the window it costs %+v", bucket)
		}
	}
	if spent := reconcile.Spend(d, record.Ledger{}, p, start.Add(23*day)); len(spent) == 0 {
		t.Error("behind the window it costs nothing")
	}
	d.Order = &record.Order{State: record.OrderOrdered, Directory: p.Directory, Exempt: false}
	if spent := reconcile.Spend(d, record.Ledger{}, p, now); len(spent) == 0 {
		t.Error("an order that the CA counts costs nothing")
	}
}

// TestRenewalTimeWhateverTheCASays lies within the certificate's life and before
// the latest that policy allows, and is the same each time.
func TestRenewalTimeWhateverTheCASays(t *testing.T) {
	t.Parallel()
	p := policy()
	base := issued(t, p)
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.Custom(func(t *rapid.T) time.Time {
			return time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "unix"), 0).UTC()
		})
		near := rapid.Custom(func(t *rapid.T) time.Time {
			return start.Add(time.Duration(rapid.Int64Range(int64(-100*day), int64(200*day)).Draw(t, "near")))
		})
		any := rapid.OneOf(at, near)
		said := fromTo(any.Draw(t, "start"), any.Draw(t, "end"))
		said.RetryAfter = any.Draw(t, "retry")
		now := near.Draw(t, "now")
		d := heard(base, said, p, now).Next
		renewal := reconcile.RenewalTime(d, p)
		latest := start.Add(time.Duration(float64(90*day) * (2.0/3 + 0.1)))
		if renewal.After(latest) || !renewal.Equal(reconcile.RenewalTime(d, p)) {
			t.Fatalf("%v", renewal)
		}
		if next := d.Suggestion.NextAt; d.Suggestion.SHA256 != "" && (next.Before(now.Add(time.Minute-time.Second)) || next.After(now.Add(day))) {
			t.Fatalf("asked at %v, and again at %v", now, next)
		}
	})
}
