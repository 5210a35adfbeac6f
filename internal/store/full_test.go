//go:build unix

package store_test

import (
	"context"
	"fmt"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

// fillTheDisk saves pairs until the database may not grow any more, and says
// which one was the last that was kept.
func fillTheDisk(ctx context.Context, s *store.Store) error {
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	leases, err := s.Claim(ctx, "filler", noon, 1, long)
	if err != nil {
		return err
	}
	d, last := leases[0].Domain, ""
	for {
		p, err := newPair(leases[0].Key)
		if err != nil {
			return err
		}
		d.Certificate = &p.Certificate
		d.Problem = &record.Problem{Detail: strings.Repeat("large ", 20000)}
		if err := s.Save(ctx, leases[0], store.Change{Domain: d, Pair: &p}); err != nil {
			fmt.Println(last)
			fmt.Println(err)
			return nil
		}
		last = p.SHA256
	}
}

// TestDiskFull: a write that does not fit fails, says so, and leaves the pair
// that was there.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	url := urlIn(private(t))
	s := open(t, url)
	admitNames(t, s, "a.example")
	// A reader's open transaction keeps the log from starting over, as a
	// backup in progress would.
	release := hinder(t, url)
	defer release()
	p := start(t, "fill the disk", url)
	last, problem := p.line(t), p.line(t)
	if last == "" || !strings.Contains(problem, "saving a.example") {
		t.Fatalf("last kept %q, then: %s", last, problem)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("after the failure: %v", err)
	}
	d := domains(t, s)["a.example"]
	if d.Certificate == nil || d.Certificate.SHA256 != last {
		t.Errorf("the row names %+v, want %s", d.Certificate, last)
	}
	if _, err := s.Pair(t.Context(), last); err != nil {
		t.Errorf("the pair that was kept last: %v", err)
	}
}
