package store_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/store"
)

func TestBusy(t *testing.T) {
	t.Parallel()
	url := urlIn(private(t))
	s, other := open(t, url), open(t, url)
	busy := func(s *store.Store) int {
		t.Helper()
		n, err := s.Busy(t.Context(), noon)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	admitNames(t, s, "a.example", "b.example", "free.example")
	if _, err := s.Claim(t.Context(), "sync", noon, 2, long); err != nil {
		t.Fatal(err)
	}
	if mine, theirs := busy(s), busy(other); mine != 0 || theirs != 2 {
		t.Errorf("busy: %d for the holder, %d for the other; want 0 and 2", mine, theirs)
	}
	if next, err := other.NextDue(t.Context()); err != nil || !next.Equal(noon) {
		t.Errorf("the free row is not next: %v, %v", next, err)
	}
	// A holder that closes its store lets go at once.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := busy(other); n != 0 {
		t.Errorf("%d rows are busy, and nobody is there", n)
	}
	if got := claim(t, other, noon); len(got) != 3 {
		t.Errorf("claimed %d rows of 3", len(got))
	}
}

// TestDatabaseLocked: another process's endless transaction gives an error, in
// less time than a stopping program is given.
func TestDatabaseLocked(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits as long as the store waits for another process, 5 s")
	}
	dir := private(t)
	s := open(t, urlIn(dir))
	admitNames(t, s, "a.example")
	l := claimOne(t, s)
	unlock := locked(t, dir)
	if err := s.Save(t.Context(), l, store.Change{Domain: l.Domain}); !errors.Is(err, store.ErrBusy) {
		t.Errorf("%v, want ErrBusy", err)
	}
	unlock()
	release(t, s, l, l.Domain)
}

// TestGivenUpWhileLocked: who is told to end does not wait for another process's
// endless transaction as long as who is not.
func TestGivenUpWhileLocked(t *testing.T) {
	t.Parallel()
	dir := private(t)
	s := open(t, urlIn(dir))
	admitNames(t, s, "a.example", "b.example")
	leases := claim(t, s, noon)
	unlock := locked(t, dir)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	var group sync.WaitGroup
	for _, l := range leases {
		group.Go(func() {
			if err := s.Save(ctx, l, store.Change{Domain: l.Domain}); ctx.Err() == nil || errors.Is(err, store.ErrBusy) || err == nil {
				t.Errorf("saving %s: %v", l.Key, err)
			}
		})
	}
	group.Wait()
	unlock()
	for _, l := range leases {
		release(t, s, l, l.Domain)
	}
}

// locked has another connection begin to write, and not end it.
func locked(t *testing.T, dir string) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "acmsync.db")+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := errors.Join(tx.Rollback(), db.Close()); err != nil {
			t.Error(err)
		}
	}
}
