package gitrepo_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab/git"
)

// stage is one answer of git's protocol.
type stage struct{ method, service string }

var stages = map[string][]stage{
	"http": {
		{"GET", "git-upload-pack"}, {"POST", "git-upload-pack"}, {"GET", "git-receive-pack"}, {"POST", "git-receive-pack"},
	},
	"ssh": {{"", git.Connect}, {"", "git-upload-pack"}, {"", "git-receive-pack"}},
}

// somewhere are places in an answer of n bytes: all of the first few, where the
// lengths and names are, and then some of each stretch.
func somewhere(n int64) []int64 {
	var at []int64
	step := max(n/12, 1)
	for i := int64(1); i < n; i++ {
		if i <= 6 || i%step == 0 || i == n-1 {
			at = append(at, i)
		}
	}
	return at
}

// length is how long the longest answer of a stage is when all is well.
func length(s *site, of stage) int64 {
	var longest int64 = 400 // an SSH handshake takes some more
	requests := []git.Request{}
	if s.web != nil {
		requests, longest = s.web.Requests(), 0
	} else if of.service != git.Connect {
		requests, longest = s.ssh.Requests(), 0
	}
	for _, r := range requests {
		if r.Method == of.method && r.Service == of.service {
			longest = max(longest, r.Sent)
		}
	}
	return longest
}

// TestCutAnywhere: an answer that breaks off is an error, whichever byte was the
// last, and never a repository with less in it. A push that was cut off is there
// once or not at all, and once after the next try.
func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	anywhere(t, func(s stage, at int64) git.Fault {
		return git.Fault{Method: s.method, Service: s.service, CutAfter: at}
	})
}

// TestFlippedBitAnywhere: neither is one that arrives with a bit changed.
func TestFlippedBitAnywhere(t *testing.T) {
	t.Parallel()
	anywhere(t, func(s stage, at int64) git.Fault {
		return git.Fault{Method: s.method, Service: s.service, Flip: at, Times: 1}
	})
}

func anywhere(t *testing.T, fault func(stage, int64) git.Fault) {
	if testing.Short() {
		t.Skip("some hundred faults")
	}
	for over, all := range stages {
		for _, of := range all {
			t.Run(fmt.Sprintf("%s %s %s", over, of.method, of.service), func(t *testing.T) {
				t.Parallel()
				s := sites(t)[over]
				whole := s.Tip("status")
				work(t, s, "while all is well")
				places := somewhere(length(s, of))
				if len(places) < 12 {
					t.Fatalf("only %v to cut at", places)
				}
				for _, at := range places {
					if err := s.Reset("status", whole); err != nil {
						t.Fatal(err)
					}
					s.fail(fault(of, at))
					_ = attempt(t, s, at)
					s.heal()
					work(t, s, fmt.Sprint("after a fault at byte ", at))
				}
			})
		}
	}
}

// attempt reads and writes; either may fail, and then says so properly.
func attempt(t *testing.T, s *site, at int64) error {
	t.Helper()
	brief := s.config
	brief.Timeout = time.Second // a wrong length is waited for
	r := open(t, brief)
	files, err := read(r)
	if err == nil && files["apps.yaml"] != "desired" {
		t.Errorf("byte %d: read %v", at, files)
	}
	_, changed, err2 := r.Commit(context.Background(), change("status", map[string]string{"a": "1"}))
	if err2 == nil && !changed {
		t.Errorf("byte %d: nothing to push", at)
	}
	for _, err := range []error{err, err2} {
		if err != nil && !explainedError(err) {
			t.Errorf("byte %d: %T %v", at, err, err)
		}
	}
	return errors.Join(err, err2)
}

// work does what attempt does, and must succeed. The report is there once.
func work(t *testing.T, s *site, when string) {
	t.Helper()
	r := open(t, s.config)
	if files, err := read(r); err != nil || files["apps.yaml"] != "desired" {
		t.Fatalf("%s: read %v, %v", when, files, err)
	}
	if _, _, err := r.Commit(context.Background(), change("status", map[string]string{"a": "1"})); err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	if log, err := s.Log("status"); err != nil || len(log) != 2 {
		t.Fatalf("%s: %d commits, %v; want 2", when, len(log), err)
	}
}

// explainedError reports whether an error is one of those that say what to do.
func explainedError(err error) bool {
	var moved *gitrepo.MovedError
	return isAuth(err) || isUnreachable(err) || isRefused(err) || isLocked(err) || errors.As(err, &moved) ||
		errors.As(err, new(*gitrepo.HostKeyError)) || errors.Is(err, gitrepo.ErrNoBranch)
}
