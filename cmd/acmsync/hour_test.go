//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/acmsync/acmsync/internal/lab"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/status"
)

// hour is a daemon in a lab, with people who push and troubles that come and go.
type hour struct {
	t *testing.T
	*lab.Lab
	people *people
	daemon *daemon
	seen   series
	met    map[string]int // troubles
}

// pace is how time is spent. The short form is over in seconds and shows that
// all of it works; only the long one can show that nothing grows slowly.
type pace struct {
	length, change, look, trouble, calm time.Duration
	judged                              bool // the readings are enough to see growth
}

func chosenPace(t *testing.T) pace {
	t.Helper()
	text := os.Getenv("ACMSYNC_SOAK")
	if text == "" {
		return pace{8 * time.Second, 400 * time.Millisecond, 400 * time.Millisecond, 400 * time.Millisecond, 200 * time.Millisecond, false}
	}
	length, err := time.ParseDuration(text)
	if err != nil || length < time.Minute {
		t.Fatalf("ACMSYNC_SOAK is %q, want a duration of a minute or more, like 1h", text)
	}
	return pace{length, 3 * time.Second, 5 * time.Second, 8 * time.Second, 7 * time.Second, length >= 10*time.Minute}
}

// TestHourOfRun: `acmsync run` uses after an hour of changes and troubles what it
// used after the first minutes, has then done all that it was asked, and ends
// when it is told to. ACMSYNC_SOAK=1h (make soak) is the hour; without it, it
// takes seconds.
func TestHourOfRun(t *testing.T) {
	if testing.Short() {
		t.Skip("a whole installation at work")
	}
	t.Parallel()
	p := chosenPace(t)
	h := beginHour(t)
	h.awaitReady()
	rest, before := h.daemon.read(), h.sizes()
	h.spend(p)
	h.people.settle()
	h.awaitReady()
	h.wantRest(rest)
	h.wantOneAnIntent()
	after := h.sizes()
	if took, code := h.daemon.stop(); code != exitOK {
		t.Errorf("it ended with %d after %s", code, took)
	}
	h.wantTidy(after)
	t.Logf("%d changes %v\n%d troubles %v\n%d certificates\nbefore: %v\nafter:  %v\nleast, middle and most in each tenth of %d readings:\n%s",
		h.people.n, h.people.done, sum(h.met), h.met, len(h.CA.Certificates()), before, after, len(h.seen), h.seen.table())
	if p.judged {
		for _, grown := range h.seen.growth() {
			t.Error(grown)
		}
	}
	if t.Failed() {
		t.Log(tail(h.daemon.said()))
	}
}

// beginHour starts the lab, the people and the daemon.
func beginHour(t *testing.T) *hour {
	t.Helper()
	l, err := lab.New(lab.Options{Dir: t.TempDir(), Validity: 15 * time.Minute})
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
	h := &hour{t: t, Lab: l, met: map[string]int{}}
	h.hook("exit 0")
	l.Extra = fmt.Sprintf("  - {name: copy, files: {dir: %[1]s/copy}, hook: [/bin/sh, %[1]s/hook], hookTimeout: 5s}\n", l.Dir) +
		"policy: {revokeAfter: 20s, maxRemovals: 100%}\ndaemon: {interval: 1s}\n"
	settings, err := l.WriteSettings()
	h.must(err)
	h.people = newPeople(h)
	h.people.push(h.people.apps)
	h.daemon = startDaemon(t, settings)
	return h
}

func (h *hour) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Error(err)
	}
}

// spend lets the time pass: each of the three has its own clock, and only this
// goroutine acts.
func (h *hour) spend(p pace) {
	change, look, turn := time.NewTicker(p.change), time.NewTicker(p.look), time.NewTimer(p.calm)
	defer change.Stop()
	defer look.Stop()
	var end func()
	for over := time.After(p.length); ; {
		select {
		case <-change.C:
			h.people.next()
		case <-look.C:
			h.seen = append(h.seen, h.daemon.read())
		case <-turn.C:
			if end = h.turn(end); end != nil {
				turn.Reset(p.trouble)
			} else {
				turn.Reset(p.calm)
			}
		case <-over:
			if end != nil {
				end()
			}
			return
		}
	}
}

// turn ends a trouble or begins the next.
func (h *hour) turn(end func()) func() {
	if end != nil {
		end()
		return nil
	}
	next := troubles[sum(h.met)%len(troubles)]
	h.met[next.name]++
	return next.begin(h)
}

func sum(counts map[string]int) (n int) {
	for _, m := range counts {
		n += m
	}
	return n
}

// settling is how long a backoff from the troubles may still hold something up.
const settling = 20 * time.Minute

// awaitReady waits until every name that is wanted has its certificate, the
// edge serves it, what is not wanted is gone, and nothing is under way. The CA
// may keep an order whose name left, or needed it no more, before it was used.
func (h *hour) awaitReady() {
	h.t.Helper()
	deadline := time.After(settling)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for why := h.unready(); why != ""; why = h.unready() {
		select {
		case <-tick.C:
		case <-h.daemon.ended:
			h.t.Fatalf("the daemon ended: %v\n%s", h.daemon.err, tail(h.daemon.said()))
		case <-deadline:
			h.t.Fatalf("not ready: %s\n%s", why, tail(h.daemon.said()))
		}
	}
}

func (h *hour) unready() string {
	raw, err := h.Git.Read("acm-status", "summary.yaml")
	if err != nil {
		return "no status"
	}
	var s status.Summary
	if err := yaml.Unmarshal(raw, &s); err != nil {
		return err.Error()
	}
	names := h.people.names()
	if s.Observed.Revision != h.Git.Tip("main") || s.Ready != len(names) || s.ByStatus.CertIssued != s.Domains {
		return fmt.Sprintf("%d names are wanted, and the status at %s says\n%s", len(names), h.Git.Tip("main"), raw)
	}
	if open := h.openOrders(); len(open) > 0 {
		return fmt.Sprintf("orders are open in the store: %q", open)
	}
	if stray := append(h.strays("live"), h.strays("copy")...); len(stray) > 0 {
		return fmt.Sprintf("in the deploy folders: %q", stray)
	}
	for _, name := range names {
		if _, err := h.Handshake(name); err != nil {
			return name + ": " + err.Error()
		}
	}
	return ""
}

// tail is the end of a log.
func tail(log string) string {
	lines := strings.SplitAfter(log, "\n")
	return strings.Join(lines[max(0, len(lines)-60):], "")
}

// sizes are those of what lies on the disk, in KiB, with how many files or rows
// there are.
func (h *hour) sizes() map[string][2]int64 {
	found := h.rows()
	for what, pattern := range map[string]string{
		"store": "state/acmsync.db*", "git objects": "state/git/*", "deploy folder": "live/.versions/*/*/*",
	} {
		files, err := filepath.Glob(filepath.Join(h.Dir, pattern))
		h.must(err)
		var bytes int64
		for _, file := range files {
			if info, err := os.Stat(file); err == nil {
				bytes += info.Size()
			}
		}
		found[what] = [2]int64{bytes >> 10, int64(len(files))}
	}
	return found
}
