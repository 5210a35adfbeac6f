package store_test

import (
	"errors"
	"fmt"
	"sync"
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
	// set makes an entry and checks what the books said before it.
	set := func(before, changed record.Ledger, err error) store.Change {
		return store.Change{Domain: l.Domain, Entry: &store.Entry{
			Buckets: []record.Bucket{b, c},
			Book: func(books record.Ledger) (record.Ledger, error) {
				if diff := cmp.Diff(before, books); diff != "" {
					t.Errorf("the books (-want +got):\n%s", diff)
				}
				return changed, err
			},
		}}
	}
	first := set(record.Ledger{}, record.Ledger{b: at(time.Hour), c: at(time.Minute)}, nil)
	first.Requests = requests
	save(t, s, l, first)
	save(t, s, l, set(record.Ledger{b: at(time.Hour), c: at(time.Minute)}, record.Ledger{b: at(time.Minute)}, nil))
	refused := set(record.Ledger{b: at(time.Minute), c: at(time.Minute)}, nil, errors.ErrUnsupported)
	refused.Requests = requests
	if err := s.Save(t.Context(), l, refused); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a change with a refused entry: %v", err)
	}
	got, err := s.Ledger(t.Context(), b)
	if diff := cmp.Diff(record.Ledger{b: at(time.Minute)}, got); diff != "" || err != nil {
		t.Errorf("one bucket (-want +got), %v:\n%s", err, diff)
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
	if got, err := s.Ledger(t.Context(), b, c); len(got) != 0 || err != nil {
		t.Errorf("full buckets stayed: %v, %v", got, err)
	}
}

// TestEntriesAtOnceAddUp: each of many entries made at the same time, by two
// programs, sees all that were made before it.
func TestEntriesAtOnceAddUp(t *testing.T) {
	t.Parallel()
	url := urlIn(private(t))
	stores := []*store.Store{open(t, url), open(t, url)}
	const n = 24
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("d%02d.example", i))
	}
	admitNames(t, stores[0], names...)
	b := record.Bucket{Directory: "https://ca.test/dir", Limit: "orders"}
	entry := &store.Entry{Buckets: []record.Bucket{b}, Book: func(books record.Ledger) (record.Ledger, error) {
		full := books[b]
		if full.IsZero() {
			full = noon
		}
		return record.Ledger{b: full.Add(time.Minute)}, nil
	}}
	var group sync.WaitGroup
	for i := range n {
		s := stores[i%2]
		leases, err := s.Claim(t.Context(), "test", noon, 1, long)
		if err != nil || len(leases) != 1 {
			t.Fatal(len(leases), err)
		}
		group.Go(func() {
			if err := s.Save(t.Context(), leases[0], store.Change{Domain: leases[0].Domain, Entry: entry}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	got, err := stores[0].Ledger(t.Context(), b)
	if want := noon.Add(n * time.Minute); err != nil || !got[b].Equal(want) {
		t.Errorf("the bucket is full at %s, want %s: %v", got[b], want, err)
	}
}
