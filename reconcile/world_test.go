package reconcile_test

import (
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
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

// Health is what is the matter with a name, as our checks or the CA see it.
type health string

const (
	well      health = ""
	nxdomain  health = "nxdomain"
	caa       health = "caa"
	cdn       health = "cdn"       // the probe gets a page
	silent    health = "silent"    // our checks cannot ask anybody
	unseen    health = "unseen"    // our checks pass, the CA's validation fails
	rejected  health = "rejected"  // the CA will not have the name
	limited   health = "limited"   // the CA rate limits the name
	malformed health = "malformed" // the CA returns a bad certificate
	barred    health = "barred"    // something in front of the CA refuses to pass on what it has
	walled    health = "walled"    // nothing answers the probe, so we only advise; the CA fails
	elsewhere health = "elsewhere" // the edge serves some other certificate
)

func observation(q record.Question, h health, served string, now time.Time) record.Observation {
	o := record.Observation{Name: q.Name, At: now}
	if q.DNS {
		o.DNS, o.CAA, o.Probe = answers(h)
	}
	if q.Served {
		o.Served = &record.Served{Answer: record.Answered, Address: edgeAddr, SHA256: served, Serial: served}
		if h == elsewhere {
			o.Served.SHA256, o.Served.Serial = "other", "other"
		}
		if served == "" || h == silent {
			o.Served = &record.Served{Answer: record.NoAnswer}
		}
	}
	return o
}

func answers(h health) (*record.DNS, *record.CAA, *record.Probe) {
	found := record.Addresses{Answer: record.Answered, Addrs: []netip.Addr{edgeAddr}}
	dns := &record.DNS{A: found, AAAA: record.Addresses{Answer: record.NoData}, Target: []netip.Addr{edgeAddr}}
	caaSet := &record.CAA{Answer: record.NoData}
	probe := &record.Probe{Result: record.ProbeAnswered, Address: edgeAddr, Status: 200, Body: record.BodyMatch}
	switch h {
	case nxdomain:
		none := record.Addresses{Answer: record.NXDomain}
		dns.A, dns.AAAA = none, none
		probe = &record.Probe{Result: record.ProbeNoAddress}
	case caa:
		caaSet = &record.CAA{Zone: "example", Answer: record.Answered, Records: []record.CAARecord{{Tag: "issue", Value: "other.test"}}}
	case cdn:
		probe.Status, probe.Body = 403, record.BodyHTML
	case walled:
		probe = &record.Probe{Result: record.ProbeTimeout, Address: edgeAddr}
	case silent:
		none := record.Addresses{Answer: record.NoAnswer}
		dns = &record.DNS{A: none, AAAA: none}
		caaSet = &record.CAA{Answer: record.NoAnswer}
		probe = &record.Probe{Result: record.ProbeNotAsked}
	}
	return dns, caaSet, probe
}

// issuedCert is a certificate that the CA of the world gave out.
type issuedCert struct {
	record.Certificate
	revoked bool
	order   string
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

	health   map[string]health
	caDown   bool
	down     map[string]bool // deploy targets
	serials  int
	orders   map[string]string // order → serial
	certs    map[string]*issuedCert
	edges    map[string]map[string]string // target → name → sha256
	current  map[string]string            // row → the serial it had last
	released []loss                       // removals let through without approval
	crashes  bool
	acted    int
	seen     map[string]string // row → what was decided last
}

type loss struct {
	name, serial string
	at           time.Time
}

func newWorld(t *rapid.T, p reconcile.Policy) *world {
	w := &world{
		t: t, policy: p, now: start,
		files: map[string][]spec.App{}, accepted: map[string][]spec.App{}, broken: map[string]bool{},
		approvals: map[string]bool{}, rows: map[string]record.Domain{}, health: map[string]health{},
		down: map[string]bool{}, seen: map[string]string{}, orders: map[string]string{}, certs: map[string]*issuedCert{}, current: map[string]string{}, edges: map[string]map[string]string{},
	}
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
			d.Apps = append(d.Apps, reconcile.DesiredApp{App: a, Refused: refused})
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
		if next.Mode == record.Auto || next.Held || next.LeftAt.IsZero() || !has(before) || !before.LeftAt.IsZero() {
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
		return next.Key == l.name && next.Mode == record.Auto && !next.Frozen
	})
	c := w.certs[l.serial]
	return back && !row.LeftAt.IsZero() && has(row) && (c == nil || !c.revoked)
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
		w.rows[key] = dec.Next
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
	dec := reconcile.Decide(asked, seen, w.policy, w.now)
	w.checkStates(d, dec)
	w.checkKept(d, dec.Next)
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

// differs is cmp.Diff for those in a hurry.
func differs(x, y any) string {
	if reflect.DeepEqual(x, y) {
		return ""
	}
	return cmp.Diff(x, y, cmpopts.EquateEmpty())
}

func (w *world) checkStates(before record.Domain, dec reconcile.Decision) {
	valid := before.Certificate != nil && w.now.Before(before.Certificate.NotAfter)
	if s := dec.Next.State; valid && (s == record.Failing || s == record.Failed || s == record.Waiting || s == record.InProgress) {
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
	onChange := dec.Outcome.Kind == reconcile.Hold || d.Blocked != nil && d.Order == nil || reconcile.NothingLeft(d)
	switch {
	case d.State == "":
		w.t.Fatalf("%s has no state", d.Key)
	case d.Due.IsZero() && !onChange:
		w.t.Fatalf("%s is %s and nothing will ever move it: %+v", d.Key, d.State, dec.Outcome)
	case w.undeployed(d) && d.Due.After(w.now.Add(70*time.Minute)):
		w.t.Fatalf("%s is not everywhere, and that is not tried again before %v: %+v", d.Key, d.Due, d)
	case !d.Due.IsZero() && !d.Due.After(w.now):
		w.t.Fatalf("%s is at rest and due at once (%v at %v): %+v", d.Key, d.Due, w.now, d)
	}
}

// undeployed reports whether a pair that is wanted is missing somewhere.
func (w *world) undeployed(d record.Domain) bool {
	if d.Mode != record.Auto || d.Certificate == nil || !w.now.Before(d.Certificate.NotAfter) {
		return false
	}
	return slices.ContainsFunc(w.policy.Targets, func(target string) bool {
		return w.edges[target][d.Key] != d.Certificate.SHA256
	})
}

// act carries out one action; false: the process was killed.
func (w *world) act(key string, a reconcile.Action) bool {
	w.acted++
	d := w.rows[key]
	if w.crashes && rapid.IntRange(0, 9).Draw(w.t, "crash before") == 0 {
		return false
	}
	r := w.perform(d, a)
	if w.crashes && rapid.IntRange(0, 9).Draw(w.t, "crash after") == 0 {
		return false
	}
	d = reconcile.Settle(d, r, w.policy, w.now)
	w.rows[key] = d
	if d.Certificate != nil {
		w.current[key] = d.Certificate.Serial
	}
	if a.Kind == reconcile.Forget && reconcile.Finished(d, w.policy, w.now) {
		delete(w.rows, key)
		return false
	}
	return true
}

func (w *world) perform(d record.Domain, a reconcile.Action) reconcile.Result {
	r := reconcile.Result{Action: a}
	switch a.Kind {
	case reconcile.Deploy:
		w.deploy(d, a, &r)
	case reconcile.Revoke:
		w.revoke(d, a, &r)
	case reconcile.Forget:
		w.forget(d, &r)
	default:
		w.order(d, &r)
	}
	return r
}

// order opens an order, or follows it to its end.
func (w *world) order(d record.Domain, r *reconcile.Result) {
	if d.Frozen && d.Certificate == nil {
		w.t.Fatalf("a first certificate for %s, whose file is refused", d.Key)
	}
	begun := d.Order != nil && d.Order.State == record.OrderFinalizing
	if d.Gone() && !begun || d.Blocked != nil && d.Order == nil {
		w.t.Fatalf("an order for %s, which may not have one: %+v", d.Key, d.Want)
	}
	if w.caDown {
		r.Problem = &record.Problem{During: "order", Detail: "connection refused"}
		return
	}
	if d.Order == nil {
		w.serials++
		r.Order = &record.Order{
			ID: fmt.Sprintf("o%d", w.serials), Key: d.Key, Directory: w.policy.Directory, Names: d.Names,
			State: record.OrderOrdered, URL: fmt.Sprintf("https://ca.test/o/%d", w.serials), Rekey: d.Rekey,
		}
		return
	}
	r.Order = d.Order
	if w.health[d.Key] == malformed {
		r.Bad = "it is for another name"
		return
	}
	h := w.health[d.Key]
	passes := h == limited || h == barred // else it ends the order, before the CSR is sent
	if r.Problem = problem(h, w.now); r.Problem != nil && (passes || d.Order.State != record.OrderFinalizing) {
		if !passes {
			r.Order = inState(d.Order, record.OrderClosed)
		}
		return
	}
	r.Problem = nil
	serial := w.orders[d.Order.ID]
	if serial == "" {
		w.serials++
		serial = fmt.Sprintf("%04x", w.serials)
		w.orders[d.Order.ID] = serial
		w.certs[serial] = &issuedCert{order: d.Order.ID, Certificate: record.Certificate{
			Serial: serial, SHA256: serial, Issuer: "test", Names: d.Names, NotBefore: w.now, NotAfter: w.now.Add(90 * day),
			Directory: w.policy.Directory, Account: w.policy.Platform.AccountURI, IssuedAt: w.now,
		}}
		r.Order = inState(d.Order, record.OrderFinalizing)
		return
	}
	c := w.certs[serial].Certificate
	r.Certificate = &c
}

func inState(o *record.Order, s record.OrderState) *record.Order {
	next := *o
	next.State = s
	return &next
}

func problem(h health, now time.Time) *record.Problem {
	acme := func(kind, detail, during string) *record.Problem {
		return &record.Problem{Type: "urn:ietf:params:acme:error:" + kind, Detail: detail, Status: 403, During: during}
	}
	switch h {
	case nxdomain:
		return acme("dns", "NXDOMAIN looking up A", "authorization")
	case caa:
		return acme("caa", "CAA record prevents issuance", "authorization")
	case cdn, unseen:
		return acme("unauthorized", "Invalid response", "authorization")
	case walled:
		return acme("connection", "Timeout during connect", "authorization")
	case rejected:
		return acme("rejectedIdentifier", "policy forbids", "order")
	case barred:
		return &record.Problem{Status: 403, Detail: "Forbidden", During: "certificate"}
	case limited:
		p := acme("rateLimited", "too many certificates", "order")
		p.Status, p.RetryAfter = 429, now.Add(3*time.Hour)
		return p
	}
	return nil
}

func (w *world) deploy(d record.Domain, a reconcile.Action, r *reconcile.Result) {
	if w.down[a.Target] {
		r.Err = "disk full"
		return
	}
	if c := w.certs[d.Certificate.Serial]; c.revoked {
		w.t.Fatalf("%s deploys a revoked certificate", d.Key)
	}
	w.edges[a.Target][d.Key] = d.Certificate.SHA256
}

func (w *world) revoke(d record.Domain, a reconcile.Action, r *reconcile.Result) {
	if w.caDown {
		r.Problem = &record.Problem{During: "revoke"}
		return
	}
	c := w.certs[a.Serial]
	if c == nil {
		w.t.Fatalf("%s revokes %q, which was never issued", d.Key, a.Serial)
	}
	current := d.Certificate != nil && d.Certificate.Serial == a.Serial
	if current && !d.Gone() {
		w.t.Fatalf("%s revokes the certificate it needs: %+v", d.Key, d)
	}
	if current && w.now.Before(d.LeftAt.Add(w.policy.RevokeAfter)) {
		w.t.Fatalf("%s is revoked at %v, within the grace: %+v", d.Key, w.now, d)
	}
	if current && d.Mode == record.Removed && w.refused {
		w.t.Fatalf("%s is revoked while a file is refused that may name it", d.Key)
	}
	for _, target := range w.policy.Targets {
		if !d.Gone() && w.edges[target][d.Key] != d.Certificate.SHA256 {
			w.t.Fatalf("%s revokes %s before %s has what replaces it", d.Key, a.Serial, target)
		}
	}
	if c.revoked {
		r.Problem = &record.Problem{Type: "urn:ietf:params:acme:error:alreadyRevoked", Status: 400, During: "revoke"}
	}
	c.revoked = true
}

func (w *world) forget(d record.Domain, r *reconcile.Result) {
	if !d.Gone() || d.Mode == record.Removed && w.refused {
		w.t.Fatalf("%s is wanted, or may be, and forgotten", d.Key)
	}
	for target, names := range w.edges {
		if w.down[target] {
			r.Err = target + ": disk full"
			return
		}
		delete(names, d.Key)
	}
}

// isFailure reports whether the row's first finding has that code.
func isFailure(d record.Domain, code failure.Code) bool {
	return len(d.Findings) > 0 && d.Findings[0].Code == code
}
