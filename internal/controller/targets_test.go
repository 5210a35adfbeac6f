package controller_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/deploy"
	"github.com/acmsync/acmsync/internal/failure"
)

// into names further deploy targets, a folder of the lab each.
func into(w *world, names ...string) func(*controller.Config) {
	return func(c *controller.Config) {
		for _, name := range names {
			c.Targets = append(c.Targets, deploy.NewFiles(deploy.FilesConfig{Name: name, Dir: filepath.Join(w.Dir, name)}))
			c.Policy.Targets = append(c.Policy.Targets, name)
		}
	}
}

// TestTakingAFailingTargetOutOfTheSettings: whoever gave a host up is not told
// for ever that it cannot be reached, and a host that comes later gets all.
func TestTakingAFailingTargetOutOfTheSettings(t *testing.T) {
	t.Parallel()
	w := begin(t)
	if err := os.WriteFile(filepath.Join(w.Dir, "spare"), []byte("in the way"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.replace(into(w, "spare"))
	names := []string{"www.shop.example", "api.shop.example"}
	w.shop(names...)
	w.pass()
	for _, name := range names {
		if e := w.entry("shop", name); e.Reason != string(failure.DeployFailed) || e.Ready || e.Checks.Deployed != "fail" {
			t.Fatalf("before: %+v", e)
		}
	}

	w.replace(func(c *controller.Config) { c.SettingsHash += " fewer" })
	w.pass()
	w.wantIssued(names...)
	for _, name := range names {
		if e := w.entry("shop", name); e.Reason != "" || e.Renewal != nil || !e.Ready || e.Checks.Deployed != "pass" {
			t.Errorf("after: %+v", e)
		}
	}
	if a, err := w.Attention(t.Context()); err != nil || a != (controller.Attention{}) {
		t.Errorf("attention %+v, %v", a, err)
	}

	w.replace(into(w, "late"), func(c *controller.Config) { c.SettingsHash += " more" })
	w.pass()
	w.wantIssued(names...)
	for _, name := range names {
		serial, err := deployed(filepath.Join(w.Dir, "late"), name)
		if want := w.domain(name).Certificate.Serial; err != nil || serial != want {
			t.Errorf("the target that came later has %q of %s, %v; want %s", serial, name, err, want)
		}
	}
}
