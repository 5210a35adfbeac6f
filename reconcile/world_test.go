package reconcile_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/spec"
)

var start = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

var edgeAddr = netip.MustParseAddr("203.0.113.10")

func policy() reconcile.Policy {
	return reconcile.Policy{
		FailAfter:      time.Hour,
		NotifyAfter:    72 * time.Hour,
		RevokeAfter:    day,
		MaxRemovals:    0.10,
		RemovalFloor:   3,
		AllowWildcards: true, IneligiblePlans: []string{"free"},
		Targets:   []string{"edge-1", "edge-2"},
		Directory: "https://ca.test/dir",
		Platform: record.Platform{
			Target: "{domain}.dns.example.net", Addresses: []netip.Addr{edgeAddr},
			CAAIdentities: []string{"ca.test"}, AccountURI: "https://ca.test/acct/1",
			ProbeAllow: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")},
		},
	}
}

// world is a small model of everything around the planner: a repository, a
// store, a CA and two edges, with their faults.
type world struct {
	t      *rapid.T
	policy reconcile.Policy
	now    time.Time

	files     map[string][]spec.App // desired state as pushed
	accepted  map[string][]spec.App
	broken    map[string]bool
	refused   bool // some file of the last push is
	forced    bool // the tip does not descend from the last one seen
	revision  int
	approvals map[string]bool
	hash      string // what the last admission held

	rows map[string]record.Domain
	apps []record.App

	health map[string]health
	caDown bool
	// secondDown: so is the CA to fall back to, where there is one.
	secondDown bool
	finalized  map[string]string // row → the order whose CSR was sent and whose certificate is not kept
	down       map[string]bool   // deploy targets
	serials    int
	orders     map[string]string // order → serial
	certs      map[string]*issuedCert
	edges      map[string]map[string]string // target → name → sha256
	current    map[string]string            // row → the serial it had last
	released   []loss                       // removals let through without approval
	brought    map[spec.Certificate]record.Brought
	kept       map[string]time.Time // target and name → when its pair was kept
	crashes    bool
	recovered  bool // the store was lost, or an old copy took its place
	acted      int
	seen       map[string]string    // row → what was decided last
	told       map[string]time.Time // row → when its last incident began that was told
	ownership
}

func newWorld(t *rapid.T, p reconcile.Policy) *world {
	w := &world{
		t: t, policy: p, now: start,
		files: map[string][]spec.App{}, accepted: map[string][]spec.App{}, broken: map[string]bool{},
		approvals: map[string]bool{}, rows: map[string]record.Domain{}, health: map[string]health{},
		down: map[string]bool{}, finalized: map[string]string{}, told: map[string]time.Time{}, seen: map[string]string{}, orders: map[string]string{}, certs: map[string]*issuedCert{}, current: map[string]string{}, brought: map[spec.Certificate]record.Brought{}, edges: map[string]map[string]string{},
	}
	w.kept = map[string]time.Time{}
	w.ownership = ownership{silent: map[string]bool{}, shown: map[string]bool{}}
	for _, target := range p.Targets {
		w.edges[target] = map[string]string{}
	}
	return w
}

// desired is what the controller hands to Admit: refused files as last accepted.
func (w *world) desired() reconcile.Desired {
	var d reconcile.Desired
	maps.DeleteFunc(w.accepted, func(file string, _ []spec.App) bool { _, there := w.files[file]; return !there })
	for file, apps := range w.files {
		var refused *record.FileError
		if w.broken[file] {
			apps, refused = w.accepted[file], &record.FileError{File: file, Line: 1, Column: 1, Message: "broken"}
		} else {
			w.accepted[file] = slices.Clone(apps)
		}
		for _, a := range apps {
			a.Domains = slices.Clone(a.Domains)
			d.Apps = append(d.Apps, reconcile.DesiredApp{App: a, Refused: refused, Certificates: maps.Clone(w.brought)})
		}
	}
	return d
}

// push admits desired state as it is now.
func (w *world) push() reconcile.Admission {
	w.revision++
	w.refused = w.anyBroken()
	known := reconcile.Known{
		Domains: w.sorted(), Apps: w.apps, Refused: w.refused, Descends: !w.forced,
		Revision: fmt.Sprint(w.revision), Branch: "main", Approved: maps.Clone(w.approvals),
	}
	desired := w.desired()
	a := reconcile.Admit(desired, known, w.policy, w.now)
	w.checkOrder(desired, known, a)
	w.checkFrozen(desired, a)
	w.checkGuard(a)

	rows := reconcile.Apply(known.Domains, a, w.now)
	for _, d := range rows {
		w.rows[d.Key] = d
	}
	w.apps, w.forced, w.hash = a.Apps, false, a.Hash
	for _, used := range a.UsedApprovals {
		delete(w.approvals, used)
	}
	known = reconcile.Known{
		Domains: rows, Apps: a.Apps, Refused: w.refused, Descends: true,
		Revision: known.Revision, Branch: "main", Approved: maps.Clone(w.approvals),
	}
	if again := reconcile.Admit(desired, known, w.policy, w.now); len(again.Wants) > 0 {
		w.t.Fatalf("admitting the same again changes wants: %s", cmp.Diff(w.rows[again.Wants[0].Key].Want, again.Wants[0]))
	}
	return a
}

func (w *world) anyBroken() bool {
	for file := range w.files {
		if w.broken[file] {
			return true
		}
	}
	return false
}

func (w *world) sorted() []record.Domain {
	rows := make([]record.Domain, 0, len(w.rows))
	for _, key := range slices.Sorted(maps.Keys(w.rows)) {
		rows = append(rows, w.rows[key])
	}
	return rows
}

// run lets time pass until then, stepping every row when it is due.
func (w *world) run(until time.Time) {
	for steps := 0; ; steps++ {
		key, at := w.nextDue()
		if key == "" || at.After(until) {
			break
		}
		if at.After(w.now) {
			w.now, steps = at, 0
		}
		w.step(key)
		if steps > 200 {
			w.t.Fatalf("%s spins: %+v", key, w.rows[key])
		}
	}
	if until.After(w.now) {
		w.now = until
	}
	w.checkTold()
}

func (w *world) nextDue() (key string, at time.Time) {
	for _, d := range w.sorted() {
		if !d.Due.IsZero() && (key == "" || d.Due.Before(at)) {
			key, at = d.Key, d.Due
		}
	}
	return key, at
}

// step is the caller's loop of the package comment.
func (w *world) step(key string) {
	for round := 0; ; round++ {
		if round > 30 {
			w.t.Fatalf("%s never comes to rest: %+v", key, w.rows[key])
		}
		dec := w.decide(w.rows[key])
		w.listen(w.rows[key], dec.Next)
		w.rows[key] = dec.Next
		if c := dec.Next.Certificate; c != nil {
			w.current[key] = c.Serial
		}
		if dec.Drop {
			delete(w.rows, key)
			return
		}
		if len(dec.Actions) == 0 {
			w.checkRest(dec)
			return
		}
		for _, a := range dec.Actions {
			if !w.act(key, a) {
				return
			}
		}
	}
}

func (w *world) decide(d record.Domain) reconcile.Decision {
	asked, q, ask := reconcile.Ask(d, w.policy, w.now)
	var seen record.Observation
	if ask {
		seen = observation(q, w.health[d.Key], w.edges[w.policy.Targets[0]][d.Key], w.now)
	}
	if q.Ownership {
		seen.Ownership = w.texts(q, w.health[d.Key])
	}
	seen.Found, seen.Lacking = w.found(asked)
	dec := reconcile.Decide(asked, seen, w.policy, w.now)
	w.checkStates(d, dec)
	w.checkKept(d, dec.Next)
	w.checkBrought(d, dec.Next)
	situation := fmt.Sprint(dec.Actions, dec.Outcome, dec.Next.Checks)
	if w.seen[d.Key] == situation {
		return dec // looked at before, some check earlier
	}
	w.seen[d.Key] = situation
	if diff := differs(dec, reconcile.Decide(asked, seen, w.policy, w.now)); diff != "" {
		w.t.Fatalf("deciding twice decides otherwise: %s", diff)
	}
	again := reconcile.Decide(dec.Next, seen, w.policy, w.now)
	if diff := differs(dec.Actions, again.Actions); diff != "" {
		w.t.Fatalf("after a crash %s would do something else: %s", d.Key, diff)
	}
	if diff := differs(dec.Next, again.Next); len(dec.Actions) == 0 && diff != "" {
		w.t.Fatalf("at rest, %s changes by being decided on again: %s", d.Key, diff)
	}
	return dec
}

// isFailure reports whether the row's first finding has that code.
func isFailure(d record.Domain, code failure.Code) bool {
	return len(d.Findings) > 0 && d.Findings[0].Code == code
}
