package reconcile_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/spec"
)

// year is a platform at a strict CA, with a clock of its own. Its passes do what
// the controller's do, with the same functions in the same order; looks at
// healthy names and polls between renewals, which cost the CA's limits nothing,
// are left out.
type year struct {
	t      *testing.T
	random *rand.Rand
	policy reconcile.Policy
	ca     *strictCA
	now    time.Time
	rows   map[string]record.Domain
	wake   map[string]time.Time
	// limited are those that wait for a limit.
	limited map[string]bool
	books   record.Ledger
	bad     map[string]bool // names that the CA cannot validate
	slow    float64         // the part of orders that take hours
	other   func(now time.Time)

	expired, issued, renewed int
	worst                    time.Duration // the least that was left of a certificate in use
	firstIssued              map[string]time.Time
	steps                    int
}

func newYear(t *testing.T, ca *strictCA, l budget.Limits) *year {
	p := policy()
	p.Limits, p.Targets, p.Platform.Thumbprint = l, []string{"edge-1"}, "thumb"
	return &year{
		t: t, random: rand.New(rand.NewPCG(1, 2)), policy: p, ca: ca, now: start, rows: map[string]record.Domain{},
		wake: map[string]time.Time{}, limited: map[string]bool{}, books: record.Ledger{}, bad: map[string]bool{}, slow: 0.02,
		firstIssued: map[string]time.Time{}, worst: 90 * day,
	}
}

// add wants names of a registered domain.
func (y *year) add(app, registered string, from, count int) {
	for i := range count {
		name := fmt.Sprintf("n%d.%s", from+i, registered)
		y.rows[name] = record.Domain{
			Want:  record.Want{Key: name, Names: []string{name}, App: app, Mode: record.Auto, Challenge: "http-01", Since: y.now, Entry: "1"},
			State: record.Waiting, Since: y.now, Due: y.now,
		}
		y.wake[name] = y.now
	}
}

// remove forgets a name; what it leaves to be revoked is no matter here.
func (y *year) remove(name string) {
	delete(y.rows, name)
	delete(y.wake, name)
	delete(y.limited, name)
}

// refresh asks for a try now, as its owner does by a push.
func (y *year) refresh(name, value string) {
	d := y.rows[name]
	d.Refresh, d.Due = value, y.now
	y.rows[name], y.wake[name] = d, y.now
}

// run makes passes until then: at every beat at which something is due.
func (y *year) run(until time.Time, beat time.Duration) {
	for ; !y.now.After(until); y.now = y.now.Add(beat) {
		if y.other != nil {
			y.other(y.now)
		}
		y.pass()
	}
}

// pass is controller.work: line up, step what is due, and again while the limits
// leave something to those that wait.
func (y *year) pass() {
	for round := 0; ; round++ {
		turns, due := y.lineUp(round > 0)
		if len(due) == 0 || round > 20 {
			return
		}
		for _, key := range due {
			y.step(key, turns[key])
		}
		if !slices.ContainsFunc(slices.Collect(maps.Values(turns)), func(t budget.Turn) bool { return t.At.After(y.now) }) {
			return
		}
	}
}

// lineUp is who may go when, and who is to be stepped; called: only those that
// wait, and whose turn has come.
func (y *year) lineUp(called bool) (map[string]budget.Turn, []string) {
	var rows []record.Domain
	var due []string
	for key, wake := range y.wake {
		isDue := !wake.IsZero() && !wake.After(y.now)
		if isDue && !called {
			due = append(due, key)
		}
		if isDue || y.limited[key] {
			rows = append(rows, y.rows[key])
		}
	}
	if len(rows) == 0 {
		return nil, nil
	}
	turns := reconcile.Turns(rows, y.books, y.policy, y.now)
	for _, d := range rows {
		turn, in := turns[d.Key]
		if in && !turn.At.After(y.now) && y.wake[d.Key].After(y.now) {
			due = append(due, d.Key)
		}
	}
	slices.Sort(due)
	return turns, due
}

// step is controller.advance.
func (y *year) step(key string, turn budget.Turn) {
	y.steps++
	for round := 0; ; round++ {
		if round > 30 {
			y.t.Fatalf("%s never comes to rest: %+v", key, y.rows[key])
		}
		d, q, ask := reconcile.Ask(reconcile.Call(y.rows[key], turn, y.now), y.policy, y.now)
		var seen record.Observation
		if ask {
			seen = observation(q, well, q.ServedSHA256, y.now)
		}
		if reconcile.Suggests(d, y.policy, y.now) {
			seen.Renewal = suggest(*d.Certificate)
		}
		dec := reconcile.Afford(reconcile.Decide(d, seen, y.policy, y.now), turn, y.books, y.policy, y.now)
		y.rows[key] = dec.Next
		if len(dec.Actions) == 0 {
			y.rest(dec.Next)
			return
		}
		if waits := y.carryOut(key, dec.Actions); waits {
			y.rest(y.rows[key])
			return
		}
	}
}

// suggest is the CA's window for renewals.
func suggest(c record.Certificate) *record.RenewalInfo {
	third := c.NotBefore.Add(60 * day)
	return &record.RenewalInfo{ID: c.Serial, Start: third.Add(-day), End: third.Add(day)}
}

// rest notes when the row is stepped next, but for looks at what is well.
func (y *year) rest(d record.Domain) {
	y.wake[d.Key] = d.Due
	if d.State == record.CertIssued && len(d.Findings) == 0 && d.Order == nil {
		y.wake[d.Key] = reconcile.RenewalTime(d, y.policy)
	}
	delete(y.limited, d.Key)
	if !d.Attempt.RateLimitedUntil.IsZero() {
		y.limited[d.Key] = true
	}
}

func (y *year) carryOut(key string, actions []reconcile.Action) (waits bool) {
	for _, a := range actions {
		d := y.rows[key]
		r := reconcile.Result{Action: a}
		if a.Kind.Orders() {
			r = y.order(d, a)
			ordered := d
			if ordered.Order = r.Order; r.Certificate != nil {
				ordered.Order = inState(r.Order, record.OrderFinalizing)
			}
			maps.Copy(y.books, reconcile.Learn(ordered, r, y.books, y.policy, y.now))
		}
		y.rows[key] = reconcile.Settle(d, r, y.policy, y.now)
		if r.Certificate != nil {
			y.note(key, d, *r.Certificate)
		}
		if r.Failed() {
			return !r.WaitUntil.IsZero()
		}
	}
	return false
}

// note counts what became of the row's certificate.
func (y *year) note(key string, before record.Domain, c record.Certificate) {
	if before.Certificate == nil {
		y.issued++
		y.firstIssued[key] = y.now
		return
	}
	y.renewed++
	left := before.Certificate.NotAfter.Sub(c.IssuedAt)
	y.worst = min(y.worst, left)
	if left <= 0 {
		y.expired++
	}
}

// registered is the registered domain by the way the names are made.
func registered(name string) string { return spec.RegisteredDomain(name) }
