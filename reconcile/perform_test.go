package reconcile_test

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// issuedCert is a certificate that the CA of the world gave out.
type issuedCert struct {
	record.Certificate
	revoked bool
	order   string
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
	before := d
	d = reconcile.Settle(d, r, w.policy, w.now)
	if r.Certificate != nil {
		delete(w.finalized, key)
	}
	w.listen(before, d)
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
	case reconcile.Adopt:
		w.adopt(d, a, &r)
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
	w.checkMayOrder(d)
	at := w.policy.At(r.Action.Directory)
	if d.Order != nil {
		at = w.policy.At(d.Order.Directory)
	}
	if w.absent(at.Directory) {
		r.Problem = &record.Problem{During: "order", Detail: "connection refused"}
		return
	}
	if d.Order == nil {
		w.checkProven(d)
		if left := w.finalized[d.Key]; left != "" {
			w.t.Fatalf("%s leaves %s, which may be a certificate by now, for %s", d.Key, left, at.Directory)
		}
		w.serials++
		r.Order = &record.Order{
			ID: fmt.Sprintf("o%d", w.serials), Key: d.Key, Directory: at.Directory, Names: d.Names,
			State: record.OrderOrdered, URL: fmt.Sprintf("https://ca.test/o/%d", w.serials), Rekey: d.Rekey, OpenedAt: w.now,
		}
		return
	}
	r.Order = d.Order
	if w.health[d.Key] == malformed {
		delete(w.finalized, d.Key)
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
	if d.Order.State != record.OrderFinalizing {
		r.Order = inState(d.Order, record.OrderFinalizing)
		return
	}
	w.finalized[d.Key] = d.Order.ID
	serial := w.orders[d.Order.ID]
	if serial == "" {
		w.serials++
		serial = fmt.Sprintf("%04x", w.serials)
		w.orders[d.Order.ID] = serial
		w.certs[serial] = &issuedCert{order: d.Order.ID, Certificate: record.Certificate{
			Serial: serial, SHA256: serial, Issuer: "test", Names: d.Names, NotBefore: w.now, NotAfter: w.now.Add(90 * day),
			Origin: record.OriginACME, Directory: at.Directory, Account: at.Platform.AccountURI, IssuedAt: w.now,
		}}
		if w.crashes && rapid.Bool().Draw(w.t, "answer lost") {
			r.Problem = &record.Problem{During: "finalize"}
			return
		}
	}
	c := w.certs[serial].Certificate
	c.IssuedAt = w.now // when it is kept, which may be again
	r.Certificate = &c
}

// checkMayOrder: an order is only for rows that may have one.
func (w *world) checkMayOrder(d record.Domain) {
	if d.Frozen && d.Certificate == nil {
		w.t.Fatalf("a first certificate for %s, whose file is refused", d.Key)
	}
	if d.Mode == record.ByHand && (d.Order == nil || d.Order.State != record.OrderFinalizing) {
		w.t.Fatalf("an order for %s, whose owner brings a certificate along: %+v", d.Key, d.Want)
	}
	begun := d.Order != nil && d.Order.State == record.OrderFinalizing
	if d.Gone() && !begun || d.Blocked != nil && d.Order == nil {
		w.t.Fatalf("an order for %s, which may not have one: %+v", d.Key, d.Want)
	}
}

// absent: there are two CAs at most.
func (w *world) absent(directory string) bool {
	if directory == secondCA {
		return w.secondDown
	}
	return w.caDown
}

func inState(o *record.Order, s record.OrderState) *record.Order {
	next := *o
	next.State = s
	return &next
}

func (w *world) deploy(d record.Domain, a reconcile.Action, r *reconcile.Result) {
	if w.down[a.Target] {
		r.Err = "disk full"
		return
	}
	if c := w.certs[d.Certificate.Serial]; c.revoked {
		w.t.Fatalf("%s deploys a revoked certificate", d.Key)
	}
	if !w.now.Before(d.Certificate.NotAfter) {
		w.t.Fatalf("%s deploys an expired certificate", d.Key)
	}
	w.checkForward(d, a.Target)
	w.edges[a.Target][d.Key], w.kept[a.Target+" "+d.Key] = d.Certificate.SHA256, d.Certificate.IssuedAt
}

func (w *world) revoke(d record.Domain, a reconcile.Action, r *reconcile.Result) {
	c := w.certs[a.Serial]
	if c == nil {
		w.t.Fatalf("%s revokes %q, which was never issued", d.Key, a.Serial)
	}
	if w.absent(c.Directory) {
		r.Problem = &record.Problem{During: "revoke"}
		return
	}
	if c.Manual() {
		w.t.Fatalf("%s revokes %s, which no CA of ours gave out", d.Key, a.Serial)
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
