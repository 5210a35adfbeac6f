package controller_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/git"
)

// brokenPushes are what can become of a repository by a slip, a broken tool or
// the wrong remote. shop has eight names, blog one, and there is an older tip
// with half of them.
var brokenPushes = map[string]func(w *world, older string){
	"a file cut off in the middle of a line": func(w *world, _ string) {
		w.commit(map[string]string{"apps/shop.yaml": apps(app("shop", many(8)...))[:60]})
	},
	"a file cut off between two lines": func(w *world, _ string) {
		w.commit(map[string]string{"apps/shop.yaml": lines(apps(app("shop", many(8)...)), 2)})
	},
	"an empty file": func(w *world, _ string) {
		w.commit(map[string]string{"apps/shop.yaml": ""})
	},
	"a file renamed with a mistake in it": func(w *world, _ string) {
		w.commit(map[string]string{"apps/shop.yaml": "-", "apps/store.yaml": apps(app("shop", many(8)...)) + "    wbe: 1\n"})
	},
	"names moved into a file with a mistake in it": func(w *world, _ string) {
		w.commit(map[string]string{
			"apps/shop.yaml": apps(app("shop", many(8)[:6]...)),
			"apps/blog.yaml": apps(app("blog", append(many(8)[6:], "blog.example")...)) + "    wbe: 1\n",
		})
	},
	"no file": func(w *world, _ string) {
		w.commit(map[string]string{"apps/shop.yaml": "-", "apps/blog.yaml": "-"})
	},
	"a tip rolled back": func(w *world, older string) { w.must(w.Git.Reset("main", older)) },
	"another repository": func(w *world, _ string) {
		_, err := w.Git.ForcePush("main", map[string]*string{"apps.yaml": git.Text(apps(app("theirs", "www.other.example")))}, "first")
		w.must(err)
	},
	"no branch": func(w *world, _ string) { w.must(w.Git.DeleteBranch("main")) },
	"certificates switched off by a default": func(w *world, _ string) {
		off := "apiVersion: acmsync/v1\ndefaults: {acm: false}\napps:\n"
		w.commit(map[string]string{"apps/shop.yaml": off + app("shop", many(8)...), "apps/blog.yaml": off + app("blog", "blog.example")})
	},
	"a plan that gets no certificates, by a default": func(w *world, _ string) {
		free := "apiVersion: acmsync/v1\ndefaults: {plan: free}\napps:\n"
		w.commit(map[string]string{"apps/shop.yaml": free + app("shop", many(8)...), "apps/blog.yaml": free + app("blog", "blog.example")})
	},
}

// TestBrokenPushesTakeNothing, also where the operator's grace is none, and
// however long nobody looks; and the next good push finds everything as it was.
func TestBrokenPushesTakeNothing(t *testing.T) {
	t.Parallel()
	for name, broken := range brokenPushes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := begin(t, quick, atOnce)
			w.Point(append(many(8), "blog.example")...)
			w.commit(map[string]string{"apps/shop.yaml": apps(app("shop", many(8)[:4]...))})
			older := w.Git.Tip("main")
			w.commit(map[string]string{"apps/shop.yaml": apps(app("shop", many(8)...)), "apps/blog.yaml": apps(app("blog", "blog.example"))})
			good := w.Git.Tip("main")
			w.pass()
			w.wantIssued(append(many(8), "blog.example")...)
			orders := w.CA.Count(ca.NewOrder)

			broken(w, older)
			for range 3 {
				w.Pass(t.Context())
				w.forward(26 * time.Hour)
			}
			w.wantNothingLost()

			w.must(w.Git.Reset("main", good))
			w.pass()
			w.wantNothingLost()
			if n := w.CA.Count(ca.NewOrder) - orders; n > 1 { // theirs is new
				t.Errorf("%d further orders", n)
			}
		})
	}
}

// TestAFewAtATimeAreHeldToo: one in ten, every five minutes, is a mass removal.
func TestAFewAtATimeAreHeldToo(t *testing.T) {
	t.Parallel()
	w := begin(t, quick, atOnce)
	names := many(12)
	w.shop(names...)
	w.pass()
	w.wantIssued(names...)
	for i := range 9 {
		w.push(apps(app("shop", names[i+1:]...)))
		w.pass()
		w.forward(5 * time.Minute)
	}
	if n := w.CA.Count(ca.Revoke); n != 3 {
		t.Errorf("%d revocations within the hour, want the three that policy.maxRemovals allows at least", n)
	}
	if held := w.holds(); len(held.Names) != 6 {
		t.Errorf("held: %+v, want six", held)
	}
}

// wantNothingLost checks that the certificates of both apps are served and not
// revoked.
func (w *world) wantNothingLost() {
	w.t.Helper()
	if n := w.CA.Count(ca.Revoke); n > 0 {
		w.t.Errorf("%d revocations", n)
	}
	for _, name := range append(many(8), "blog.example") {
		w.wantServed(name, w.CA.CertificatesFor(name)[0].Serial)
	}
}

// commit pushes files to main; "-" deletes one.
func (w *world) commit(files map[string]string) {
	w.t.Helper()
	changes := make(map[string]*string, len(files))
	for path, text := range files {
		if changes[path] = git.Text(text); text == "-" {
			changes[path] = nil
		}
	}
	_, err := w.Git.Push("main", changes, fmt.Sprint(len(files), " files"))
	w.must(err)
}

// lines are the first n lines of a text.
func lines(text string, n int) string {
	return strings.Join(strings.SplitAfterN(text, "\n", n+1)[:n], "")
}
