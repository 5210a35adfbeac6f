package controller_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
)

// TestDatesOfTheCA: within five minutes of ours work goes on, beyond them it
// waits; a Date that says nothing leaves the judgement to our own records.
func TestDatesOfTheCA(t *testing.T) {
	t.Parallel()
	off := func(d time.Duration) func(time.Time) string {
		return func(now time.Time) string { return now.Add(d).Format(http.TimeFormat) }
	}
	says := func(text string) func(time.Time) string { return func(time.Time) string { return text } }
	w := begin(t)
	w.shop("www.shop.example")
	w.pass()
	names := []string{"www.shop.example"}
	for i, c := range []struct {
		name  string
		date  func(time.Time) string
		waits bool
	}{
		{"4:59 ahead", off(4*time.Minute + 58*time.Second), false},
		{"4:59 behind", off(-4*time.Minute - 57*time.Second), false},
		{"5:01 ahead", off(5*time.Minute + 3*time.Second), true},
		{"5:01 behind", off(-5*time.Minute - 2*time.Second), true},
		{"no date", says(""), false},
		{"garbage", says("yesterday, or so"), false},
		{"a leap second", says("Sat, 31 Dec 2016 23:59:60 GMT"), false},
		{"1970", says("Thu, 01 Jan 1970 00:00:00 GMT"), true},
		{"after 2038", says("Wed, 20 Jan 2038 03:14:08 GMT"), true},
		{"2100", says("Mon, 01 Mar 2100 00:00:00 GMT"), true},
		{"another zone", func(now time.Time) string { return now.Format("Mon, 02 Jan 2006 15:04:05 +0200") }, false},
		{"RFC 850", func(now time.Time) string { return now.Format("Monday, 02-Jan-06 15:04:05 GMT") }, false},
	} {
		name := fmt.Sprintf("new%d.shop.example", i)
		names = append(names, name)
		w.shop(names...)
		w.CA.Dates(c.date)
		w.CA.Forget()
		r := w.Pass(t.Context())
		var wrong *controller.ClockError
		if errors.As(r.Failure, &wrong) != c.waits || !c.waits && r.Failure != nil {
			t.Errorf("%s: failure %v", c.name, r.Failure)
		}
		if n := w.CA.Count(ca.NewOrder, ca.NewAccount, ca.Revoke); (n == 0) != c.waits {
			t.Errorf("%s: %d requests that depend on the time", c.name, n)
		}
		w.CA.Dates(nil)
		w.pass()
		w.wantIssued(name)
	}
}

// TestCAsThatDisagree: one whose clock is wrong is asked for nothing; nor is the
// next, as it may be ours that is. With a clock that agrees it goes on.
func TestCAsThatDisagree(t *testing.T) {
	t.Parallel()
	w := beginPair(t, ca.Options{})
	w.shop("www.shop.example")
	w.CA.SkewDate(time.Hour)
	var wrong *controller.ClockError
	if r := w.Pass(t.Context()); !errors.As(r.Failure, &wrong) {
		t.Errorf("failure %v, want a ClockError", r.Failure)
	}
	if n := w.CA.Count(ca.NewOrder, ca.NewAccount) + w.second.Count(ca.NewOrder, ca.NewAccount); n > 0 {
		t.Errorf("%d requests that depend on the time", n)
	}
	w.CA.SkewDate(0)
	w.second.SkewDate(time.Hour) // which nobody needs
	w.pass()
	w.wantFrom(w.CA, "www.shop.example")
}

// TestRunThroughJumps: a daemon whose clock is set goes on looking at its
// interval, whether what was due is now years ahead or years ago.
func TestRunThroughJumps(t *testing.T) {
	t.Parallel()
	const interval = 300 * time.Millisecond
	for name, off := range map[string]time.Duration{"back": -10 * year, "ahead": 10 * year} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := begin(t)
			w.shop("www.shop.example")
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var passes, wrong int
			var jumped time.Time
			w.Run(ctx, controller.Loop{Interval: interval, After: func(r controller.Result) {
				passes++
				switch {
				case passes == 1:
					jumped = time.Now()
					w.clock.add(off)
					w.Point("new.shop.example")
					w.push(apps(app("shop", "www.shop.example", "new.shop.example")))
				case errors.As(r.Failure, new(*controller.ClockError)):
					if wrong++; wrong == 3 {
						w.clock.add(-off)
					}
				case w.inService("new.shop.example"):
					cancel()
				}
			}})
			if took := time.Since(jumped); wrong != 3 || took < 3*interval/2 {
				t.Errorf("%d passes with the wrong clock in %s", wrong, took)
			}
			w.wantIssued("www.shop.example", "new.shop.example")
		})
	}
}

func (w *world) inService(name string) bool {
	return w.knows(name) && w.domain(name).State == record.CertIssued
}

// TestWaitingThroughAJump: sync --wait does not wait for what is years ahead
// since the clock was set back.
func TestWaitingThroughAJump(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.push(apps(app("shop", "nowhere.shop.example")))
	w.pass()
	w.clock.add(-10 * year)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	began := time.Now()
	if r := w.until(ctx); r.Unfinished {
		t.Errorf("%+v", r)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}
