package controller_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/reconcile"
)

// others is the store as another process finds it, now and if this one died.
func (w *world) others() *store.Store { return w.another().config.Store }

// TestOnRecordBeforeTheCAHears: when a request that cannot be taken back reaches
// the CA, whoever had to go on from the store would know of it.
func TestOnRecordBeforeTheCAHears(t *testing.T) {
	t.Parallel()
	const name = "www.shop.example"
	for kind, want := range map[ca.Kind]record.OrderState{
		ca.NewOrder: record.OrderIntent, ca.Authz: record.OrderOrdered, ca.Finalize: record.OrderFinalizing,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := begin(t, limited(budget.Limits{NewOrders: budget.Limit{Count: 3, Per: 3 * time.Hour}}))
			others := w.others()
			var heard atomic.Bool
			w.CA.Before(kind, func() {
				if heard.Swap(true) {
					return
				}
				o, open, err := others.Order(t.Context(), name)
				switch {
				case err != nil || !open:
					t.Errorf("no order is on record: %v", err)
				case o.State != want || len(o.PrivateKey) == 0 || (o.URL != "") != (want != record.OrderIntent):
					t.Errorf("on record is %s with a key of %d bytes at %q, want %s", o.State, len(o.PrivateKey), o.URL, want)
				}
			})
			w.shop(name)
			w.pass()
			w.wantIssued(name)
			if !heard.Load() {
				t.Error("the CA never heard of it")
			}
		})
	}
}

// TestDebitedBeforeTheCAHears: a new order is in the books of the CA's limits
// before it is asked for.
func TestDebitedBeforeTheCAHears(t *testing.T) {
	t.Parallel()
	const name = "www.shop.example"
	w := begin(t, limited(budget.Limits{NewOrders: budget.Limit{Count: 3, Per: 3 * time.Hour}}))
	others := w.others()
	var debited atomic.Int64
	w.CA.Before(ca.NewOrder, func() {
		d := record.Domain{Want: record.Want{Key: name, Names: []string{name}}}
		ledger, err := others.Ledger(t.Context(), reconcile.OrderRequest(d, w.config.Policy, w.clock.now()).Buckets()...)
		if err != nil {
			t.Error(err)
		}
		for _, full := range ledger {
			if full.After(w.clock.now().Add(30 * time.Minute)) { // one of three in three hours takes one
				debited.Add(1)
			}
		}
	})
	w.shop(name)
	w.pass()
	w.wantIssued(name)
	if n := debited.Load(); n != 1 {
		t.Errorf("%d buckets were debited when the CA was asked, want that of new orders", n)
	}
}

// TestRevocationOnRecordBeforeTheCAHears: so it is with a revocation, which is
// then decided against what is wanted in the same transaction.
func TestRevocationOnRecordBeforeTheCAHears(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example", "old.shop.example")
	w.pass()
	w.push(apps(app("shop", "www.shop.example")))
	w.pass()
	w.CA.Fault(ca.Of(ca.RenewalInfo), ca.Fault{Header: http.Header{"Retry-After": {"86400"}}})
	w.forward(20 * time.Hour)
	w.pass() // www's renewal is not asked about in what follows
	w.forward(5 * time.Hour)
	lift := w.CA.Fault(nil, ca.Fault{Drop: true})
	w.Pass(t.Context()) // www is looked at; what is over waits for the CA
	lift()
	w.forward(2 * time.Minute)
	others := w.others()
	changes := func() int64 {
		meta, err := others.Meta(t.Context())
		if err != nil {
			t.Error(err)
		}
		return meta.Changes
	}
	before := changes()
	var written atomic.Int64
	w.CA.Before(ca.Revoke, func() { written.Store(changes() - before) })
	r := w.pass()
	if r.Stepped != 1 || w.CA.Count(ca.Revoke) != 1 {
		t.Fatalf("%d domains moved, %d revocations", r.Stepped, w.CA.Count(ca.Revoke))
	}
	if n := written.Load(); n != 1 {
		t.Errorf("%d changes of the row were on record when the CA was asked, want its own", n)
	}
}
