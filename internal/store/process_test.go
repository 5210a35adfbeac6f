//go:build unix

package store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

// TestKilledHolder: leases of a process that is gone end at once.
func TestKilledHolder(t *testing.T) {
	t.Parallel()
	url := urlIn(private(t))
	s := open(t, url)
	admitNames(t, s, "a.example", "b.example")
	p := start(t, "hold", url)
	if got := p.line(t); got != "claimed 2" {
		t.Fatal(got)
	}
	if got := claim(t, s, noon); len(got) != 0 {
		t.Fatalf("took %d leases of a live process", len(got))
	}
	if n, err := s.Busy(t.Context(), noon); n != 2 || err != nil {
		t.Errorf("busy: %d, %v", n, err)
	}
	p.kill()
	if n, err := s.Busy(t.Context(), noon); n != 0 || err != nil {
		t.Errorf("busy after the kill: %d, %v", n, err)
	}
	if got := claim(t, s, noon); len(got) != 2 {
		t.Errorf("took %d leases of a dead process, want 2", len(got))
	}
}

// TestStoppedHolder: a process that is stopped keeps its lease until it ends
// by the database's clock; when it goes on, it finds that out.
func TestStoppedHolder(t *testing.T) {
	t.Parallel()
	url := urlIn(private(t))
	s := open(t, url)
	admitNames(t, s, "a.example")
	p := start(t, "hold briefly", url)
	if got := p.line(t); got != "claimed 1" {
		t.Fatal(got)
	}
	if err := p.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var mine []store.Lease
	eventually(t.Context(), t, "the end of the stopped process's lease", func() bool {
		mine = claim(t, s, noon)
		return len(mine) == 1
	})
	d := mine[0].Domain
	d.State = record.CertIssued
	save(t, s, mine[0], store.Change{Domain: d})
	if err := p.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(p.in, "save\n"); err != nil {
		t.Fatal(err)
	}
	if got := p.line(t); got != "lost: true" {
		t.Errorf("the process that went on: %s", got)
	}
	if got := domains(t, s)["a.example"].State; got != record.CertIssued {
		t.Errorf("it wrote %s", got)
	}
}

// work does everything that is due, once, and leaves a trace of each.
func work(ctx context.Context, s *store.Store) error {
	for {
		leases, err := s.Claim(ctx, "worker", noon, 3, long)
		if err != nil || len(leases) == 0 {
			return err
		}
		for _, l := range leases {
			d := l.Domain
			d.Due = time.Time{}
			trace := store.Change{Domain: d, Requests: []store.Request{{At: noon, Kind: "newOrder", Key: l.Key}}}
			if err := s.Save(ctx, l, trace); err != nil {
				return err
			}
			if err := s.Release(ctx, l, d); err != nil {
				return err
			}
		}
	}
}

// TestTwoProcesses: beside each other, each row is worked on once.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	url := urlIn(private(t))
	s := open(t, url)
	var keys []string
	for i := range 120 {
		keys = append(keys, fmt.Sprintf("d%03d.example", i))
	}
	admitNames(t, s, keys...)
	others := []*process{start(t, "work", url), start(t, "work", url)}
	if err := work(t.Context(), s); err != nil {
		t.Error(err)
	}
	for _, p := range others {
		for p.out.Scan() {
			t.Error(p.out.Text())
		}
		if err := p.Wait(); err != nil {
			t.Error(err)
		}
	}
	log, err := s.Requests(t.Context(), noon)
	if err != nil {
		t.Fatal(err)
	}
	var did []string
	for _, r := range log {
		did = append(did, r.Key)
	}
	if diff := cmp.Diff(keys, did); diff != "" {
		t.Errorf("worked on (-once each +in truth):\n%s", diff)
	}
}

// write issues certificates as fast as it can until it is killed, each with
// its order, in the steps that a pass takes.
func write(ctx context.Context, s *store.Store) error {
	for n := 0; ; n++ {
		leases, err := s.Claim(ctx, "writer", noon, 1, long)
		if err != nil || len(leases) == 0 {
			return errors.Join(err, errors.New("nothing to claim"))
		}
		l, d := leases[0], leases[0].Domain
		o := intent(l.Key, fmt.Sprintf("o-%d-%d", os.Getpid(), n))
		if err := s.Save(ctx, l, store.Change{Domain: d, Order: &o}); err != nil {
			return err
		}
		p, err := newPair(l.Key)
		if err != nil {
			return err
		}
		o.State, d.Order = record.OrderDone, nil
		d.Certificate, d.State = &p.Certificate, record.CertIssued
		d.HandledRekey = p.SHA256 // what the row says must fit what the pair is
		if err := s.Save(ctx, l, store.Change{Domain: d, Order: &o, Pair: &p}); err != nil {
			return err
		}
		d.Due = noon
		if err := s.Release(ctx, l, d); err != nil {
			return err
		}
		fmt.Println("issued")
	}
}

// TestKilledWriter: whatever instruction a kill -9 hits, what is found
// afterwards is whole.
func TestKilledWriter(t *testing.T) {
	t.Parallel()
	dir := private(t)
	url := urlIn(dir)
	s := open(t, url)
	admitNames(t, s, "a.example", "b.example", "c.example")
	for round := range 8 {
		p := start(t, "write", url)
		for range round + 1 {
			if got := p.line(t); got != "issued" {
				t.Fatal(got)
			}
		}
		p.kill()
		for key, d := range domains(t, s) {
			checkWhole(t, s, d)
			if t.Failed() {
				t.Fatalf("%s is torn after kill %d: %+v", key, round, d)
			}
		}
	}
	raw(t, dir, `UPDATE domains SET epoch = epoch WHERE (SELECT integrity_check FROM pragma_integrity_check) = 'ok'`)
	if got := claim(t, s, noon); len(got) != 3 {
		t.Errorf("%d of 3 rows can be worked on", len(got))
	}
}

// TestReadOnlyAfterACrash: what a killed writer left in its log is seen, and
// left to it.
func TestReadOnlyAfterACrash(t *testing.T) {
	t.Parallel()
	dir := private(t)
	url := urlIn(dir)
	s := open(t, url)
	admitNames(t, s, "a.example")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	p := start(t, "write", url)
	p.line(t)
	p.kill()
	before := snapshot(t, dir)
	if _, ok := before["acmsync.db-wal"]; !ok {
		t.Fatal("the killed writer left no log: this test proves nothing")
	}
	r := openReadOnly(t, url)
	if d := domains(t, r)["a.example"]; d.State != record.CertIssued {
		t.Errorf("the row is %s", d.State)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
		t.Errorf("reading after a crash changed files:\n%s", diff)
	}
}

func checkWhole(t *testing.T, s *store.Store, d record.Domain) {
	t.Helper()
	if d.Certificate == nil {
		if d.State != record.Waiting {
			t.Errorf("state %s without a certificate", d.State)
		}
		return
	}
	p, err := s.Pair(t.Context(), d.Certificate.SHA256)
	if err != nil || len(p.Key) == 0 || d.HandledRekey != p.SHA256 {
		t.Errorf("the pair does not fit the row: %v", err)
	}
}

// TestSalvageBesideAnIdleProcess: it would go on with the database that was
// moved away.
func TestSalvageBesideAnIdleProcess(t *testing.T) {
	t.Parallel()
	dir, _ := fullStore(t)
	p := start(t, "idle", urlIn(dir))
	if got := p.line(t); got != "open" {
		t.Fatal(got)
	}
	if _, err := store.Salvage(t.Context(), urlIn(dir), noon); !errors.Is(err, store.ErrBusy) {
		t.Errorf("got %v", err)
	}
	p.kill()
	salvage(t, dir)
}
