package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

func TestBooks(t *testing.T) {
	t.Parallel()
	s := open(t, store.Memory)
	admitNames(t, s, "a.example")
	l := claimOne(t, s)
	b := record.Bucket{Directory: "https://ca.test/dir", Account: "1", Limit: "orders", Key: ""}
	c := record.Bucket{Directory: "https://ca.test/dir", Account: "1", Limit: "names", Key: "a.example"}
	at := func(d time.Duration) time.Time { return noon.Add(d) }
	requests := []store.Request{{noon, "https://ca.test/dir", "newOrder", "a.example"}, {at(time.Second), "https://ca.test/dir", "finalize", "a.example"}}
	seen, err := s.Ledger(t.Context())
	if err != nil || len(seen) != 0 {
		t.Fatalf("%v, %v", seen, err)
	}
	save(t, s, l, store.Change{
		Domain: l.Domain, Requests: requests, Seen: seen,
		Spent: record.Ledger{b: at(time.Hour), c: at(time.Minute)},
	})
	// Who computed from an older reading must compute again, and one who does
	// not say what he read never makes a bucket fuller.
	late := store.Change{Domain: l.Domain, Seen: seen, Spent: record.Ledger{b: at(2 * time.Hour)}}
	if err := s.Save(t.Context(), l, late); !errors.Is(err, store.ErrLedgerMoved) {
		t.Errorf("a debit lost another: %v", err)
	}
	save(t, s, l, store.Change{Domain: l.Domain, Spent: record.Ledger{b: at(time.Second), c: at(time.Hour)}})
	got, err := s.Ledger(t.Context())
	if diff := cmp.Diff(record.Ledger{b: at(time.Hour), c: at(time.Hour)}, got); diff != "" || err != nil {
		t.Errorf("ledger (-want +got), %v:\n%s", err, diff)
	}
	// Who says what he read may give back what was spent in vain.
	save(t, s, l, store.Change{Domain: l.Domain, Seen: got, Spent: record.Ledger{b: at(time.Minute)}})
	got, err = s.Ledger(t.Context())
	if diff := cmp.Diff(record.Ledger{b: at(time.Minute), c: at(time.Hour)}, got); diff != "" || err != nil {
		t.Errorf("ledger after a refund (-want +got), %v:\n%s", err, diff)
	}

	log, err := s.Requests(t.Context(), at(time.Second))
	if diff := cmp.Diff(requests[1:], log); diff != "" || err != nil {
		t.Errorf("requests (-want +got), %v:\n%s", err, diff)
	}
	if err := s.Prune(t.Context(), at(time.Second)); err != nil {
		t.Fatal(err)
	}
	log, err = s.Requests(t.Context(), time.Time{})
	if diff := cmp.Diff(requests[1:], log); diff != "" || err != nil {
		t.Errorf("requests after pruning (-want +got), %v:\n%s", err, diff)
	}
	if err := s.Prune(t.Context(), at(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Ledger(t.Context()); len(got) != 0 || err != nil {
		t.Errorf("full buckets stayed: %v, %v", got, err)
	}
}
