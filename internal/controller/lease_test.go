package controller_test

import (
	"database/sql"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/store"
)

// brief is a lease that a test can outlast, and a busy machine can still extend.
const brief = 3 * time.Second

func briefly(c *controller.Config) { c.Lease = brief }

// sql is the store's database, for what only time or a bug would do to it.
func (w *world) sql(statement string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", strings.TrimPrefix(w.plan.StoreURL, "sqlite://")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		w.t.Error(err)
		return
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(w.t.Context(), statement); err != nil {
		w.t.Error(err)
	}
}

// TestOrderKeepsItsLease: nobody else gets a row while its order goes on, however
// much longer than the lease that takes.
func TestOrderKeepsItsLease(t *testing.T) {
	t.Parallel()
	w := begin(t, briefly)
	others := w.others()
	var once sync.Once
	w.CA.Before(ca.NewOrder, func() {
		once.Do(func() {
			over := time.After(brief + time.Second) // the client gives up after 5 s
			for {
				select {
				case <-over:
					return
				case <-time.After(20 * time.Millisecond):
				}
				if got, err := others.Claim(t.Context(), "other", w.clock.now(), 1, time.Hour); err != nil || len(got) > 0 {
					t.Errorf("another got %d rows, %v", len(got), err)
					return
				}
			}
		})
	})
	w.shop("www.shop.example")
	w.pass()
	w.wantIssued("www.shop.example")
}

// cutOff runs a pass whose lease is struck while the CA is busy with a request,
// and checks that it ends before that is answered and asks nothing more.
func (w *world) cutOff(strike func()) controller.Result {
	w.t.Helper()
	var once sync.Once
	over := make(chan struct{})
	w.CA.Before(ca.Authz, func() {
		once.Do(func() {
			strike()
			select {
			case <-over:
			case <-time.After(4 * time.Second): // the client itself gives up after 5
				w.t.Error("the work goes on without the lease")
			}
		})
	})
	w.shop("www.shop.example")
	r := w.Pass(w.t.Context())
	close(over)
	once.Do(func() {}) // waits for the strike to end
	if n := w.CA.Count(ca.Challenge, ca.Finalize); n > 0 {
		w.t.Errorf("%d requests after the lease was lost", n)
	}
	return r
}

// TestLostLeaseEndsTheWork: when another has the row, as after a machine's long
// sleep, the request under way is cut off when the lease is next extended.
func TestLostLeaseEndsTheWork(t *testing.T) {
	t.Parallel()
	w := begin(t, func(c *controller.Config) { c.Lease = 9 * time.Second }) // extended every 1.5 s
	others := w.others()
	var taken []store.Lease
	r := w.cutOff(func() {
		w.sql(`UPDATE domains SET lease_until = 0`)
		var err error
		if taken, err = others.Claim(t.Context(), "other", w.clock.now(), 1, time.Hour); err != nil || len(taken) != 1 {
			t.Errorf("the other got %d rows, %v", len(taken), err)
		}
	})
	if r.Failure != nil || !r.Unfinished {
		t.Errorf("ended with %+v", r)
	}
	for _, l := range taken {
		if err := others.Release(t.Context(), l, l.Domain); err != nil {
			t.Error(err)
		}
	}
	w.pass()
	w.wantIssued("www.shop.example")
	if n := w.CA.Count(ca.NewOrder); n != 1 {
		t.Errorf("%d orders", n)
	}
}

// TestLeaseThatCannotBeExtendedEndsTheWork: it may be another's soon.
func TestLeaseThatCannotBeExtendedEndsTheWork(t *testing.T) {
	t.Parallel()
	w := begin(t, briefly)
	r := w.cutOff(func() {
		w.sql(`CREATE TRIGGER broken BEFORE UPDATE OF lease_until ON domains BEGIN SELECT RAISE(ABORT, 'disk on fire'); END`)
	})
	if r.Failure == nil || !strings.Contains(r.Failure.Error(), "disk on fire") {
		t.Errorf("ended with %+v", r)
	}
	w.sql(`DROP TRIGGER broken`)
	eventually(t, "the end of the lease", func() bool { return w.pass().Stepped > 0 })
	w.wantIssued("www.shop.example")
}

// TestRowThatIsAlwaysDue does not keep the pass from ending.
func TestRowThatIsAlwaysDue(t *testing.T) {
	t.Parallel()
	var w *world
	w = begin(t, func(c *controller.Config) {
		c.Progress = func(controller.Event) { w.sql(`UPDATE domains SET generation = generation + 1`) } // so that it is due again
	})
	w.shop("www.shop.example")
	ended := make(chan controller.Result, 1)
	go func() { ended <- w.Pass(t.Context()) }()
	select {
	case r := <-ended:
		if r.Failure != nil || r.Stepped < 2 || r.Stepped > 10 {
			t.Errorf("ended with %+v", r)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the pass does not end")
	}
	if wait := w.domain("www.shop.example").Due.Sub(w.clock.now()); wait <= 0 {
		t.Errorf("the row is due %s ago", -wait)
	}
}
