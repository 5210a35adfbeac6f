package reconcile_test

import (
	"slices"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// counting is a policy whose CA allows an order an hour and exempts nobody.
func counting() reconcile.Policy {
	p := policy()
	p.Limits = budget.Limits{NewOrders: budget.Limit{Count: 1, Per: time.Hour}, RenewalsCount: true}
	return p
}

// rowsOfEveryUrgency are named by what they are.
func rowsOfEveryUrgency(t *testing.T, p reconcile.Policy, now time.Time) []record.Domain {
	t.Helper()
	held := func(name string, left time.Duration, edits ...func(*record.Domain)) record.Domain {
		d := certified(wanted(t, p), p, now.Add(left-90*day))
		d.Key, d.Names, d.Certificate.Names, d.App = name, []string{name}, []string{name}, name
		for _, edit := range edits {
			edit(&d)
		}
		return d
	}
	fresh := func(name, app string) record.Domain {
		d := wanted(t, p)
		d.Key, d.Names, d.App = name, []string{name}, app
		return d
	}
	revoked := held("3-revoked", 80*day, func(d *record.Domain) {
		d.Suggestion = record.Suggestion{SHA256: d.Certificate.SHA256, ID: "id", Start: now.Add(-2 * day), End: now.Add(-day), NextAt: now.Add(day)}
	})
	repeating := fresh("9-repeating", "storm")
	repeating.Attempt = record.Attempt{Count: 7, FirstFailed: now.Add(-day), Next: now}
	return []record.Domain{
		repeating,
		held("8-replaced", 80*day, func(d *record.Domain) { d.Rekey = "new" }),
		fresh("7-new", "a"), fresh("5-new", "a"), fresh("6-new", "b"),
		held("4-due", 25*day), revoked,
		held("2-expiring", 5*day), held("1-expired", -day),
	}
}

// TestTheMostUrgentGoFirst when there is one order an hour: what expires soon,
// what is about to be revoked, new names, by turns of their apps, replacements,
// and last what keeps failing.
func TestTheMostUrgentGoFirst(t *testing.T) {
	t.Parallel()
	p, now := counting(), start.Add(200*day)
	rows := rowsOfEveryUrgency(t, p, now)
	turns := reconcile.Turns(rows, nil, p, now)
	var order []string
	for _, d := range rows {
		order = append(order, d.Key)
	}
	slices.SortFunc(order, func(x, y string) int { return turns[x].At.Compare(turns[y].At) })
	if !slices.IsSorted(order) || len(turns) != len(rows) {
		t.Errorf("they go in the order %v", order)
	}
	for i, key := range order {
		if got := turns[key].At.Sub(now); got != time.Duration(i)*time.Hour {
			t.Errorf("%s goes after %v", key, got)
		}
	}
}

// TestAnAppThatHadMuchLetsOthersGoFirst, also when the limits have been short
// for days.
func TestAnAppThatHadMuchLetsOthersGoFirst(t *testing.T) {
	t.Parallel()
	p := counting()
	books := record.Ledger{}
	big := wanted(t, p)
	for range 3 {
		for bucket, full := range reconcile.Spend(big, books, p, start) {
			books[bucket] = full
		}
	}
	small := big
	small.Key, small.Names, small.App, small.Want.Since = "z.small.example", []string{"z.small.example"}, "small", start.Add(day)
	now := start.Add(day)
	turns := reconcile.Turns([]record.Domain{big, small}, books, p, now)
	if !turns[small.Key].At.Equal(now) || !turns[big.Key].At.After(now) {
		t.Errorf("the newcomer of a small app waits: %v", turns)
	}
}

// TestATurnIsWaitedForAndCalled: a row waits for its turn, says so, is told when
// its turn moves, and goes when it has come, without being looked at in between.
func TestATurnIsWaitedForAndCalled(t *testing.T) {
	t.Parallel()
	p := counting()
	d := wanted(t, p)
	account := record.Bucket{Directory: p.Directory, Limit: "new-orders"}
	turn := budget.Turn{At: start.Add(5 * time.Hour), For: account}
	dec := reconcile.Afford(look(d, well, p, start), turn, nil, p, start)
	if o := rests(t, dec, reconcile.Wait); !o.Until.Equal(turn.At) || !dec.Next.Attempt.RateLimitedUntil.Equal(turn.At) || !dec.Next.Due.Equal(turn.At) {
		t.Fatalf("it waits until %v, the row until %v and %v", o.Until, dec.Next.Attempt.RateLimitedUntil, dec.Next.Due)
	}
	later := budget.Turn{At: start.Add(9 * time.Hour), For: account}
	moved := reconcile.Call(dec.Next, later, start.Add(5*time.Hour))
	if _, _, ask := reconcile.Ask(moved, p, start.Add(5*time.Hour)); ask || !moved.Attempt.RateLimitedUntil.Equal(later.At) {
		t.Errorf("looked at %v, until %v", ask, moved.Attempt.RateLimitedUntil)
	}
	now := start.Add(2 * time.Hour)
	called := reconcile.Call(moved, budget.Turn{At: now}, now)
	only(t, reconcile.Afford(look(called, well, p, now), budget.Turn{At: now}, nil, p, now))
}

// TestTheCAsWordIsNotCalledOff by a turn of our own books.
func TestTheCAsWordIsNotCalledOff(t *testing.T) {
	t.Parallel()
	p := counting()
	d := wanted(t, p)
	r := reconcile.Result{Action: reconcile.Action{Kind: reconcile.Issue}, Problem: acme("rateLimited", "too many requests", "order")}
	r.Problem.RetryAfter = start.Add(6 * time.Hour)
	d = reconcile.Settle(d, r, p, start)
	if called := reconcile.Call(d, budget.Turn{At: start}, start); !called.Attempt.Next.Equal(d.Attempt.Next) || reconcile.Contends(d, p, start) {
		t.Errorf("the CA said %v, and it is called for %v", d.Attempt.Next, called.Attempt.Next)
	}
}
