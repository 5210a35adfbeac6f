package controller_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/reconcile"
)

func many(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("n%02d.shop.example", i)
	}
	return names
}

// TestMassRemovalIsHeld: what is held stays deployed, renewed and unrevoked,
// until exactly it is approved.
func TestMassRemovalIsHeld(t *testing.T) {
	t.Parallel()
	names := many(8)
	removals := map[string]func(*world){
		"more than the policy allows": func(w *world) { w.push(apps(app("shop", names[:2]...))) },
		"an empty list of apps":       func(w *world) { w.push("apiVersion: acmsync/v1\napps: []\n") },
		"no desired file":             func(w *world) { w.push("") },
		"acm switched off": func(w *world) {
			w.push("apiVersion: acmsync/v1\napps:\n  - {name: shop, acm: false, domains: [" + strings.Join(names, ", ") + "]}\n")
		},
	}
	for name, remove := range removals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := begin(t, quick)
			w.shop(names...)
			w.pass()
			w.wantIssued(names...)
			remove(w)
			w.pass()
			w.forward(72 * time.Hour)
			w.pass()
			held := w.holds()
			if len(held.Names) < 6 {
				t.Fatalf("held: %+v", held)
			}
			for _, name := range names {
				w.wantServed(name, w.domain(name).Certificate.Serial)
			}
			if n := w.CA.Count(ca.Revoke); n > 0 {
				t.Fatalf("%d revocations", n)
			}
			if a, err := w.Attention(t.Context()); err != nil || a.Held != len(held.Names) || a.Operator == 0 {
				t.Errorf("attention %+v, %v", a, err)
			}
			if s := w.committed("shop"); s.Status != string(record.Held) {
				t.Errorf("the app is %s", s.Status)
			}
			w.approve(held)
		})
	}
}

func quick(o *lab.Options) { o.AlwaysValid = true }

// holds is the one set of removals that is held.
func (w *world) holds() reconcile.HeldRemovals {
	w.t.Helper()
	domains, _, err := w.config.Store.Domains(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	held := reconcile.Holds(domains)
	if len(held) != 1 {
		w.t.Fatalf("held: %+v, want one set", held)
	}
	return held[0]
}

// approve lets held removals happen and checks that they, and no others, do.
func (w *world) approve(held reconcile.HeldRemovals) {
	w.t.Helper()
	if err := w.config.Store.Approve(w.t.Context(), "0123456789abcdef"); !errors.Is(err, store.ErrUnknownHash) {
		w.t.Errorf("approving an unknown hash: %v", err)
	}
	if err := w.config.Store.Approve(w.t.Context(), held.Hash); err != nil {
		w.t.Fatal(err)
	}
	w.pass()
	w.forward(25 * time.Hour)
	w.pass()
	for _, name := range many(8) {
		gone := slices.Contains(held.Names, name)
		serial := w.CA.CertificatesFor(name)[0].Serial
		if _, revoked := w.CA.Revoked(serial); revoked != gone {
			w.t.Errorf("%s: revoked %t, approved %t", name, revoked, gone)
		}
		if _, err := deployed(w.LiveDir(), name); (err != nil) != gone {
			w.t.Errorf("%s: files %v, approved %t", name, err, gone)
		}
	}
}

// TestForcePushRemovesNothing until it is approved; what it adds is added.
func TestForcePushRemovesNothing(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example", "old.shop.example")
	w.pass()
	w.Point("new.shop.example")
	text := apps(app("shop", "www.shop.example", "new.shop.example"))
	if _, err := w.Git.ForcePush("main", map[string]*string{"apps.yaml": git.Text(text)}, "rewritten"); err != nil {
		t.Fatal(err)
	}
	w.pass()
	w.forward(48 * time.Hour)
	w.pass()
	w.wantIssued("www.shop.example", "new.shop.example")
	held := w.holds()
	if !slices.Equal(held.Names, []string{"old.shop.example"}) {
		t.Errorf("held: %+v", held)
	}
	// Holding does not end because something is pushed on top.
	w.push(text + "# a comment\n")
	w.pass()
	if again := w.holds(); again.Hash != held.Hash {
		t.Errorf("held %+v after another push, before %+v", again, held)
	}
	if err := w.config.Store.Approve(t.Context(), held.Hash); err != nil {
		t.Fatal(err)
	}
	w.pass()
	w.forward(25 * time.Hour)
	w.pass()
	if w.knows("old.shop.example") {
		t.Error("approved, and still there")
	}
}

// TestRefusedFileStandsStill: its apps keep what they have, renewals go on, and
// nothing is begun, changed or removed for them; other files proceed.
func TestRefusedFileStandsStill(t *testing.T) {
	t.Parallel()
	offer, first := profiles(24 * time.Hour)
	w := begin(t, offer, first)
	w.Point("www.shop.example", "old.shop.example", "new.shop.example", "blog.example")
	files := func(shop, blog string) {
		t.Helper()
		if _, err := w.Git.Push("main", map[string]*string{"apps/shop.yaml": &shop, "apps/blog.yaml": &blog}, "edit"); err != nil {
			t.Fatal(err)
		}
	}
	files(apps(app("shop", "www.shop.example", "old.shop.example")), apps(app("blog")))
	w.pass()
	old := *w.domain("www.shop.example").Certificate
	w.replace(next)
	files(apps(app("shop", "www.shop.example", "new.shop.example"))+"    trustedips: true\n", apps(app("blog", "blog.example")))

	r := w.pass()

	if len(r.Invalid) != 1 || r.Invalid[0].File != "apps/shop.yaml" || r.Invalid[0].Line != 5 {
		t.Errorf("invalid: %+v", r.Invalid)
	}
	w.wantIssued("blog.example", "old.shop.example", "www.shop.example")
	if w.knows("new.shop.example") {
		t.Error("a refused file began something")
	}
	if s := w.committed("shop"); s.Desired != "refused" || !strings.HasPrefix(s.Error, "apps/shop.yaml:5:") {
		t.Errorf("status says %s, %s", s.Desired, s.Error)
	}
	w.forward(13 * time.Hour)
	if r := w.pass(); len(r.Invalid) != 1 {
		t.Errorf("not invalid any more: %+v", r.Invalid)
	}
	w.wantRenewed("www.shop.example", old)
	w.forward(5 * 24 * time.Hour)
	w.pass()
	if d := w.domain("old.shop.example"); d.Certificate == nil || d.State != record.CertIssued {
		t.Errorf("old.shop.example is %s", d.State)
	}
}
