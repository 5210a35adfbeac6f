package reconcile_test

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

type loss struct {
	name, serial string
	at           time.Time
}

// checkOrder: the order of the input never matters.
func (w *world) checkOrder(desired reconcile.Desired, known reconcile.Known, a reconcile.Admission) {
	slices.Reverse(desired.Apps)
	slices.Reverse(known.Domains)
	other := reconcile.Admit(desired, known, w.policy, w.now)
	slices.Reverse(known.Domains)
	if diff := cmp.Diff(a, other, cmpopts.EquateEmpty()); diff != "" {
		w.t.Fatalf("another order of the input gives another admission: %s", diff)
	}
}

// checkFrozen: nothing is begun, changed or removed for a refused file.
func (w *world) checkFrozen(desired reconcile.Desired, a reconcile.Admission) {
	refused := map[string]bool{}
	for _, app := range desired.Apps {
		for _, d := range app.Domains {
			if row := w.rows[d.Name]; app.Refused != nil && row.App == app.Name {
				refused[d.Name] = true
			}
		}
	}
	for _, next := range a.Wants {
		before, exists := w.rows[next.Key]
		if w.refused && next.Mode == record.Removed && !next.Frozen {
			w.t.Fatalf("a file is refused and yet %s is removed: %+v", next.Key, next)
		}
		if !refused[next.Key] {
			continue
		}
		ignore := cmpopts.IgnoreFields(record.Want{}, "Frozen", "HoldHash")
		if diff := cmp.Diff(before.Want, next, ignore); !exists || diff != "" {
			w.t.Fatalf("the file of %s is refused and yet it changed: %s", next.Key, diff)
		}
	}
}

// checkGuard counts losses by itself: without approval never more are let go
// within the window than policy allows. A loss is undone if the name returns
// while its certificate still stands.
func (w *world) checkGuard(a reconcile.Admission) {
	window := max(day, w.policy.RevokeAfter)
	released := slices.DeleteFunc(w.released, func(l loss) bool {
		return w.now.Sub(l.at) >= window || w.undone(l, a)
	})
	holding := 0
	for key, d := range w.rows {
		gone := slices.ContainsFunc(released, func(l loss) bool { return l.name == key })
		if has(d) || gone {
			holding++
		}
	}
	fresh := 0
	for _, next := range a.Wants {
		before := w.rows[next.Key]
		if next.Mode.Kept() || next.Held || next.LeftAt.IsZero() || !has(before) || !before.LeftAt.IsZero() {
			continue
		}
		released = append(released, newLoss(before, w.now))
		if !before.Held && !w.approvals[w.hash] && len(a.UsedApprovals) == 0 {
			fresh++
		}
	}
	allowed := max(w.policy.MaxRemovals*float64(holding), float64(w.policy.RemovalFloor))
	if fresh > 0 && (float64(len(released)) > allowed+1e-6 || w.forced) {
		w.t.Fatalf("%d of %d certificates were let go within %s (forced: %v), allowed are %v", len(released), holding, window, w.forced, allowed)
	}
	w.released = released
}

func has(d record.Domain) bool { return d.Certificate != nil || d.Order != nil }

func newLoss(d record.Domain, at time.Time) loss {
	l := loss{name: d.Key, at: at}
	if d.Certificate != nil {
		l.serial = d.Certificate.Serial
	}
	return l
}

// undone reports whether this push brings the name back in time.
func (w *world) undone(l loss, a reconcile.Admission) bool {
	row := w.rows[l.name]
	back := slices.ContainsFunc(a.Wants, func(next record.Want) bool {
		return next.Key == l.name && next.Mode.Kept() && !next.Frozen
	})
	c := w.certs[l.serial]
	return back && !row.LeftAt.IsZero() && has(row) && (c == nil || !c.revoked)
}

// differs is cmp.Diff for those in a hurry.
func differs(x, y any) string {
	if reflect.DeepEqual(x, y) {
		return ""
	}
	return cmp.Diff(x, y, cmpopts.EquateEmpty())
}

func (w *world) checkStates(before record.Domain, dec reconcile.Decision) {
	valid := before.Certificate != nil && w.now.Before(before.Certificate.NotAfter)
	manual := before.Mode == record.ByHand || before.Certificate != nil && before.Certificate.Manual() // may be Failing, or not in use yet
	if s := dec.Next.State; valid && !manual && (s == record.Failing || s == record.Failed || s == record.Waiting || s == record.InProgress) {
		w.t.Fatalf("%s is %s although its certificate is valid", before.Key, s)
	}
	for _, a := range dec.Actions {
		if a.Why == "" || strings.Contains(a.Why, "{") || strings.Contains(a.Why, "%!") {
			w.t.Fatalf("%s has no plain why: %+v", before.Key, a)
		}
	}
	if o := dec.Outcome; len(dec.Actions) == 0 && (o.Why == "" || o.Kind == "" || strings.Contains(o.Why, "%!")) {
		w.t.Fatalf("%s does nothing and does not say why: %+v", before.Key, o)
	}
}

// checkKept: what the CA has issued is never given up.
func (w *world) checkKept(before, next record.Domain) {
	if before.Order == nil || next.Order != nil {
		return
	}
	if serial := w.orders[before.Order.ID]; serial != "" {
		w.t.Fatalf("%s gives up order %s, whose certificate %s exists", before.Key, before.Order.ID, serial)
	}
}

// checkRest: a row at rest is woken later, or says what will move it.
func (w *world) checkRest(dec reconcile.Decision) {
	d := dec.Next
	unusable := d.Mode == record.ByHand && isFailure(d, failure.ManualInvalid)
	onChange := unusable || dec.Outcome.Kind == reconcile.Hold || d.Blocked != nil && d.Order == nil || reconcile.NothingLeft(d)
	switch {
	case d.State == "":
		w.t.Fatalf("%s has no state", d.Key)
	case d.Due.IsZero() && !onChange:
		w.t.Fatalf("%s is %s and nothing will ever move it: %+v", d.Key, d.State, dec.Outcome)
	case w.undeployed(d) && d.Due.After(w.now.Add(70*time.Minute)):
		w.t.Fatalf("%s is not everywhere, and that is not tried again before %v: %+v", d.Key, d.Due, d)
	case d.Checks.Served == record.Fail && d.State == record.CertIssued && d.Order == nil && d.Due.After(w.now.Add(70*time.Minute)):
		w.t.Fatalf("%s is not served, and not looked at again before %v: %+v", d.Key, d.Due, d)
	case !d.Due.IsZero() && !d.Due.After(w.now):
		w.t.Fatalf("%s is at rest and due at once (%v at %v): %+v", d.Key, d.Due, w.now, d)
	}
}

// undeployed reports whether a pair that is wanted is missing somewhere.
func (w *world) undeployed(d record.Domain) bool {
	if !d.Mode.Kept() || d.Certificate == nil || !w.now.Before(d.Certificate.NotAfter) {
		return false
	}
	return slices.ContainsFunc(w.policy.Targets, func(target string) bool {
		return w.edges[target][d.Key] != d.Certificate.SHA256
	})
}
