package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

// TestSavesAtOnceStandAlone: changes that share a transaction succeed and fail
// each for itself, and a failed one leaves nothing behind.
func TestSavesAtOnceStandAlone(t *testing.T) {
	t.Parallel()
	s := open(t, urlIn(private(t)))
	const n = 60
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("d%02d.example", i))
	}
	admitNames(t, s, names...)
	leases, err := s.Claim(t.Context(), "test", noon, n, long)
	if err != nil || len(leases) != n {
		t.Fatal(len(leases), err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	var group sync.WaitGroup
	for i, l := range leases {
		group.Go(func() {
			ctx, want := t.Context(), error(nil)
			change := store.Change{Domain: l.Domain, Requests: []store.Request{{At: noon, Kind: "newOrder", Key: l.Key}}}
			change.Domain.State = record.InProgress
			switch i % 4 {
			case 1:
				l.Epoch++
				want = store.ErrLeaseLost
			case 2: // fails after the request was logged
				change.Domain.Certificate = &record.Certificate{SHA256: "none"}
				want = store.ErrPairLost
			case 3:
				ctx, want = ended, context.Canceled
			}
			// One who gives up may be too late to.
			if err := s.Save(ctx, l, change); !errors.Is(err, want) && (i%4 != 3 || err != nil) {
				t.Errorf("saving %s: %v, want %v", l.Key, err, want)
			}
		})
	}
	group.Wait()
	logged := make(map[string]int)
	requests, err := s.Requests(t.Context(), noon.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range requests {
		logged[r.Key]++
	}
	rows := domains(t, s)
	for i, name := range names {
		d := rows[name]
		written := d.State == record.InProgress
		if written != (logged[d.Key] == 1) || logged[d.Key] > 1 {
			t.Errorf("%s is %s with %d requests: half of a change", d.Key, d.State, logged[d.Key])
		}
		if want := i%4 == 0; i%4 != 3 && written != want {
			t.Errorf("%s written: %v, want %v", d.Key, written, want)
		}
	}
}
