package controller_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestLostFolderIsFilledAgain: the host of the TLS server was rebuilt, or
// somebody's hand slipped. No certificate is ordered for it.
func TestLostFolderIsFilledAgain(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(live string) error{
		"the whole folder": os.RemoveAll,
		"one name":         func(live string) error { return os.Remove(filepath.Join(live, "www.shop.example")) },
		"its key": func(live string) error {
			return os.Truncate(filepath.Join(live, "www.shop.example", "privkey.pem"), 10)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := begin(t)
			w.shop("www.shop.example")
			w.pass()
			serial := w.domain("www.shop.example").Certificate.Serial
			if err := lose(w.LiveDir()); err != nil {
				t.Fatal(err)
			}
			w.forward(25 * time.Hour) // to the daily look
			w.pass()
			w.wantServed("www.shop.example", serial)
			if e := w.entry("shop", "www.shop.example"); e.Status != "Cert Issued" || e.Checks.Deployed != "pass" {
				t.Errorf("%+v", e)
			}
			if n := len(w.CA.Certificates()); n != 1 {
				t.Errorf("%d certificates", n)
			}
		})
	}
}

// TestAnotherFolderIsFilled: files.dir was changed, the target's name was not.
func TestAnotherFolderIsFilled(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example")
	w.pass()
	dir := filepath.Join(t.TempDir(), "elsewhere")
	w.replace(func(b *blueprint) { b.LiveDir = dir })
	w.pass()
	if _, err := deployed(dir, "www.shop.example"); err != nil {
		t.Error(err)
	}
	if _, err := deployed(w.LiveDir(), "www.shop.example"); err != nil {
		t.Error("the old folder may still be in use:", err)
	}
}

// TestWrongClockHidesNothing: a removal that waits for the clock leaves the
// store known as one that has desired state.
func TestWrongClockHidesNothing(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example", "old.shop.example")
	w.pass()
	w.clock.add(time.Hour)
	w.push(apps(app("shop", "www.shop.example")))
	if r := w.Pass(t.Context()); r.Failure == nil {
		t.Fatal("the clock is wrong, and nobody minds")
	}
	view, err := w.View(t.Context())
	if err != nil || view.DesiredHash == "" || view.Revision == "" {
		t.Errorf("%v, desired %q at %q", err, view.DesiredHash, view.Revision)
	}
	w.clock.add(-time.Hour)
	w.pass()
	if d := w.domain("old.shop.example"); d.LeftAt.IsZero() {
		t.Errorf("the removal was forgotten: %+v", d.Want)
	}
}
