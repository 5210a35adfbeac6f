//go:build unix

package controller_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/leak"
)

// These tests need a process that can be killed. It is this test binary, run
// again with the blueprint of a controller that makes one pass.
const blueprintVariable = "ACMSYNC_CONTROLLER_TEST_BLUEPRINT"

func TestMain(m *testing.M) {
	if text := os.Getenv(blueprintVariable); text != "" {
		if err := passOf(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m, leak.Allowed()...)
}

func passOf(text string) error {
	var b blueprint
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		return err
	}
	ctx := context.Background()
	now := func() time.Time { return time.Now().Add(b.Ahead) }
	if b.Death != (point{}) {
		b.mortal = &mortal{at: b.Death, die: killOneself}
		b.mortal.watch(filepath.Dir(strings.TrimPrefix(b.StoreURL, "sqlite://")))
	}
	r, err := b.build(ctx, now)
	if err != nil {
		return err
	}
	failure := r.Pass(ctx).Failure
	b.mortal.closing()
	return errors.Join(failure, r.Close())
}

// killOneself does not return.
func killOneself() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// child starts a process that makes one pass.
func (w *world) child() *exec.Cmd {
	w.t.Helper()
	text, err := json.Marshal(w.plan)
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), blueprintVariable+"="+string(text))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd
}

// moment is a point in an order's way at which the process is killed.
type moment struct {
	kind ca.Kind
	// how: the CA never hears of the request; it does its work and nobody hears
	// of that; it does its work and the process is killed before it does more.
	how string
}

const (
	unheard    = "before the CA hears of it"
	unanswered = "before the CA answers"
)

// kill lets the process be killed by SIGKILL at the first request of the kind.
func (w *world) kill(m moment, process func() *os.Process) {
	var once sync.Once
	strike := func() { once.Do(func() { _ = process().Signal(syscall.SIGKILL) }) }
	if m.how == unanswered {
		w.CA.After(m.kind, strike)
		return
	}
	w.CA.Before(m.kind, strike)
	w.CA.Fault(ca.Of(m.kind), ca.Fault{Drop: true, Times: 1})
}

// TestKilledAtEachStepIssuesOnce: whatever instant a process is killed at, the
// next pass finishes its work and no name gets a second certificate.
func TestKilledAtEachStepIssuesOnce(t *testing.T) {
	t.Parallel()
	for _, kind := range []ca.Kind{ca.NewAccount, ca.NewOrder, ca.Authz, ca.Challenge, ca.Order, ca.Finalize, ca.Cert} {
		for _, how := range []string{unheard, unanswered} {
			t.Run(string(kind)+" "+how, func(t *testing.T) {
				t.Parallel()
				w := begin(t)
				w.shop("www.shop.example", "api.shop.example")
				killed := w.killedPass(moment{kind, how})
				began := time.Now()
				if r := w.pass(); r.Unfinished {
					t.Errorf("the pass after the kill waits for the dead process: %+v", r)
				}
				if took := time.Since(began); took > 20*time.Second {
					t.Errorf("the pass after the kill took %s", took)
				}
				w.wantIssued("www.shop.example", "api.shop.example")
				if killed != syscall.SIGKILL {
					t.Errorf("the process ended by %v", killed)
				}
			})
		}
	}
}

// killedPass runs a pass in another process that is killed at the moment, and
// says by which signal it ended.
func (w *world) killedPass(m moment) syscall.Signal {
	w.t.Helper()
	started := make(chan *exec.Cmd, 1)
	victim := sync.OnceValue(func() *exec.Cmd { return <-started })
	w.kill(m, func() *os.Process { return victim().Process })
	cmd := w.child()
	started <- cmd
	err := cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		w.t.Fatalf("the process was not killed: %v", err)
	}
	return exit.Sys().(syscall.WaitStatus).Signal()
}

// TestKilledWhileRenewing: the certificate in use stays so, and is replaced by
// one other.
func TestKilledWhileRenewing(t *testing.T) {
	t.Parallel()
	for _, kind := range []ca.Kind{ca.NewOrder, ca.Finalize, ca.Cert} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := begin(t)
			w.shop("www.shop.example")
			w.pass()
			old := *w.domain("www.shop.example").Certificate
			w.push("apiVersion: acmsync/v1\napps:\n  - {name: shop, rekey: again, domains: [www.shop.example]}\n")
			w.killedPass(moment{kind, unanswered})
			w.wantServed("www.shop.example", old.Serial)
			w.pass()
			w.wantRenewed("www.shop.example", old)
		})
	}
}

// TestKilledWhileRevoking: it is revoked and forgotten in the end, and the name
// that stays is not touched.
func TestKilledWhileRevoking(t *testing.T) {
	t.Parallel()
	for _, how := range []string{unheard, unanswered} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			w := begin(t, atOnce)
			w.plan.RevokeAfter = 0
			w.shop("www.shop.example", "old.shop.example")
			w.pass()
			serial := w.domain("old.shop.example").Certificate.Serial
			w.push(apps(app("shop", "www.shop.example")))
			w.killedPass(moment{ca.Revoke, how})
			w.pass()
			if reason, revoked := w.CA.Revoked(serial); !revoked || reason != cessationOfOperation {
				t.Errorf("revoked %t for reason %d", revoked, reason)
			}
			if d := w.domain("old.shop.example"); d.Certificate != nil || len(d.Deployed) > 0 {
				t.Errorf("left: %+v, %+v", d.Certificate, d.Deployed)
			}
			w.wantIssued("www.shop.example")
		})
	}
}

func atOnce(b *blueprint) { b.RevokeAfter = 0 }

// TestKilledWhileDeploying: the hook takes its process down; the next one runs
// it again, and no other certificate is ordered.
func TestKilledWhileDeploying(t *testing.T) {
	t.Parallel()
	mark := filepath.Join(t.TempDir(), "struck")
	w := begin(t)
	w.plan.Hook = []string{"/bin/sh", "-c", `test -e "` + mark + `" || { touch "` + mark + `"; kill -9 $PPID; }`}
	w.rig = w.another()
	w.shop("www.shop.example")
	var exit *exec.ExitError
	if err := w.child().Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the process was not killed: %v", err)
	}
	w.pass()
	w.wantIssued("www.shop.example")
}

// TestKilledWhileDeployingElsewhere: the row says that the target has it, as it
// had in the folder of old; the hook for the new one is run again all the same.
func TestKilledWhileDeployingElsewhere(t *testing.T) {
	t.Parallel()
	mark := filepath.Join(t.TempDir(), "struck")
	w := begin(t)
	w.shop("www.shop.example")
	w.pass()
	w.plan.LiveDir, w.plan.Settings = filepath.Join(w.Dir, "elsewhere"), " changed"
	w.plan.Hook = []string{"/bin/sh", "-c", `if test -e "` + mark + `"; then touch "` + mark + `-again"; else touch "` + mark + `"; kill -9 $PPID; fi`}
	w.rig = w.another()
	var exit *exec.ExitError
	if err := w.child().Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the process was not killed: %v", err)
	}
	w.pass()
	if _, err := os.Stat(mark + "-again"); err != nil {
		t.Errorf("nobody told the server: %v", err)
	}
}
