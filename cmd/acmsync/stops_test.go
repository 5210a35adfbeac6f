//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/status"
)

// stop is a lab with a daemon that is told to end while something hangs.
type stop struct {
	t *testing.T
	*lab.Lab
	daemon *daemon
	flags  []string // of the daemon that is stopped
	heal   []func()
	named  string // a file that says that a program hangs
	goesOn func() // what the next run does, where it is not what is usual
}

const stopped = "www.shop.example"

// TestStoppedWhateverHangs: SIGTERM ends the daemon within ten seconds with exit
// code 0, nothing it started stays behind, and the next run gets to the end of
// the same work at once, with one certificate.
func TestStoppedWhateverHangs(t *testing.T) {
	if testing.Short() {
		t.Skip("two processes for each thing that hangs")
	}
	t.Parallel()
	for name, hang := range hanging {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := beginStop(t)
			hung := hang(s)
			s.start()
			s.await(hung)
			if took, code := s.daemon.stop(); code != exitOK {
				t.Errorf("exit code %d after %s", code, took)
			}
			if said := s.daemon.said(); !strings.Contains(said, "msg=stopped") {
				t.Errorf("it does not say that it stopped")
			}
			if left := orphans(t, s.Dir); len(left) > 0 {
				t.Errorf("processes are left: %q", left)
			}
			s.wantWhole()
			s.healAll()
			s.goesOn()
			if t.Failed() {
				t.Log(s.daemon.said())
			}
		})
	}
}

func beginStop(t *testing.T) *stop {
	t.Helper()
	l, err := lab.New(lab.Options{Dir: t.TempDir()})
	if errors.Is(err, git.ErrNoGit) && os.Getenv("CI") != "true" {
		t.Skip("git is not installed")
	}
	if err != nil {
		t.Fatal(err)
	}
	s := &stop{t: t, Lab: l, named: filepath.Join(l.Dir, "hung")}
	s.goesOn = s.wantIssued
	t.Cleanup(func() {
		s.healAll()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	l.Point(stopped)
	s.push("http-01")
	return s
}

func (s *stop) push(challenge string) {
	s.t.Helper()
	text := fmt.Sprintf("apiVersion: acmsync/v1\napps:\n  - {name: shop, challenge: %s, domains: [%s]}\n", challenge, stopped)
	if _, err := s.Git.Push("main", map[string]*string{"apps.yaml": git.Text(text)}, "edit"); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stop) start() {
	s.t.Helper()
	settings, err := s.WriteSettings()
	if err != nil {
		s.t.Fatal(err)
	}
	s.daemon = startDaemon(s.t, settings, s.flags...)
}

func (s *stop) await(happened func() bool) {
	s.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !happened() {
		select {
		case <-tick.C:
		case <-s.daemon.ended:
			s.t.Fatalf("the daemon ended by itself: %v\n%s", s.daemon.err, s.daemon.said())
		case <-deadline:
			s.t.Fatalf("nothing hangs\n%s", s.daemon.said())
		}
	}
}

func (s *stop) healAll() {
	for _, heal := range s.heal {
		heal()
	}
	s.heal = nil
}

func (s *stop) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// wantWhole: the store is in order, and what lies in the deploy folder is a
// pair, or nothing.
func (s *stop) wantWhole() {
	s.t.Helper()
	path := filepath.Join(s.Dir, "state", "acmsync.db")
	if _, err := os.Stat(path); err == nil {
		wantSound(s.t, path)
	}
	folder := filepath.Join(s.LiveDir(), stopped)
	_, missing := os.Stat(folder)
	if err := wholePair(folder); err != nil && missing == nil {
		s.t.Errorf("no whole pair in %s: %v", folder, err)
	}
}

// wantIssued: one more run finds the work due, and does the rest of it.
func (s *stop) wantIssued() {
	s.t.Helper()
	if code, out := s.sync(); code != exitOK {
		s.t.Errorf("the next run ends with %d:\n%s", code, out)
	}
	if n := len(s.CA.CertificatesFor(stopped)); n != 1 {
		s.t.Errorf("%d certificates were issued", n)
	}
	raw, err := s.Git.Read("acm-status", "apps/shop.yaml")
	s.must(err)
	app, err := status.Parse(raw)
	s.must(err)
	if app.Status != "Cert Issued" || !app.Domains[0].Ready {
		s.t.Errorf("the status says %s:\n%s", app.Status, raw)
	}
	if _, err := s.Handshake(stopped); err != nil {
		s.t.Error(err)
	}
}

func (s *stop) sync(flags ...string) (code int, out string) {
	s.t.Helper()
	said, err := exec.Command("acmsync", append([]string{"sync", "--config", s.SettingsPath()}, flags...)...).CombinedOutput()
	code, err = exitCode(err)
	s.must(err)
	return code, string(said)
}
