package store_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

func TestOrderJournal(t *testing.T) {
	t.Parallel()
	dir := private(t)
	s := open(t, urlIn(dir))
	admitNames(t, s, "a.example")
	l := claimOne(t, s)
	d, o := l.Domain, intent("a.example", "o1")
	d.Order = &o
	save(t, s, l, store.Change{Domain: d, Order: &o})

	// Later steps carry no key, as rows do; the journal keeps it.
	step := o
	step.PrivateKey, step.State, step.URL, step.NextAt = nil, record.OrderFinalizing, "https://ca.test/order/1", noon.Add(time.Second)
	step.Authorizations = []record.Authorization{{URL: "https://ca.test/authz/1", Name: "a.example", Token: "tok", Posted: true}}
	d.Order = &step
	save(t, s, l, store.Change{Domain: d, Order: &step})
	save(t, s, l, store.Change{Domain: d})
	got, ok, err := s.Order(t.Context(), "a.example")
	step.PrivateKey = o.PrivateKey
	if err != nil || !ok || !reflect.DeepEqual(got, step) {
		t.Errorf("the journal says %+v (%v, %v), want %+v", got, ok, err, step)
	}

	// Done: the pair holds the key now, and nothing else does.
	p := issue(t, "a.example")
	step.State = record.OrderDone
	d.Order, d.Certificate = nil, &p.Certificate
	save(t, s, l, store.Change{Domain: d, Order: &step, Pair: &p})
	if _, ok, err := s.Order(t.Context(), "a.example"); ok || err != nil {
		t.Errorf("a done order is open: %v, %v", ok, err)
	}
	raw(t, dir, `UPDATE orders SET polls = 1 WHERE id = 'o1' AND NOT open AND key IS NULL AND state = 'done'`)
	step.State = record.OrderFinalizing
	if err := s.Save(t.Context(), l, store.Change{Domain: d, Order: &step}); err == nil {
		t.Error("a done order was opened again")
	}

	next := intent("a.example", "o2")
	save(t, s, l, store.Change{Domain: d, Order: &next})
	if err := s.Prune(t.Context(), noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got, ok, err := s.Order(t.Context(), "a.example"); err != nil || !ok || got.ID != "o2" {
		t.Errorf("pruning took the open order: %v, %v, %v", got.ID, ok, err)
	}
}

// TestOneOpenOrder: a row has at most one order in flight, the last one saved;
// a domain that says it has none closes it.
func TestOneOpenOrder(t *testing.T) {
	t.Parallel()
	s := open(t, store.Memory)
	admitNames(t, s, "a.example")
	l := claimOne(t, s)
	d := l.Domain
	for i := range 3 {
		o := intent("a.example", fmt.Sprint("o", i))
		save(t, s, l, store.Change{Domain: d, Order: &o})
		d.Order = &o
		if got := domains(t, s)["a.example"].Order; got == nil || got.ID != o.ID {
			t.Errorf("in flight is %+v, want %s", got, o.ID)
		}
	}
	d.Order = nil
	release(t, s, l, d)
	if got := domains(t, s)["a.example"].Order; got != nil {
		t.Errorf("in flight is %+v, want none", got)
	}
}

func TestOneIntentPerNames(t *testing.T) {
	t.Parallel()
	s := open(t, store.Memory)
	admitNames(t, s, "a.example", "b.example")
	leases := claim(t, s, noon)
	o := intent("a.example", "o1")
	o.Names = []string{"b.example", "a.example"}
	save(t, s, leases[0], store.Change{Domain: leases[0].Domain, Order: &o})
	same := intent("b.example", "o2")
	same.Names = []string{"a.example", "b.example"}
	if err := s.Save(t.Context(), leases[1], store.Change{Domain: leases[1].Domain, Order: &same}); !errors.Is(err, store.ErrOpenIntent) {
		t.Errorf("a second intent for the same names: %v", err)
	}
	same.Directory = "https://other.test/dir"
	save(t, s, leases[1], store.Change{Domain: leases[1].Domain, Order: &same})
	wrong := intent("a.example", "o3")
	if err := s.Save(t.Context(), leases[1], store.Change{Domain: leases[1].Domain, Order: &wrong}); err == nil {
		t.Error("an order of another row was saved")
	}
}
