package reconcile_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
)

// size is how large a year is played.
type size struct {
	domains, registered int
	orders              rate
	days, churnEvery    int
	beat                time.Duration
	// stormy are the names that fail, for so many days.
	stormy, stormDays int
}

// played is the whole year if ACMSYNC_YEAR is set, else a small one that holds
// everything the large one does.
func played() size {
	if os.Getenv("ACMSYNC_YEAR") != "" {
		return size{10_000, 400, rate{300, 3 * time.Hour}, 365, 60, 15 * time.Minute, 25, 45}
	}
	return size{400, 16, rate{12, 3 * time.Hour}, 100, 60, 30 * time.Minute, 4, 20}
}

func (s size) limits(renewalsCount bool) budget.Limits {
	l := budget.LetsEncrypt()
	l.NewOrders = budget.Limit{Count: int(s.orders.count), Per: s.orders.per}
	l.RenewalsCount = renewalsCount
	return l
}

// TestAYearAtAStrictCA: mass onboarding, renewals, churn, outages, an app in a
// storm of retries and a second wave of newcomers in the middle of it, at a CA
// that enforces its limits exactly. It never has to refuse, nothing expires, and
// onboarding takes little longer than the limits would make anybody wait.
//
//	ACMSYNC_YEAR=1 go test -run TestAYearAtAStrictCA -v -timeout 30m ./reconcile
func TestAYearAtAStrictCA(t *testing.T) {
	t.Parallel()
	for name, renewalsCount := range map[string]bool{"renewals are exempt": false, "renewals count": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := played()
			ca := newStrictCA(s.orders)
			ca.renewalsCount = renewalsCount
			y := newYear(t, ca, s.limits(renewalsCount))
			y.outages(s)
			y.live(s)
			if n := ca.excess + ca.paused; len(ca.refused) > 0 || n > 0 {
				t.Errorf("the CA refused %v; %d certificates beyond its limits, %d names paused", ca.refused, ca.excess, ca.paused)
			}
			for key, d := range y.rows {
				if c := d.Certificate; !y.bad[key] && (c == nil || !y.now.Before(c.NotAfter)) {
					t.Errorf("%s has no valid certificate: %+v", key, d)
				}
			}
			if y.expired > 0 {
				t.Errorf("%d certificates expired", y.expired)
			}
			t.Logf("%d domains, %d days: %d first certificates, %d renewals, %d orders, %d steps, at least %v left at renewal",
				s.domains, s.days, y.issued, y.renewed, ca.made, y.steps, y.worst.Round(time.Hour))
		})
	}
}

// outages are half a day every three weeks, and three days once.
func (y *year) outages(s size) {
	for d := 9; d < s.days; d += 21 {
		from := start.Add(time.Duration(d) * day)
		y.ca.outages = append(y.ca.outages, span{from, from.Add(12 * time.Hour)})
	}
	middle := start.Add(time.Duration(s.days) * day / 2)
	y.ca.outages = append(y.ca.outages, span{middle, middle.Add(3 * day)})
}

// live is what happens in the year.
func (y *year) live(s size) {
	first := s.domains * 8 / 10
	y.onboard(s, "first", 0, first)
	y.run(start.Add(30*day), s.beat)
	y.storm(s)
	y.run(start.Add(31*day), s.beat)
	y.onboard(s, "second", first, s.domains-first)
	end := start.Add(time.Duration(s.days) * day)
	for next := start.Add(time.Duration(s.churnEvery) * day); next.Before(end); next = next.Add(time.Duration(s.churnEvery) * day) {
		y.run(next, s.beat)
		y.churn()
	}
	y.run(end, s.beat)
}

// storm is an app whose names the CA cannot validate, and whose owner asks for
// another try every hour for weeks.
func (y *year) storm(s size) {
	began, pushes := y.now, 0
	y.add("storm", "storm.example", 0, s.stormy)
	for i := range s.stormy {
		y.bad[fmt.Sprintf("n%d.storm.example", i)] = true
	}
	y.other = func(now time.Time) {
		if now.Sub(began) > time.Duration(s.stormDays)*day || now.Sub(began) < time.Duration(pushes)*time.Hour {
			return
		}
		pushes++
		for i := range s.stormy {
			y.refresh(fmt.Sprintf("n%d.storm.example", i), fmt.Sprint(pushes))
		}
	}
}

// churn: a twentieth of the names leave, and as many others come.
func (y *year) churn() {
	keys := slices.Sorted(maps.Keys(y.rows))
	for i, key := range keys {
		if i%20 == 0 && !y.bad[key] {
			y.remove(key)
			y.add("churn", registered(key), 100_000+y.issued+i, 1)
		}
	}
}

// onboard adds names to the registered domains, to some many and to most few,
// waits until all have their certificates and compares the time with what the
// CA's buckets allow at best.
func (y *year) onboard(s size, wave string, from, count int) {
	began := y.now
	before := len(y.rows)
	shares := map[string]int{}
	for i := range count {
		n := (i * i) % (s.registered * s.registered) / s.registered // small numbers are commoner
		shares[fmt.Sprintf("d%03d.example", n)]++
	}
	at := 0
	for _, domain := range slices.Sorted(maps.Keys(shares)) {
		y.add("app-"+domain, domain, from+at, shares[domain])
		at += shares[domain]
	}
	if len(y.rows) != before+count {
		y.t.Fatalf("%d names were added, want %d", len(y.rows)-before, count)
	}
	best := y.best(shares, count)
	for y.pending() > 0 {
		if y.now.Sub(began) > 3*best {
			y.t.Fatalf("%s wave: %d of %d are still waiting after %v, the limits allow %v", wave, y.pending(), count, y.now.Sub(began), best)
		}
		y.run(y.now.Add(s.beat), s.beat)
	}
	last := began
	for key, at := range y.firstIssued {
		if !y.bad[key] && at.After(last) {
			last = at
		}
	}
	took := last.Sub(began)
	y.t.Logf("%s wave: %d names in %.1f h, the limits allow %.1f h: %.3f times", wave, count, took.Hours(), best.Hours(), took.Hours()/best.Hours())
	if took.Hours() > 1.2*best.Hours() {
		y.t.Errorf("%s wave: onboarding took %v, the limits allow %v", wave, took, best)
	}
}

func (y *year) pending() int {
	n := 0
	for key, d := range y.rows {
		if d.Certificate == nil && !y.bad[key] {
			n++
		}
	}
	return n
}

// best is the least time in which so many orders can be made, by the tokens that
// are there and those that come: in all, and for the registered domain that
// takes longest.
func (y *year) best(shares map[string]int, count int) time.Duration {
	wait := func(b *tokens, n int) time.Duration {
		return time.Duration(max(0, float64(n)-b.left) * float64(b.per) / b.count)
	}
	longest := wait(y.ca.bucket(y.ca.orders, y.now, "orders"), count)
	for domain, n := range shares {
		longest = max(longest, wait(y.ca.bucket(y.ca.domain, y.now, "domain ", domain), n))
	}
	return longest
}
