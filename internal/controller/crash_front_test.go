//go:build unix

package controller_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/git"
)

// front is where a process meets the CA and the repository: it dies at requests
// and answers, and what it would send when it is dead does not arrive.
type front struct {
	*world
	at     point
	strike func() // ends the process

	requests int // guarded by the CA
	silenced atomic.Bool
	dead     atomic.Bool
	lift     []func()
}

func (w *world) front(at point, strike func()) *front {
	f := &front{world: w, at: at, strike: strike}
	w.CA.Forget()
	w.Git.ResetRequests()
	f.lift = append(f.lift,
		w.CA.Fault(f.refuses, ca.Fault{Drop: true}),
		w.CA.Fault(f.silences, ca.Fault{DropAnswer: true}))
	for _, kind := range ca.Kinds {
		f.lift = append(f.lift, w.CA.After(kind, func() {
			if f.silenced.Load() {
				strike()
			}
		}))
	}
	switch at.Class {
	case gitUnheard:
		f.passes(at.N - 1)
		w.Git.Fail(git.Fault{Times: 1, Before: strike, Cut: true})
	case gitUnanswered:
		f.passes(at.N - 1)
		w.Git.Fail(git.Fault{Times: 1, After: strike})
	}
	return f
}

// passes lets requests to the repository through.
func (f *front) passes(n int) {
	if n > 0 {
		f.Git.Fail(git.Fault{Times: n})
	}
}

// refuses is asked for each request before the CA hears of it.
func (f *front) refuses(*ca.Request) bool {
	f.requests++
	if f.at == (point{caUnheard, f.requests}) {
		f.strike()
		return true
	}
	return f.dead.Load()
}

// silences is asked for each request that is not refused.
func (f *front) silences(*ca.Request) bool {
	hit := f.at == point{caUnanswered, f.requests}
	if hit {
		f.silenced.Store(true)
	}
	return hit
}

// cut lets nothing through any more.
func (f *front) cut() {
	f.dead.Store(true)
	f.Git.Fail(git.Fault{Cut: true})
}

func (f *front) heal() {
	for _, lift := range f.lift {
		lift()
	}
	f.Git.Heal()
}

// runs is one run of the program, in this process, to its end or to the point.
// It says what it met and whether it died.
func (w *world) runs(at point) (census, bool) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	m := &mortal{at: at}
	f := w.front(at, m.end)
	defer f.heal()
	m.die = func() { cancel(); f.cut() }
	m.watch(w.stateDir())
	defer m.disk.Close()
	b := w.plan
	b.mortal = m
	r, err := b.build(ctx, w.clock.now)
	if err == nil {
		if failure := r.Pass(ctx).Failure; failure != nil && !m.gone() {
			w.t.Errorf("the pass failed: %v", failure)
		}
		m.closing()
		sessions := w.sessions()
		_ = r.Close()
		if m.gone() {
			w.abandon(sessions)
		}
	}
	if m.gone() {
		return nil, true
	}
	seen := m.seen()
	seen[checkpoint] = len(m.disk.Changes())
	seen[caUnheard], seen[caUnanswered] = w.CA.Count(), w.CA.Count()
	seen[gitUnheard], seen[gitUnanswered] = len(w.Git.Requests()), len(w.Git.Requests())
	seen[beforeAnswer] += 0
	return seen, false
}

func (w *world) stateDir() string { return filepath.Join(w.Dir, "state") }

// sessions are the files by which stores say that their process lives.
func (w *world) sessions() []string {
	files, err := filepath.Glob(filepath.Join(w.stateDir(), "owners", "*"))
	if err != nil {
		w.t.Fatal(err)
	}
	return files
}

// abandon puts those files back, unlocked, as a process that is killed leaves
// them.
func (w *world) abandon(sessions []string) {
	w.t.Helper()
	for _, file := range sessions {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
}

// runsOutside is the same in a process of its own, which is killed by SIGKILL.
func (w *world) runsOutside(at point) (died bool) {
	w.t.Helper()
	started := make(chan *exec.Cmd, 1)
	victim := sync.OnceValue(func() *exec.Cmd { return <-started })
	f := w.front(at, func() { _ = victim().Process.Signal(syscall.SIGKILL) })
	defer f.heal()
	healthy := w.plan
	w.plan.Death, w.plan.Ahead = at, w.clock.add(0)
	cmd := w.child()
	w.plan = healthy
	started <- cmd
	err := cmd.Wait()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return false
	case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL:
		return true
	}
	w.t.Errorf("the process ended by itself: %v", err)
	return false
}
