package controller_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/deploy"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/issue"
)

// hasty gives every domain six seconds.
func hasty(c *controller.Config) { c.Deadline = 6 * time.Second }

// TestADomainHasADeadline: whatever hangs, and whether or not it heeds its
// context. The pass ends by itself; the row is due again later, and says what
// hung; an order under way is the one that is finished then.
func TestADomainHasADeadline(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		lay func(*world, *hands, string) string
		at  string // where that is certain on a machine that is slow, too
	}{
		"looking":        {in(looks, always(waits)), "checking DNS"},
		"looking, deaf":  {in(looks, ignoring), "checking DNS"},
		"the CA":         {hangs(ca.Of(ca.Finalize)), ""},
		"response":       {in(orders, always(waits)), ""},
		"response, deaf": {in(orders, ignoring), ""},
		"target":         {in(targets, always(waits)), ""},
		"target, deaf":   {in(targets, ignoring), ""},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := settle(t, 1, []oneFault{{lay: c.lay}}, patient, hasty)
			name := "www.a00.example"
			w.pass()
			d, e := w.domain(name), w.entry("a00", name)
			if reason(d) != string(failure.Internal) || !d.Due.After(w.clock.now()) || e.Reason != string(failure.Internal) && e.Renewal == nil {
				t.Fatalf("%s, due %s, %v; the status says %+v", d.State, d.Due, d.Findings, e)
			}
			if says := d.Findings[0].Message; !strings.Contains(says, c.at) || !strings.Contains(says, " took longer than ") && !strings.Contains(says, " did not answer within ") {
				t.Errorf("the status says %q", says)
			}
			if log := w.log.String(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, "domain="+name) {
				t.Errorf("the log does not name it:\n%s", log)
			}
			w.mend(name)
			w.Deadline = 0
			eventually(t, "the certificate", func() bool {
				w.forward(w.domain(name).Due.Sub(w.clock.now()) + time.Second)
				w.pass()
				return w.domain(name).State == record.CertIssued
			})
			w.wantIssued(name)
			if n := w.CA.Count(ca.NewOrder); n != 1 {
				t.Errorf("%d orders for one name", n)
			}
		})
	}
}

// mend takes a name's fault away, and lets what ignored its end go on.
func (w *town) mend(name string) {
	w.t.Helper()
	w.lift()
	for _, of := range []map[string]strike{w.look, w.answer, w.order, w.store} {
		w.mu.Lock()
		delete(of, name)
		w.mu.Unlock()
	}
	w.letGo()
}

// TestWhatIsLeftBehindIsNotBegunAgain: while a call hangs no other is made for
// the row, however often it is due.
func TestWhatIsLeftBehindIsNotBegunAgain(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	w := settle(t, 1, []oneFault{{lay: in(looks, func(h *hands) strike {
		return func(context.Context) { calls.Add(1); <-h.open }
	})}}, hasty)
	name := "www.a00.example"
	for range 3 {
		w.pass()
		d := w.domain(name)
		w.forward(d.Due.Sub(w.clock.now()) + time.Second)
	}
	if e := w.entry("a00", name); calls.Load() != 1 || !strings.Contains(e.Message, "an earlier call to it has not returned") {
		t.Errorf("%d calls; the status says %q", calls.Load(), e.Message)
	}
	w.mend(name)
	w.Deadline = 0
	eventually(t, "the certificate", func() bool {
		w.forward(2 * time.Hour)
		w.pass()
		return w.domain(name).State == record.CertIssued
	})
}

// lateHolder is a responder whose place is a long time coming.
type lateHolder struct {
	issue.Responder
	open     chan struct{}
	released atomic.Int32
}

func (h *lateHolder) Hold(context.Context) (func(), error) {
	<-h.open
	return func() { h.released.Add(1) }, nil
}

// TestAPlaceThatComesLateIsGivenBack: or a port would stay bound for nobody.
func TestAPlaceThatComesLateIsGivenBack(t *testing.T) {
	t.Parallel()
	h := &lateHolder{open: make(chan struct{})}
	w := begin(t, hasty, func(c *controller.Config) { h.Responder, c.Responder = c.Responder, h })
	w.shop("www.shop.example")
	w.pass()
	if d := w.domain("www.shop.example"); reason(d) != string(failure.Internal) {
		t.Errorf("%s, %v", d.State, d.Findings)
	}
	close(h.open)
	eventually(t, "the release", func() bool { return h.released.Load() > 0 })
}

// release lets a hook go on that reads from a FIFO.
func release(t *testing.T, fifo string) {
	t.Helper()
	eventually(t, "the hook", func() bool {
		_, err := os.Stat(fifo)
		return err == nil
	})
	if err := os.WriteFile(fifo, []byte("go on\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAHookThatHangsHoldsUpNoOtherTarget: a second target has the pair, and that
// is on record, while the first one's hook runs; then so does the first.
func TestAHookThatHangsHoldsUpNoOtherTarget(t *testing.T) {
	t.Parallel()
	w := begin(t)
	fifo := filepath.Join(w.Dir, "end")
	hung := deploy.NewFiles(deploy.FilesConfig{
		Name: "a-slow", Dir: filepath.Join(w.Dir, "slow"), HookTimeout: time.Minute,
		Hook: []string{"/bin/sh", "-c", `test -e "$0".done || { mkfifo "$0" && read line < "$0"; : > "$0".done; }`, fifo},
	})
	w.replace(func(c *controller.Config) {
		c.Targets = append([]controller.Target{hung}, c.Targets...)
		c.Policy.Targets = append([]string{"a-slow"}, c.Policy.Targets...)
	})
	w.shop("www.shop.example", "api.shop.example")
	ended := make(chan controller.Result, 1)
	go func() { ended <- w.Pass(t.Context()) }()
	acknowledged := func(name, target string) bool {
		for _, a := range w.domain(name).Deployed {
			if a.Target == target && a.SHA256 != "" && a.Error == "" {
				return true
			}
		}
		return false
	}
	eventually(t, "the second target", func() bool {
		return w.knows("www.shop.example") && acknowledged("www.shop.example", "edge") && acknowledged("api.shop.example", "edge")
	})
	for _, name := range []string{"www.shop.example", "api.shop.example"} {
		if acknowledged(name, "a-slow") {
			t.Errorf("%s is acknowledged by a target whose hook has not ended", name)
		}
		w.wantServed(name, w.domain(name).Certificate.Serial)
	}
	release(t, fifo)
	if r := <-ended; r.Failure != nil {
		t.Fatal(r.Failure)
	}
	w.wantIssued("www.shop.example", "api.shop.example")
	for _, name := range []string{"www.shop.example", "api.shop.example"} {
		if serial, err := deployed(filepath.Join(w.Dir, "slow"), name); err != nil || serial != w.domain(name).Certificate.Serial || !acknowledged(name, "a-slow") {
			t.Errorf("the slow target has %q of %s, %v", serial, name, err)
		}
	}
}

// TestWhatHangsAtTheEndIsNoAttempt: a pass that is told to end leaves a call
// behind that does not listen. That is nobody's failure; the row is due at once.
func TestWhatHangsAtTheEndIsNoAttempt(t *testing.T) {
	t.Parallel()
	for what, lay := range map[string]func(*world, *hands, string) string{
		"looking": in(looks, ignoring), "response": in(orders, ignoring), "target": in(targets, ignoring),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			began := make(chan struct{}, 16)
			w := settle(t, 1, []oneFault{{lay: lay}}, patient, unbounded)
			name := "www.a00.example"
			for _, of := range []map[string]strike{w.look, w.order, w.store} {
				if hang := of[name]; hang != nil {
					of[name] = func(ctx context.Context) { began <- struct{}{}; hang(ctx) }
				}
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan controller.Result, 1)
			go func() { ended <- w.Pass(ctx) }()
			<-began
			cancel()
			if r := <-ended; r.Failure != nil {
				t.Errorf("the pass says %v", r.Failure)
			}
			if d := w.domain(name); d.Attempt.Count > 0 || len(d.Findings) > 0 || d.Due.After(w.clock.now()) {
				t.Errorf("%d attempts, due %s, %v", d.Attempt.Count, d.Due, d.Findings)
			}
		})
	}
}
