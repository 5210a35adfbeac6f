package controller_test

import (
	"errors"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/deploy"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
)

// TestWrongClock: with a clock 10 minutes off, nothing is issued, revoked or
// forgotten, and the difference is said; what does not depend on the time is
// done all the same.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	for name, off := range map[string]time.Duration{"ahead": 10 * time.Minute, "behind": -10 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := begin(t, func(b *blueprint) { b.RevokeAfter = 0 })
			w.shop("www.shop.example", "old.shop.example")
			w.pass()
			before := w.Git.Tip("acm-status")
			second := t.TempDir()
			w.Point("new.shop.example")
			w.push(apps(app("shop", "www.shop.example", "new.shop.example")))
			w.clock.add(off)
			w.replace(func(b *blueprint) { b.RevokeAfter = 0 }, also("second", second))
			w.CA.Forget()

			r := w.Pass(t.Context())

			var wrong *controller.ClockError
			if !errors.As(r.Failure, &wrong) || (wrong.Skew-off).Abs() > 5*time.Second {
				t.Errorf("failure %v, want a ClockError of %s", r.Failure, off)
			}
			if n := w.CA.Count(ca.NewOrder, ca.Revoke, ca.NewAccount); n > 0 {
				t.Errorf("%d requests that depend on the time", n)
			}
			if d := w.domain("old.shop.example"); d.Certificate == nil {
				t.Error("the removed domain was forgotten")
			}
			if d := w.domain("new.shop.example"); d.State == record.Failing || d.Attempt.Count > 0 {
				t.Errorf("the wrong clock counts as a failure of the domain: %s", d.State)
			}
			if _, err := deployed(second, "www.shop.example"); err != nil {
				t.Error("deployments wait for the clock:", err)
			}
			if w.Git.Tip("acm-status") == before {
				t.Error("no status commit")
			}
			// What was written by a clock ahead of time is waited for.
			w.clock.add(-off)
			w.forward(max(off, 0) + time.Second)
			w.pass()
			w.wantIssued("new.shop.example", "www.shop.example")
		})
	}
}

// also adds a deploy target.
func also(name, dir string) func(*controller.Config) {
	return func(c *controller.Config) {
		c.Targets = append(c.Targets, deploy.NewFiles(deploy.FilesConfig{Name: name, Dir: dir}))
		c.Policy.Targets = append(c.Policy.Targets, name)
	}
}
