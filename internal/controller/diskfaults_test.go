package controller_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/disk"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

// diskNames are the domains of a pass on a broken disk: enough for workers to
// meet the fault side by side.
var diskNames = []string{"a.shop.example", "b.shop.example", "c.shop.example"}

// diskFault is one change of a pass, and how it fails.
type diskFault struct {
	// replacing: the pass replaces certificates that are in use, by new ones
	// with another key; else it issues the first.
	replacing bool
	n         int
	change    disk.Change
	fault     disk.Fault
	lasting   bool
}

func (f diskFault) String() string {
	kind := "first"
	if f.replacing {
		kind = "replacing"
	}
	return fmt.Sprintf("%s %03d %s %s %s lasting=%v", kind, f.n, f.change.Op, f.change.File, f.fault, f.lasting)
}

// TestAPassOnABrokenDisk lets every change that a whole pass makes to its
// database fail in every way. Each time: what was served is served on; no order
// is spent whose result could not be kept; all workers together report one
// error that names the file and the setting; and on the mended disk all ends
// with one certificate for each name and round.
func TestAPassOnABrokenDisk(t *testing.T) {
	t.Parallel()
	var cases []diskFault
	for _, replacing := range []bool{false, true} {
		cases = append(cases, diskFaults(t, replacing)...)
	}
	if len(cases) < 400 {
		t.Errorf("%d cases only", len(cases))
	}
	for i, f := range cases {
		if i%sampledFaults() != 0 {
			continue
		}
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			w := beginOnDisk(t, f.replacing)
			w.disk.Fail(f.n, f.fault, f.lasting)
			r := w.Pass(t.Context())
			refused := w.disk.Refused()
			w.disk.Heal()
			w.clear(r, refused > 0 && f.lasting)
			w.servedOn()
			w.nothingSpent()
			w.recovers()
		})
	}
}

// sampledFaults is which share of the cases is run: all of them by
// ACMSYNC_CHAOS=1, some 45 otherwise.
func sampledFaults() int {
	switch {
	case os.Getenv("ACMSYNC_CHAOS") != "":
		return 1
	case testing.Short():
		return 397
	default:
		return 127
	}
}

// diskFaults are the changes of a pass on a healthy disk, times the faults.
// Passes are not all the same, since workers share transactions.
func diskFaults(t *testing.T, replacing bool) (cases []diskFault) {
	t.Helper()
	w := beginOnDisk(t, replacing)
	w.disk.Heal()
	w.pass()
	for i, change := range w.disk.Changes() {
		for _, fault := range disk.Faults {
			if fault.Hits(change.Op) {
				cases = append(cases, diskFault{replacing, i + 1, change, fault, false}, diskFault{replacing, i + 1, change, fault, true})
			}
		}
	}
	return cases
}

// diskWorld is a world whose disk can fail, before a pass that has work to do.
type diskWorld struct {
	*world
	disk *disk.Disk
	// old are the certificates in use, by name.
	old map[string]record.Certificate
}

func beginOnDisk(t *testing.T, replacing bool) *diskWorld {
	t.Helper()
	w := &diskWorld{old: map[string]record.Certificate{}}
	w.world = begin(t, func(b *blueprint) {
		w.disk = disk.Under(filepath.Dir(strings.TrimPrefix(b.StoreURL, "sqlite://")))
	})
	t.Cleanup(w.disk.Close)
	w.shop(diskNames...)
	if replacing {
		w.pass()
		for _, name := range diskNames {
			w.old[name] = *w.domain(name).Certificate
		}
		w.restart()
		w.push("apiVersion: acmsync/v1\napps:\n  - {name: shop, rekey: again, domains: [" + strings.Join(diskNames, ", ") + "]}\n")
	}
	w.CA.Forget()
	return w
}

// restart is what a new process does with the same store.
func (w *diskWorld) restart() {
	w.t.Helper()
	if err := w.rig.Close(); err != nil {
		w.t.Error(err)
	}
	w.rig = w.another()
}

// clear: one error, which says which file, which setting, and both once.
func (w *diskWorld) clear(r controller.Result, must bool) {
	w.t.Helper()
	if r.Failure == nil {
		if must {
			w.t.Error("nobody is told of the disk")
		}
		return
	}
	var e *store.DiskError
	if !errors.As(r.Failure, &e) {
		w.t.Errorf("not a disk's error: %v", r.Failure)
		return
	}
	for _, part := range []string{e.Path, "store.url", e.Remedy} {
		if n := strings.Count(r.Failure.Error(), part); n != 1 {
			w.t.Errorf("%q stands %d times in: %v", part, n, r.Failure)
		}
	}
}

// servedOn: each edge still presents the pair that it did, or its successor.
func (w *diskWorld) servedOn() {
	w.t.Helper()
	for name, old := range w.old {
		serial, err := w.Handshake(name)
		known := slices.ContainsFunc(w.CA.CertificatesFor(name), func(c ca.Certificate) bool { return c.Serial == serial })
		if err != nil || serial != old.Serial && !known {
			w.t.Errorf("%s is served with %q, %v", name, serial, err)
		}
		if _, revoked := w.CA.Revoked(serial); revoked {
			w.t.Errorf("%s is served with a revoked certificate", name)
		}
	}
}

// nothingSpent: behind every order that the CA was asked for lies an intent
// with its key, or the certificate that came of it.
func (w *diskWorld) nothingSpent() {
	w.t.Helper()
	asked := map[string]int{}
	for _, r := range w.CA.Requests() {
		if r.Kind == ca.NewOrder && r.Status == http.StatusCreated {
			asked[r.Names[0]]++
		}
	}
	for name, n := range asked {
		o, open, err := w.config.Store.Order(w.t.Context(), name)
		switch d := w.domain(name); {
		case err != nil:
			w.t.Error(err)
		case n > 1:
			w.t.Errorf("%d orders for %s", n, name)
		case open && len(o.PrivateKey) > 0:
		case d.Certificate == nil || d.Certificate.Serial == w.old[name].Serial:
			w.t.Errorf("an order for %s is spent, and nothing is left of it: %+v", name, d)
		}
	}
}

// recovers: the next process, on the mended disk, goes on to the end.
func (w *diskWorld) recovers() {
	w.t.Helper()
	w.restart()
	w.forward(3 * time.Minute) // what failed is due again by then
	w.pass()
	for _, name := range diskNames {
		d, want := w.domain(name), 1+min(1, len(w.old))
		if n := len(w.CA.CertificatesFor(name)); n != want {
			w.t.Errorf("the CA issued %d certificates for %s, want %d", n, name, want)
		}
		if d.State != record.CertIssued || d.Certificate == nil || d.Certificate.Serial == w.old[name].Serial {
			w.t.Errorf("%s is %s with %v, findings %v", name, d.State, d.Certificate, d.Findings)
			continue
		}
		w.wantServed(name, d.Certificate.Serial)
		if e := w.entry("shop", name); e.Status != "Cert Issued" {
			w.t.Errorf("the status says of %s: %+v", name, e)
		}
	}
}
