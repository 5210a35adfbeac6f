package controller_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/status"
)

// journal is a log that can be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) into(c *controller.Config) { c.Log = slog.New(slog.NewTextHandler(j, nil)) }

// town is a world of many apps with one name each, some of which have a fault.
type town struct {
	*world
	*hands
	log    *journal
	letGo  func() // see hands.open
	well   []string
	faulty map[string]oneFault // by name
}

const townApps = 100

// settle makes the town; the apps with faults come first in every order.
func settle(t *testing.T, apps int, faults []oneFault, change ...any) *town {
	t.Helper()
	h, log := newHands(), &journal{}
	w := &town{world: begin(t, append(change, h.into, log.into)...), hands: h, log: log, faulty: map[string]oneFault{}}
	w.letGo = sync.OnceFunc(func() { close(h.open) })
	t.Cleanup(w.letGo)
	var entries []string
	for i, f := range faults {
		name := fmt.Sprintf("www.a%02d.example", i)
		w.Point(name)
		w.faulty[name] = f
		entries = append(entries, fmt.Sprintf("  - {name: %s, domains: [%s]%s}\n", appOf(name), name, f.lay(w.world, h, name)))
	}
	for i := len(faults); i < apps; i++ {
		name := fmt.Sprintf("www.b%02d.example", i)
		w.Point(name)
		w.well = append(w.well, name)
		entries = append(entries, app(appOf(name), name))
	}
	w.push("apiVersion: acmsync/v1\napps:\n" + strings.Join(entries, ""))
	return w
}

func appOf(name string) string { return strings.Split(name, ".")[1] }

// wantWell starts a pass and waits until the status branch says that all apps
// without a fault are served, by which time those that are stuck have nothing:
// none of it may have been waited for. Then it ends the pass.
func (w *town) wantWell() {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan controller.Result, 1)
	go func() { ended <- w.Pass(ctx) }()
	w.wantReady(len(w.well), ended)
	w.wantStuck()
	cancel()
	if r := <-ended; r.Failure != nil {
		w.t.Errorf("ended with %+v", r)
	}
	for _, name := range w.well {
		if e := w.entry(appOf(name), name); !e.Ready || e.Status != string(record.CertIssued) {
			w.t.Errorf("the status of %s: %+v", name, e)
		}
		if n := len(w.CA.CertificatesFor(name)); n != 1 {
			w.t.Errorf("the CA issued %d certificates for %s", n, name)
		}
	}
	w.wantFailed()
}

// wantReady waits for a status commit with so many domains that are served.
func (w *town) wantReady(n int, ended chan controller.Result) {
	w.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Minute)
	for w.ready() < n {
		select {
		case <-tick.C:
		case r := <-ended:
			ended <- r
			if w.ready() < n {
				w.t.Fatalf("the pass ended with %+v, and %d of %d are ready", r, w.ready(), n)
			}
		case <-deadline:
			w.t.Fatalf("%d of %d are ready", w.ready(), n)
		}
	}
}

// ready is how many domains the status branch calls ready.
func (w *town) ready() int {
	raw, err := w.Git.Read("acm-status", "summary.yaml")
	if err != nil {
		return 0
	}
	s, err := status.ParseSummary(raw)
	if err != nil {
		w.t.Fatal(err)
	}
	return s.Ready
}

// wantStuck checks that what hangs still does.
func (w *town) wantStuck() {
	w.t.Helper()
	for name, f := range w.faulty {
		if d := w.domain(name); f.reason == "" && (d.Attempt.Count > 0 || d.State == record.CertIssued) {
			w.t.Errorf("%s: no longer stuck: %s, %v", f.name, d.State, d.Findings)
		}
	}
}

// wantFailed checks what is said of those that failed by themselves, and that a
// panic is in the log, by its id, and not in the status.
func (w *town) wantFailed() {
	w.t.Helper()
	log := w.log.String()
	for name, f := range w.faulty {
		if f.reason == "" || f.reason == either {
			continue
		}
		e := w.entry(appOf(name), name)
		if e.Reason != f.reason {
			w.t.Errorf("%s: the status says %q: %s; want %s", f.name, e.Reason, e.Message, f.reason)
		}
		if !strings.HasPrefix(f.name, "panic") {
			continue
		}
		_, id, found := strings.Cut(e.Message, "panic ")
		if id = strings.TrimRight(id, ".)"); !found || len(id) != 8 || !strings.Contains(log, "id="+id+" domain="+name) {
			w.t.Errorf("%s: %q; its id is not in the log", f.name, e.Message)
		}
		if strings.Contains(e.Message, ".go") || strings.Contains(e.Message, "goroutine") {
			w.t.Errorf("%s: the status shows the stack: %q", f.name, e.Message)
		}
	}
}

// TestIsolation: a hundred apps, of which one after the other has something
// wrong with it, all at once. The others are issued, deployed and in the status
// branch while what hangs still hangs.
func TestIsolation(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a hundred certificates")
	}
	settle(t, townApps, oneFaults, patient, unbounded).wantWell()
}

// patient and unbounded let nothing that hangs end by itself.
func patient(b *blueprint) { b.CATimeout, b.LookTimeout = time.Hour, time.Hour }

func unbounded(c *controller.Config) { c.Deadline = time.Hour }

// TestMoreHangThanThereAreWorkers: the others are done while all of those hang.
func TestMoreHangThanThereAreWorkers(t *testing.T) {
	t.Parallel()
	const workers, hanging, apps = 4, 9, 24
	for _, f := range oneFaults {
		if !slices.Contains([]string{"DNS hangs", "edge hangs", "CA hangs at the order", "target hangs", "looking ignores its end"}, f.name) {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			few := func(b *blueprint) { b.Concurrency = workers }
			settle(t, apps, slices.Repeat([]oneFault{f}, hanging), few, patient, unbounded).wantWell()
		})
	}
}

// TestIsolationOneByOne is the long form: each fault alone in a town of its own,
// and then more often than there are workers.
func TestIsolationOneByOne(t *testing.T) {
	if os.Getenv("ACMSYNC_ISOLATION") == "" {
		t.Skip("long; make isolation sets ACMSYNC_ISOLATION")
	}
	for _, f := range oneFaults {
		t.Run(f.name, func(t *testing.T) { settle(t, townApps, []oneFault{f}, patient, unbounded).wantWell() })
		t.Run("20 times: "+f.name, func(t *testing.T) {
			settle(t, townApps, slices.Repeat([]oneFault{f}, 20), patient, unbounded).wantWell()
		})
	}
}
