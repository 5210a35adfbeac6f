package reconcile_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// found is what the edges hold that are not known to have the row's own
// certificate, and the edges that lost what they acknowledged.
func (w *world) found(d record.Domain) (found []record.Found, lacking []string) {
	for _, target := range w.policy.Targets {
		sha := w.edges[target][d.Key]
		said := slices.ContainsFunc(d.Deployed, func(a record.Deployment) bool {
			return a.Target == target && d.Certificate != nil && a.SHA256 == d.Certificate.SHA256
		})
		switch {
		case said && sha == d.Certificate.SHA256:
			continue
		case said:
			lacking = append(lacking, target)
		}
		if c := w.certs[sha]; c != nil && w.now.Before(c.NotAfter) {
			found = append(found, record.Found{Target: target, Certificate: w.readBack(target, d.Key)})
		}
	}
	return found, lacking
}

// readBack is a certificate as an edge has it: without a word of whose it is.
func (w *world) readBack(target, key string) record.Certificate {
	c := w.certs[w.edges[target][key]].Certificate
	c.Origin, c.Directory, c.Account, c.Rekey, c.IssuedAt = "", "", "", "", w.kept[target+" "+key]
	return c
}

func (w *world) adopt(d record.Domain, a reconcile.Action, r *reconcile.Result) {
	if !w.recovered {
		w.t.Fatalf("%s adopts %s although the store was never lost: %+v", d.Key, a.Serial, d)
	}
	if w.edges[a.Target][d.Key] != a.Serial {
		w.t.Fatalf("%s adopts %s, which %s does not have", d.Key, a.Serial, a.Target)
	}
	c := reconcile.Adopted(d, w.readBack(a.Target, d.Key))
	r.Certificate = &c
}

// checkForward: an edge never goes back to an older certificate of a CA.
func (w *world) checkForward(d record.Domain, target string) {
	was, is := w.certs[w.edges[target][d.Key]], d.Certificate
	if was == nil || was.Manual() || is.Manual() || !w.now.Before(was.NotAfter) {
		return
	}
	if is.NotBefore.Before(was.NotBefore) {
		w.t.Fatalf("%s at %s goes back from %s to %s: %+v", d.Key, target, was.Serial, is.Serial, d)
	}
}

// TestRecoveries plays random histories, loses the store or puts an old copy of
// it in its place, and kills the recovery now and then. What is served stays as
// it was, though the CA be out of reach, and nothing is ordered that need not
// be. Then life goes on.
func TestRecoveries(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := policy()
		p.RemovalFloor = 100 // the guard has tests of its own
		w := newWorld(t, p)
		w.crashes = true
		w.populate()
		w.play("events before the backup")
		rows, apps := maps.Clone(w.rows), w.apps
		w.play("events after the backup")
		w.heal()
		before := maps.Clone(w.rows)
		if rapid.Bool().Draw(t, "lost") {
			rows, apps = map[string]record.Domain{}, nil
		}
		w.crashes, w.recovered = true, true
		w.caDown = rapid.Bool().Draw(t, "CA down after it")
		w.rows, w.apps = rows, apps
		w.remember()
		w.push()
		w.run(w.now.Add(10 * time.Minute))
		w.checkUnchanged(before)
		w.heal()
		for _, d := range w.sorted() {
			if d.Mode == record.Auto && d.Blocked == nil {
				w.checkHappy(d, d.Certificate != nil && w.now.Before(d.Certificate.NotAfter))
			}
		}
		for serial, c := range w.certs {
			w.checkRevoked(serial, c)
		}
	})
}

func (w *world) play(what string) {
	for range rapid.IntRange(0, 8).Draw(w.t, what) {
		switch rapid.SampledFrom([]string{"time", "time ", "edit", "edit ", "sicken", "CA", "target"}).Draw(w.t, "event") {
		case "time", "time ":
			w.passTime()
		case "edit", "edit ":
			w.edit()
		case "sicken":
			w.sicken()
		case "CA":
			w.caDown = !w.caDown
		case "target":
			w.down["edge-2"] = !w.down["edge-2"]
		}
		w.run(w.now)
	}
}

// remember takes over what the rows say was told. Orders that they do not know
// of are nobody's any more.
func (w *world) remember() {
	clear(w.finalized)
	clear(w.told)
	clear(w.seen)
	for key, d := range w.rows {
		if !d.Notice.Told.IsZero() {
			w.told[key] = d.Notice.Began
		}
	}
}

// checkUnchanged: whoever had a certificate in use has it still, but where it is
// due or its key is known to others.
func (w *world) checkUnchanged(before map[string]record.Domain) {
	for key, was := range before {
		is, there := w.rows[key]
		kept := there && was.Mode == record.Auto && was.Blocked == nil && is.Mode == record.Auto && is.Blocked == nil
		if !kept || strings.HasPrefix(is.Rekey, "compromised-") || !w.now.Before(reconcile.RenewalTime(was, w.policy)) {
			continue
		}
		if is.Certificate == nil || is.Certificate.Serial != was.Certificate.Serial {
			w.t.Fatalf("%s had %s and now has %+v: %+v", key, was.Certificate.Serial, is.Certificate, is)
		}
		for _, target := range w.policy.Targets {
			if got := w.edges[target][key]; got != was.Certificate.SHA256 {
				w.t.Fatalf("%s at %s is %s, was %s", key, target, got, was.Certificate.SHA256)
			}
		}
	}
}
