package controller_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/status"
)

// clock runs like the real one, but ahead of it.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) add(d time.Duration) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
	return c.ahead
}

// world is a lab with a controller on it.
type world struct {
	*lab.Lab
	*rig
	t     *testing.T
	clock *clock
	plan  blueprint
	other *edge.Edge // see stranger
}

// begin starts a lab, and a controller on it whose blueprint and configuration
// may be changed first: a func(*lab.Options), a func(*blueprint) or a
// func(*controller.Config).
func begin(t *testing.T, change ...any) *world {
	t.Helper()
	o := lab.Options{Dir: t.TempDir()}
	for _, f := range change {
		if f, ok := f.(func(*lab.Options)); ok {
			f(&o)
		}
	}
	l, err := lab.New(o)
	if errors.Is(err, git.ErrNoGit) && os.Getenv("CI") != "true" {
		t.Skip("git is not installed")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{Lab: l, t: t, clock: &clock{}, plan: blueprintOf(l)}
	w.rig = w.another(change...)
	return w
}

// another is one more controller on the same lab and store.
func (w *world) another(change ...any) *rig {
	w.t.Helper()
	b := w.plan
	var configure []func(*controller.Config)
	for _, f := range change {
		switch f := f.(type) {
		case func(*blueprint):
			f(&b)
		case func(*controller.Config):
			configure = append(configure, f)
		}
	}
	r, err := b.build(w.t.Context(), w.clock.now, configure...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := r.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return r
}

// replace puts another controller in the place of the first, as a restart with
// other settings does.
func (w *world) replace(change ...any) {
	w.t.Helper()
	w.rig = w.another(append(change, func(c *controller.Config) { c.SettingsHash += " changed" })...)
}

// push commits apps.yaml; empty content deletes it.
func (w *world) push(content string) string {
	w.t.Helper()
	file := git.Text(content)
	if content == "" {
		file = nil
	}
	commit, err := w.Git.Push("main", map[string]*string{"apps.yaml": file}, "edit")
	if err != nil {
		w.t.Fatal(err)
	}
	return commit
}

// app is one app's entry of apps.yaml.
func app(name string, domains ...string) string {
	return "  - name: " + name + "\n    domains: [" + strings.Join(quoted(domains), ", ") + "]\n"
}

func quoted(names []string) []string {
	out := make([]string, 0, len(names))
	for _, n := range names {
		out = append(out, `"`+n+`"`)
	}
	return out
}

func apps(entries ...string) string {
	return "apiVersion: acmsync/v1\napps:\n" + strings.Join(entries, "")
}

// shop points names at the platform and pushes an app that has them.
func (w *world) shop(domains ...string) {
	w.t.Helper()
	w.Point(domains...)
	w.push(apps(app("shop", domains...)))
}

// forward moves the clocks of the program and of the CA.
func (w *world) forward(d time.Duration) { w.CA.SkewDate(w.clock.add(d)) }

// pass runs one, which must not fail.
func (w *world) pass() controller.Result {
	w.t.Helper()
	r := w.Pass(w.t.Context())
	if r.Failure != nil {
		w.t.Fatalf("the pass failed: %v", r.Failure)
	}
	return r
}

// domain is what the store knows of a name.
func (w *world) domain(name string) record.Domain {
	w.t.Helper()
	d, ok := w.domains()[name]
	if !ok {
		w.t.Fatalf("the store does not know %s", name)
	}
	return d
}

func (w *world) domains() map[string]record.Domain {
	w.t.Helper()
	domains, broken, err := w.config.Store.Domains(w.t.Context())
	if err != nil || len(broken) > 0 {
		w.t.Fatal(err, broken)
	}
	all := make(map[string]record.Domain, len(domains))
	for _, d := range domains {
		all[d.Key] = d
	}
	return all
}

// knows reports whether the store has a row of the name.
func (w *world) knows(name string) bool {
	w.t.Helper()
	domains, _, err := w.config.Store.Domains(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return slices.ContainsFunc(domains, func(d record.Domain) bool { return d.Key == name })
}

// reason is the code of the first finding; empty: none.
func reason(d record.Domain) string {
	if len(d.Findings) == 0 {
		return ""
	}
	return string(d.Findings[0].Code)
}

// wantIssued checks that each name has one certificate of the CA, stored,
// deployed and served, and that nothing is left under way.
func (w *world) wantIssued(names ...string) {
	w.t.Helper()
	all := w.domains()
	for _, name := range names {
		d := all[name]
		if d.State != record.CertIssued || d.Certificate == nil || d.Order != nil || len(d.Findings) > 0 {
			w.t.Errorf("%s is %s, certificate %v, order %v, findings %v; want it issued", name, d.State, d.Certificate, d.Order, d.Findings)
			continue
		}
		if _, open, err := w.config.Store.Order(w.t.Context(), name); open || err != nil {
			w.t.Errorf("%s has an open order: %v", name, err)
		}
		if n := len(w.CA.CertificatesFor(name)); n != 1 {
			w.t.Errorf("the CA issued %d certificates for %s, want 1", n, name)
		}
		w.wantServed(name, d.Certificate.Serial)
	}
}

func (w *world) wantServed(name, serial string) {
	w.t.Helper()
	served, err := w.Handshake(name)
	if err != nil || served != serial {
		w.t.Errorf("the edge serves %s with %q, %v; want %q", name, served, err, serial)
	}
}

// entry is what is committed about a name.
func (w *world) entry(app, name string) status.DomainStatus {
	w.t.Helper()
	for _, d := range w.committed(app).Domains {
		if d.Name == name {
			return d
		}
	}
	w.t.Fatalf("the status of %s does not name %s", app, name)
	return status.DomainStatus{}
}

func (w *world) committed(app string) status.AppStatus {
	w.t.Helper()
	raw, err := w.Git.Read("acm-status", "apps/"+app+".yaml")
	if err != nil {
		w.t.Fatal(err)
	}
	a, err := status.Parse(raw)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// eventually waits for a condition that another process or goroutine brings
// about.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !happened() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("gave up waiting for " + what)
		}
	}
}
