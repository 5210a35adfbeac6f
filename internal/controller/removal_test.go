package controller_test

import (
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
)

const cessationOfOperation = 5 // RFC 5280, section 5.3.1

// TestRemovedAfterTheGrace: the certificate is kept for the grace, then revoked,
// its files taken away, and in the end nothing is known of the name.
func TestRemovedAfterTheGrace(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example", "old.shop.example")
	w.pass()
	serial := w.domain("old.shop.example").Certificate.Serial
	w.push(apps(app("shop", "www.shop.example")))
	w.forward(time.Minute)
	w.pass()
	left := w.clock.now()
	w.wantServed("old.shop.example", serial)
	removed := w.committed("shop").Removed
	if len(removed) != 1 || removed[0].Name != "old.shop.example" || removed[0].RevokeAt.Sub(left.Add(24*time.Hour)).Abs() > time.Minute {
		t.Errorf("status says %+v", removed)
	}
	w.forward(23 * time.Hour)
	w.pass()
	if _, revoked := w.CA.Revoked(serial); revoked {
		t.Error("revoked within the grace")
	}
	w.forward(2 * time.Hour)
	w.pass()
	if reason, revoked := w.CA.Revoked(serial); !revoked || reason != cessationOfOperation {
		t.Errorf("after the grace: revoked %t for reason %d", revoked, reason)
	}
	if _, err := deployed(w.LiveDir(), "old.shop.example"); err == nil {
		t.Error("its files are still there")
	}
	if w.knows("old.shop.example") {
		t.Error("its row is still there")
	}
	if removed := w.committed("shop").Removed; len(removed) > 0 {
		t.Errorf("status still says %+v", removed)
	}
	w.wantIssued("www.shop.example")
}

// TestReturnWithinTheGraceKeepsTheCertificate: by adding it again, by reverting
// the commit, or under another app.
func TestReturnWithinTheGraceKeepsTheCertificate(t *testing.T) {
	t.Parallel()
	back := map[string]func(*world){
		"added again": func(w *world) { w.push(apps(app("shop", "www.shop.example", "old.shop.example"))) },
		"reverted":    func(w *world) { w.revert() },
		"to another app": func(w *world) {
			w.push(apps(app("blog", "old.shop.example"), app("shop", "www.shop.example")))
		},
	}
	for name, comeBack := range back {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := begin(t)
			w.shop("www.shop.example", "old.shop.example")
			w.pass()
			before := *w.domain("old.shop.example").Certificate
			w.push(apps(app("shop", "www.shop.example")))
			w.pass()
			if d := w.domain("old.shop.example"); d.Mode != record.Removed {
				t.Fatalf("mode %s", d.Mode)
			}
			w.forward(12 * time.Hour)
			comeBack(w)
			w.pass()
			w.forward(48 * time.Hour)
			w.pass()
			d := w.domain("old.shop.example")
			if d.Certificate == nil || d.Certificate.Serial != before.Serial || d.State != record.CertIssued {
				t.Errorf("%s with %+v, want %s kept", d.State, d.Certificate, before.Serial)
			}
			w.wantIssued("www.shop.example", "old.shop.example")
			if _, revoked := w.CA.Revoked(before.Serial); revoked {
				t.Error("revoked although it came back")
			}
		})
	}
}

// revert is git revert of the newest commit of main.
func (w *world) revert() {
	w.t.Helper()
	old, err := w.Git.Git("", "cat-file", "blob", "refs/heads/main~1:apps.yaml")
	if err != nil {
		w.t.Fatal(err)
	}
	w.push(old)
}

// TestMoveBetweenAppsKeepsTheCertificate: moving a name, or renaming its app,
// in one commit issues nothing.
func TestMoveBetweenAppsKeepsTheCertificate(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example", "api.shop.example")
	w.pass()
	w.push(apps(app("store", "www.shop.example", "api.shop.example")))
	w.pass()
	w.push(apps(app("api", "api.shop.example"), app("store", "www.shop.example")))
	w.pass()
	w.wantIssued("www.shop.example", "api.shop.example")
	if d := w.domain("api.shop.example"); d.App != "api" {
		t.Errorf("held by %s", d.App)
	}
	if n := w.CA.Count(ca.Revoke); n > 0 {
		t.Errorf("%d revocations", n)
	}
	if w.entry("api", "api.shop.example").Status != "Cert Issued" {
		t.Error("the new app's status does not have it")
	}
	if _, err := w.Git.Read("acm-status", "apps/shop.yaml"); err == nil {
		t.Error("the status of the app that is gone is still there")
	}
}
