//go:build unix

package controller_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// scene is a lab on which the next run of the program carries out one event of
// a certificate's life, and what is to be true then.
type scene struct {
	*world
	// kept are served from before the event until after it.
	kept []string
	// issued are the names that have a certificate in the end.
	issued []string
	// after is what the event was for.
	after func()
}

// event is something that happens in a certificate's life.
type event struct {
	name string
	lay  func(*testing.T) scene
}

const crashed = "www.shop.example"

var events = []event{
	{"first start", firstStart},
	{"issue", issueEvent},
	{"issue by webroot", webrootEvent},
	{"issue by DNS", dnsEvent},
	{"renew", renewEvent},
	{"replace", replaceEvent},
	{"revoke", revokeEvent},
	{"deploy", deployEvent},
	{"disable", disableEvent},
	{"status", statusEvent},
}

const nothingWanted = "apiVersion: acmsync/v1\napps: []\n"

func firstStart(t *testing.T) scene {
	w := begin(t)
	w.shop(crashed)
	w.stop()
	if err := os.RemoveAll(w.stateDir()); err != nil {
		t.Fatal(err)
	}
	return scene{w, nil, []string{crashed}, func() { w.wantIssued(crashed) }}
}

func issueEvent(t *testing.T) scene {
	w := begin(t)
	w.push(nothingWanted)
	w.pass()
	w.shop(crashed)
	return scene{w, nil, []string{crashed}, func() { w.wantIssued(crashed) }}
}

func webrootEvent(t *testing.T) scene {
	s := issueEvent(t)
	s.plan.Webroot = t.TempDir()
	s.after = func() {
		s.wantIssued(crashed)
		left, err := filepath.Glob(filepath.Join(s.plan.Webroot, ".well-known/acme-challenge/*"))
		// The trial of our own probe, which answers nobody, may stay behind.
		left = slices.DeleteFunc(left, func(path string) bool { return len(filepath.Base(path)) == len(rand.Text()) })
		if len(left) > 0 || err != nil {
			t.Errorf("left in the webroot: %q, %v", left, err)
		}
	}
	return s
}

func dnsEvent(t *testing.T) scene {
	w, pair := zoned(t, "shop.example")
	w.push(nothingWanted)
	w.pass()
	w.Point(crashed)
	w.push(apps(byDNS("shop", crashed)))
	return scene{w, nil, []string{crashed}, func() {
		w.wantIssued(crashed)
		wantClean(t, pair)
	}}
}

// withShop is a world whose shop has certificates, and the first one's.
func withShop(t *testing.T, names ...string) (*world, record.Certificate) {
	w := begin(t)
	w.shop(names...)
	w.pass()
	return w, *w.domain(names[0]).Certificate
}

func renewEvent(t *testing.T) scene {
	offer, first := profiles(24 * time.Hour)
	w := begin(t, offer, first)
	w.shop(crashed)
	w.pass()
	old := *w.domain(crashed).Certificate
	w.forward(w.renewal(crashed).Sub(w.clock.now()) + time.Second)
	w.plan.Profile, w.plan.Settings = "next", " changed"
	return scene{w, []string{crashed}, []string{crashed}, func() { w.wantRenewed(crashed, old) }}
}

const superseded = 4 // RFC 5280, section 5.3.1

func replaceEvent(t *testing.T) scene {
	w, old := withShop(t, crashed)
	w.plan.RevokeAfter = 0
	w.push("apiVersion: acmsync/v1\napps:\n  - {name: shop, rekey: again, domains: [" + crashed + "]}\n")
	return scene{w, []string{crashed}, []string{crashed}, func() {
		d := w.domain(crashed)
		if n := len(w.CA.CertificatesFor(crashed)); n != 2 || d.Certificate.Serial == old.Serial {
			t.Errorf("%d certificates, want the old one and another; in use is %s", n, d.Certificate.Serial)
		}
		w.wantServed(crashed, d.Certificate.Serial)
		w.wantRevoked(old.Serial, superseded)
	}}
}

func (w *world) wantRevoked(serial string, reason int) {
	w.t.Helper()
	if given, revoked := w.CA.Revoked(serial); !revoked || given != reason {
		w.t.Errorf("%s is revoked: %t, for reason %d; want %d", serial, revoked, given, reason)
	}
}

func revokeEvent(t *testing.T) scene {
	w, old := withShop(t, "old.shop.example", crashed)
	w.plan.RevokeAfter = 0
	w.push(apps(app("shop", crashed)))
	return scene{w, []string{crashed}, []string{crashed}, func() {
		w.wantGone("old.shop.example", old.Serial)
		w.wantIssued(crashed)
	}}
}

// wantGone checks that a certificate was revoked and nothing is left of it.
func (w *world) wantGone(name, serial string) {
	w.t.Helper()
	w.wantRevoked(serial, cessationOfOperation)
	if w.knows(name) {
		if d := w.domain(name); d.Certificate != nil || len(d.Deployed) > 0 {
			w.t.Errorf("%s still has %+v, deployed %+v", name, d.Certificate, d.Deployed)
		}
	}
	for _, path := range []string{name, ".versions/" + name} {
		if _, err := os.Lstat(filepath.Join(w.LiveDir(), path)); err == nil {
			w.t.Errorf("%s is still there", path)
		}
	}
}

func disableEvent(t *testing.T) scene {
	w := begin(t)
	w.Point("old.shop.example", crashed)
	w.push(apps(app("off", "old.shop.example"), app("shop", crashed)))
	w.pass()
	old := *w.domain("old.shop.example").Certificate
	w.plan.RevokeAfter = 0
	w.push(apps("  - {name: off, acm: false, domains: [old.shop.example]}\n", app("shop", crashed)))
	return scene{w, []string{crashed}, []string{crashed}, func() {
		w.wantGone("old.shop.example", old.Serial)
		w.wantIssued(crashed)
		if e := w.entry("off", "old.shop.example"); e.Certificate != nil || e.Status == string(record.CertIssued) {
			t.Errorf("status says %+v", e)
		}
	}}
}

// deployEvent: the certificates are to go elsewhere, to a server that loads them
// when it is told to.
func deployEvent(t *testing.T) scene {
	w, cert := withShop(t, crashed)
	loaded := filepath.Join(t.TempDir(), crashed)
	w.plan.LiveDir, w.plan.Settings = filepath.Join(w.Dir, "elsewhere"), " changed"
	w.plan.Hook = []string{"/bin/sh", "-c", `mkdir -p "$1" && cp "$0"/fullchain.pem "$1"`, filepath.Join(w.plan.LiveDir, crashed), loaded}
	return scene{w, []string{crashed}, []string{crashed}, func() {
		w.wantIssued(crashed)
		for _, dir := range []string{w.plan.LiveDir, filepath.Dir(loaded)} {
			if serial, err := deployed(dir, crashed); serial != cert.Serial {
				t.Errorf("in %s is %s, %v; want %s", dir, serial, err, cert.Serial)
			}
		}
	}}
}

// statusEvent: somebody deleted the branch, which is written anew. A commit of
// the same second would be the one that was there.
func statusEvent(t *testing.T) scene {
	w, _ := withShop(t, crashed)
	w.forward(time.Minute)
	if _, err := w.Git.Git("", "update-ref", "-d", "refs/heads/acm-status"); err != nil {
		t.Fatal(err)
	}
	return scene{w, []string{crashed}, []string{crashed}, func() { w.wantIssued(crashed) }}
}
