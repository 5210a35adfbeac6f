package controller_test

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// copyStore copies the store's files, which nobody writes to just now.
func (w *world) copyStore() (dir string) {
	w.t.Helper()
	dir = privateDir(w.t)
	from := strings.TrimPrefix(w.plan.StoreURL, "sqlite://")
	for _, suffix := range []string{"", "-wal"} {
		raw, err := os.ReadFile(from + suffix)
		if err != nil && suffix == "" {
			w.t.Fatal(err)
		}
		if err == nil {
			if err := os.WriteFile(filepath.Join(dir, "acmsync.db"+suffix), raw, 0o600); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	return dir
}

// restart is the program started anew on the store in dir.
func (w *world) restart(dir string, change ...any) {
	w.t.Helper()
	w.plan.StoreURL = "sqlite://" + filepath.Join(dir, "acmsync.db")
	w.rig = w.another(change...)
}

// wantKept checks that the row, with its key, is what a folder holds.
func (w *world) wantKept(name, serial, dir string) {
	w.t.Helper()
	d := w.domain(name)
	if d.Certificate == nil || d.Certificate.Serial != serial || d.State != record.CertIssued || len(d.Findings) > 0 {
		w.t.Fatalf("%s is %s with %+v, %v; want %s", name, d.State, d.Certificate, d.Findings, serial)
	}
	pair, err := w.config.Store.Pair(w.t.Context(), d.Certificate.SHA256)
	if err != nil {
		w.t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(dir, name, "privkey.pem"))
	if err != nil || string(key) != string(pair.Key) {
		w.t.Errorf("the store's key of %s is not the deployed one: %v", name, err)
	}
	if got, err := deployed(dir, name); err != nil || got != serial {
		w.t.Errorf("%s holds %s, %v; want %s", dir, got, err, serial)
	}
}

func (w *world) wantNoOrder() {
	w.t.Helper()
	if n := w.CA.Count(ca.NewOrder); n != 0 {
		w.t.Errorf("%d orders, want none", n)
	}
}

// renewed is a world whose one certificate was renewed after the store was
// copied to backup.
func renewed(t *testing.T, change ...any) (w *world, old, young record.Certificate, backup string) {
	t.Helper()
	const name = "www.shop.example"
	offer, first := profiles(24 * time.Hour)
	w = begin(t, append([]any{offer, first}, change...)...)
	w.shop(name)
	w.pass()
	old, backup = *w.domain(name).Certificate, w.copyStore()
	w.plan.Profile = "next"
	w.rig = w.another(change...)
	w.forward(w.renewal(name).Sub(w.clock.now()) + time.Second)
	w.pass()
	young = *w.domain(name).Certificate
	if young.Serial == old.Serial {
		t.Fatal("nothing was renewed")
	}
	w.CA.Forget()
	return w, old, young, backup
}

// TestRestoredBackupAdoptsWhatIsDeployed: by the old copy the renewal is due,
// and the deployed pair says that it was done.
func TestRestoredBackupAdoptsWhatIsDeployed(t *testing.T) {
	t.Parallel()
	w, _, young, backup := renewed(t)
	w.restart(backup)
	w.wantPlan(reconcile.Adopt)
	w.pass()
	w.wantKept("www.shop.example", young.Serial, w.LiveDir())
	w.wantServed("www.shop.example", young.Serial)
	w.wantNoOrder()
	if c := w.domain("www.shop.example").Certificate; c.Directory != w.plan.Directory || c.Account != young.Account {
		t.Errorf("issued by %s for %s", c.Directory, c.Account)
	}
	w.pass()
	w.wantPlan()
	w.wantNoOrder()
}

// TestRestoredBackupServesTheOtherTargets: one target has the newer pair, the
// other was off while it was renewed.
func TestRestoredBackupServesTheOtherTargets(t *testing.T) {
	t.Parallel()
	w, _, young, backup := renewed(t)
	w.restart(backup, into(w, "second"))
	w.pass()
	w.wantKept("www.shop.example", young.Serial, w.LiveDir())
	w.wantKept("www.shop.example", young.Serial, filepath.Join(w.Dir, "second"))
	w.wantNoOrder()
}

// TestLostStoreAdoptsWhatIsDeployed: issuing everything anew would exceed what
// the CA allows.
func TestLostStoreAdoptsWhatIsDeployed(t *testing.T) {
	t.Parallel()
	names := []string{"www.shop.example", "api.shop.example", "shop.example"}
	w := begin(t)
	w.shop(names...)
	w.pass()
	serials := map[string]string{}
	for _, name := range names {
		serials[name] = w.domain(name).Certificate.Serial
	}
	w.CA.Forget()
	w.restart(privateDir(t))
	w.wantPlan(reconcile.Adopt, reconcile.Adopt, reconcile.Adopt)
	w.pass()
	w.wantNoOrder()
	w.wantIssued(names...)
	for _, name := range names {
		w.wantKept(name, serials[name], w.LiveDir())
	}
}

// TestLostStoreRenewsWhatIsDue: what was adopted is renewed as it would have been.
func TestLostStoreRenewsWhatIsDue(t *testing.T) {
	t.Parallel()
	offer, first := profiles(24 * time.Hour)
	w := begin(t, offer, first)
	w.shop("www.shop.example")
	w.pass()
	old := *w.domain("www.shop.example").Certificate
	w.forward(w.renewal("www.shop.example").Sub(w.clock.now()) + time.Second)
	w.plan.Profile = "next"
	w.restart(privateDir(t))
	w.pass()
	w.wantRenewed("www.shop.example", old)
}

// TestLostStoreLeavesStrangersAlone: what is not wanted any more is neither
// taken over nor deleted.
func TestLostStoreLeavesStrangersAlone(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example", "old.shop.example")
	w.pass()
	serial := w.domain("old.shop.example").Certificate.Serial
	w.push(apps(app("shop", "www.shop.example")))
	var said bytes.Buffer // its handler writes one line at a time
	w.restart(privateDir(t), func(c *controller.Config) { c.Log = slog.New(slog.NewTextHandler(&said, nil)) })
	for range 3 {
		w.pass()
		w.forward(25 * time.Hour)
	}
	if got, err := deployed(w.LiveDir(), "old.shop.example"); err != nil || got != serial {
		t.Errorf("the folder has %q, %v", got, err)
	}
	if _, revoked := w.CA.Revoked(serial); revoked || w.knows("old.shop.example") {
		t.Error("a name that nobody wants was taken in, or revoked")
	}
	if text := said.String(); !strings.Contains(text, "old.shop.example") || !strings.Contains(text, "left alone") {
		t.Errorf("nothing is said of it: %s", text)
	}
}

// TestUnusablePairsAreNotAdopted: they are replaced by an order, as ever.
func TestUnusablePairsAreNotAdopted(t *testing.T) {
	t.Parallel()
	const name = "www.shop.example"
	for what, spoil := range map[string]func(live string) error{
		"another key": func(live string) error {
			return swapFile(live, name, "api.shop.example", "privkey.pem")
		},
		"no key":        func(live string) error { return os.Truncate(filepath.Join(live, name, "privkey.pem"), 0) },
		"half a chain":  func(live string) error { return os.Truncate(filepath.Join(live, name, "fullchain.pem"), 300) },
		"another's":     func(live string) error { return swapLink(live, name, "api.shop.example") },
		"nothing there": func(live string) error { return os.Remove(filepath.Join(live, name)) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := begin(t)
			w.shop(name, "api.shop.example")
			w.pass()
			old := *w.domain(name).Certificate
			if err := spoil(w.LiveDir()); err != nil {
				t.Fatal(err)
			}
			w.CA.Forget()
			w.restart(privateDir(t))
			w.forward(time.Minute)
			w.pass()
			if n := w.CA.Count(ca.NewOrder); n != 1 {
				t.Errorf("%d orders, want one for the spoilt pair", n)
			}
			if d := w.domain(name); d.Certificate == nil || d.Certificate.Serial == old.Serial {
				t.Fatalf("%s has %+v", name, d.Certificate)
			}
			w.wantServed(name, w.domain(name).Certificate.Serial)
		})
	}
}

// swapFile and swapLink give one name's folder what is another's.
func swapFile(live, name, other, file string) error {
	raw, err := os.ReadFile(filepath.Join(live, other, file))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(live, name, file), raw, fs.FileMode(0o600))
}

func swapLink(live, name, other string) error {
	to, err := os.Readlink(filepath.Join(live, other))
	if err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(live, name)); err != nil {
		return err
	}
	return os.Symlink(to, filepath.Join(live, name))
}

func privateDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}
