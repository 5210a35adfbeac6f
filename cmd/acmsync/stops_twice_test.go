//go:build linux

package main

import (
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSecondSignalEndsAtOnce: while the daemon still waits for another process to
// let it write down where it was, whoever insists is obeyed, and nothing is lost.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	for _, second := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(second.String(), func(t *testing.T) {
			t.Parallel()
			s := beginStop(t)
			hung := hangStore(s)
			s.start()
			s.await(hung)
			s.daemon.signal(syscall.SIGTERM)
			// The first may take a moment to arrive.
			began := time.Now()
			for !s.daemon.endsWithin(50 * time.Millisecond) {
				if time.Since(began) > lingers/2 {
					t.Fatalf("it goes on:\n%s", s.daemon.said())
				}
				_ = s.daemon.process.Signal(second)
			}
			var exit *exec.ExitError
			if !errors.As(s.daemon.err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != second {
				t.Errorf("it ended by %v", s.daemon.err)
			}
			if strings.Contains(s.daemon.said(), "msg=stopped") {
				t.Error("it had ended by itself")
			}
			s.wantWhole()
			s.healAll()
			s.goesOn()
		})
	}
}

// lingers is how long one signal leaves it for its last writes, when somebody
// else has the database.
const lingers = 6 * time.Second
