package main

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/git"
)

func (w *world) fault(_ *testscript.TestScript, args []string) error {
	if len(args) < 2 {
		return errors.New("usage: lab fault ca|git|clock|store what")
	}
	switch args[0] {
	case "ca":
		return w.faultCA(args[1], args[2:]...)
	case "git":
		return w.faultGit(args[1])
	case "store":
		return w.lockStore()
	default:
		skew, err := time.ParseDuration(args[1])
		w.lab.CA.SkewDate(skew)
		return err
	}
}

func (w *world) faultGit(what string) error {
	if what == "refuse" {
		w.heal = append(w.heal, func() { _ = w.lab.Git.Hook("pre-receive", "") })
		return w.lab.Git.Hook("pre-receive", "#!/bin/sh\necho 'this branch is protected' >&2\nexit 1\n")
	}
	fault := git.Fault{Hang: what == "hang", Cut: what == "drop"}
	if !fault.Hang && !fault.Cut {
		status, err := strconv.Atoi(what)
		if err != nil {
			return err
		}
		fault.Status = status
	}
	w.lab.Git.Fail(fault)
	return nil
}

// lockStore keeps other processes from opening the store, as one does that is
// making its tables.
func (w *world) lockStore() error {
	dir, err := os.Open(filepath.Join(w.lab.Dir, "state"))
	if err != nil {
		return err
	}
	w.heal = append(w.heal, func() { _ = dir.Close() })
	return syscall.Flock(int(dir.Fd()), syscall.LOCK_EX)
}

func (w *world) faultCA(what string, more ...string) error {
	switch what {
	case "drop":
		w.heal = append(w.heal, w.lab.CA.Fault(nil, ca.Fault{Drop: true}))
	case "hang": // never answers, and never does it
		arrived := w.lab.CA.Before(ca.Kind(more[0]), func() { w.held.Add(1) })
		w.heal = append(w.heal, arrived, w.lab.CA.Fault(ca.Writes(ca.Kind(more[0])), ca.Fault{Delay: time.Hour}))
	case "hold": // does it when it is healed
		healed := make(chan struct{})
		remove := w.lab.CA.Before(ca.Kind(more[0]), func() { w.held.Add(1); <-healed })
		w.heal = append(w.heal, func() { remove(); close(healed) })
	case "limit": // once
		refusal := ca.Refusal(ca.Problem{Type: "rateLimited", Status: 429, Detail: "too many new orders recently"})
		refusal.Times, refusal.Header = 1, http.Header{"Retry-After": {more[0]}}
		w.heal = append(w.heal, w.lab.CA.Fault(ca.Writes(ca.NewOrder), refusal))
	default:
		status, err := strconv.Atoi(what)
		if err != nil {
			return err
		}
		w.heal = append(w.heal, w.lab.CA.Fault(nil, ca.Fault{Status: status}))
	}
	return nil
}

func (w *world) mend(*testscript.TestScript, []string) error {
	for _, lift := range w.heal {
		lift()
	}
	w.heal = nil
	w.held.Store(0)
	w.lab.CA.SkewDate(0)
	w.lab.Git.Heal()
	return nil
}
