package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/lab/disk"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

// renewal is the life of a process that renews one certificate, as steps that
// can be repeated until they succeed.
type renewal struct {
	url   string
	fresh record.Pair

	s     *store.Store
	lease store.Lease
	d     record.Domain
	order record.Order
}

func (r *renewal) steps() []func(context.Context) error {
	return []func(context.Context) error{r.open, r.claim, r.intend, r.keep, r.release, r.admit, r.note, r.close}
}

func (r *renewal) open(ctx context.Context) (err error) {
	r.s, err = store.Open(ctx, r.url, store.Options{})
	return err
}

func (r *renewal) claim(ctx context.Context) error {
	leases, err := r.s.Claim(ctx, "renewal", noon, 1, long)
	if err == nil && len(leases) != 1 {
		return fmt.Errorf("claimed %d rows", len(leases))
	}
	if err == nil {
		r.lease, r.d = leases[0], leases[0].Domain
		r.order = intent(r.lease.Key, "renewal")
	}
	return err
}

func (r *renewal) intend(ctx context.Context) error {
	return r.s.Save(ctx, r.lease, store.Change{Domain: r.d, Order: &r.order})
}

func (r *renewal) keep(ctx context.Context) error {
	d, done := r.d, r.order
	done.State, d.Order = record.OrderDone, nil
	d.Certificate, d.State, d.HandledRekey = &r.fresh.Certificate, record.CertIssued, r.fresh.SHA256
	err := r.s.Save(ctx, r.lease, store.Change{Domain: d, Order: &done, Pair: &r.fresh})
	if err == nil {
		r.d = d
	}
	return err
}

func (r *renewal) release(ctx context.Context) error {
	r.d.Due = noon.Add(long)
	return r.s.Release(ctx, r.lease, r.d)
}

func (r *renewal) admit(ctx context.Context) error {
	m, err := r.s.Meta(ctx)
	if err != nil {
		return err
	}
	return r.s.Admit(ctx, store.Admission{Base: m.Admissions, Wants: []record.Want{want("b.example")}, Tip: "tip", Now: noon})
}

func (r *renewal) note(ctx context.Context) error {
	return r.s.SetMeta(ctx, store.Meta{StatusTip: "tip"})
}

func (r *renewal) close(context.Context) error { return r.s.Close() }

// diskCase is one change of a renewal, and how it fails.
type diskCase struct {
	n       int
	change  disk.Change
	fault   disk.Fault
	lasting bool
}

func (c diskCase) String() string {
	return fmt.Sprintf("%03d %s %s %s lasting=%v", c.n, c.change.Op, c.change.File, c.fault, c.lasting)
}

// TestDiskFaults lets every change that a renewal makes to the disk fail in
// every way. Each time: one error that names path and setting; the old pair
// can be read meanwhile; what a crash would leave at that moment is whole; and
// once the disk is mended the same process goes on to the new pair.
func TestDiskFaults(t *testing.T) {
	t.Parallel()
	template, old := issuedStore(t)
	cases := diskCases(t, template)
	if len(cases) < 200 {
		t.Errorf("%d cases only", len(cases))
	}
	for i, c := range cases {
		if i%sampled() != 0 {
			continue
		}
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			w := &diskWorld{t: t, dir: private(t), old: old}
			w.begin(template)
			w.d.Fail(c.n, c.fault, c.lasting)
			w.run()
			w.d.Heal()
			w.whole(w.dir, w.r.fresh.SHA256)
		})
	}
}

// sampled is which share of the cases is run: all of them by
// ACMSYNC_CHAOS=1, some 260 otherwise.
func sampled() int {
	switch {
	case os.Getenv("ACMSYNC_CHAOS") != "":
		return 1
	case testing.Short():
		return 16
	default:
		return 3
	}
}

// issuedStore is a folder with a closed store that holds one pair.
func issuedStore(t *testing.T) (dir string, p record.Pair) {
	t.Helper()
	dir = private(t)
	s, err := store.Open(t.Context(), urlIn(dir), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	admitNames(t, s, "a.example")
	l, p := claimOne(t, s), issue(t, "a.example")
	d := l.Domain
	d.Certificate, d.State, d.HandledRekey, d.Due = &p.Certificate, record.CertIssued, p.SHA256, noon
	save(t, s, l, store.Change{Domain: d, Pair: &p})
	release(t, s, l, d)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, p
}

// diskCases are the changes of a renewal on a healthy disk, times the faults.
func diskCases(t *testing.T, template string) (cases []diskCase) {
	t.Helper()
	w := &diskWorld{t: t, dir: private(t)}
	w.begin(template)
	w.run()
	for i, change := range w.d.Changes() {
		for _, fault := range disk.Faults {
			if fault.Hits(change.Op) {
				cases = append(cases, diskCase{i + 1, change, fault, false}, diskCase{i + 1, change, fault, true})
			}
		}
	}
	return cases
}

// diskWorld is one case under way.
type diskWorld struct {
	t   *testing.T
	dir string
	old record.Pair
	d   *disk.Disk
	r   *renewal
}

func (w *diskWorld) begin(template string) {
	w.t.Helper()
	copyFolder(w.t, template, w.dir)
	w.d = disk.Under(w.dir)
	w.t.Cleanup(w.d.Close)
	w.r = &renewal{url: urlIn(w.dir), fresh: issue(w.t, "a.example")}
}

// run takes the steps; one that fails is looked at and, on a mended disk,
// taken again.
func (w *diskWorld) run() {
	w.t.Helper()
	for i, step := range w.r.steps() {
		err := step(w.t.Context())
		if err == nil {
			continue
		}
		w.clear(err)
		w.crash()
		w.readable(i)
		w.d.Heal()
		if i == len(w.r.steps())-1 {
			return // Close frees everything, whatever it says
		}
		if err := step(w.t.Context()); err != nil {
			w.t.Fatalf("step %d on a mended disk: %v", i, err)
		}
	}
}

// clear: the error says which path, which setting, and says it once.
func (w *diskWorld) clear(err error) {
	w.t.Helper()
	var e *store.DiskError
	if !errors.As(err, &e) {
		w.t.Errorf("not a disk's error: %v", err)
		return
	}
	path := filepath.Join(w.dir, "acmsync.db")
	for _, part := range []string{path, "store.url"} {
		if n := strings.Count(err.Error(), part); n != 1 {
			w.t.Errorf("%q stands %d times in: %v", part, n, err)
		}
	}
}

// crash looks at what would be found had the process died just now.
func (w *diskWorld) crash() {
	w.t.Helper()
	left := private(w.t)
	copyFolder(w.t, w.dir, left)
	w.whole(left, w.old.SHA256, w.r.fresh.SHA256)
}

// readable: a disk that takes no writes still gives the old pair.
func (w *diskWorld) readable(step int) {
	w.t.Helper()
	if step == 0 || step == len(w.r.steps())-1 {
		return
	}
	list, bad, err := w.r.s.Domains(w.t.Context())
	if err != nil || len(bad) > 0 || len(list) == 0 || list[0].Certificate == nil {
		w.t.Errorf("reading on a broken disk: %v, %v, %v", list, bad, err)
		return
	}
	if _, err := w.r.s.Pair(w.t.Context(), list[0].Certificate.SHA256); err != nil {
		w.t.Error("the pair cannot be read on a broken disk:", err)
	}
}

// whole opens what lies in dir and looks for one of the pairs.
func (w *diskWorld) whole(dir string, pairs ...string) {
	w.t.Helper()
	s, err := store.Open(w.t.Context(), urlIn(dir), store.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	d := domains(w.t, s)["a.example"]
	checkWhole(w.t, s, d)
	if d.Certificate == nil || !strings.Contains(strings.Join(pairs, " "), d.Certificate.SHA256) {
		w.t.Errorf("the row has %v, want one of %s", d.Certificate, pairs)
	}
	if err := s.Close(); err != nil {
		w.t.Error(err)
	}
	raw(w.t, dir, `UPDATE domains SET epoch = epoch WHERE (SELECT integrity_check FROM pragma_integrity_check) = 'ok'`)
}

// copyFolder copies the database and its log, as a crash would leave them.
func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(to, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"acmsync.db", "acmsync.db-wal"} {
		content, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
