package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/acmsync/acmsync/internal/lab"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/lab/git"
)

// patience bounds how long a script awaits something.
const patience = 30 * time.Second

// labCommands are what scripts say after the word lab.
var labCommands = map[string]func(*world, *testscript.TestScript, []string) error{
	"start":   (*world).start,              // start [FILE]: FILE is added to the settings
	"ssh":     (*world).startSSH,           // the repository behind SSH: $SSH, $LAB/ssh-key, $LAB/known-hosts
	"point":   (*world).point,              // point NAME...: the CNAME the platform asks for
	"apex":    (*world).apex,               // apex NAME...: the platform's address
	"dns":     (*world).dns,                // dns NAME RECORD...
	"edge":    (*world).edge,               // edge HOST BODY: the edge answers 404 with BODY
	"push":    (*world).push,               // push [PATH=]FILE|-PATH...
	"fault":   (*world).fault,              // fault ca|git drop|hang|STATUS, fault ca hold KIND, fault clock 10m
	"heal":    (*world).mend,               // takes all faults back
	"count":   (*world).certificates,       // count NAME N: certificates issued for the name
	"asked":   (*world).asked,              // asked ca|git|push N: requests since forget
	"forget":  (*world).forget,             // starts counting afresh
	"mark":    (*world).mark,               // mark BRANCH: remembers the tip
	"still":   (*world).still,              // still BRANCH: the tip is the one remembered
	"show":    (*world).show,               // show BRANCH PATH: to standard output
	"await":   (*world).await,              // await KIND N: requests to the CA; await BRANCH PATH TEXT
	"secrets": (*world).searchStatusBranch, // no secret in any file of the status branch
}

func labCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 || labCommands[args[0]] == nil {
		ts.Fatalf("usage: lab command..., see labCommands")
	}
	w := worldOf(ts)
	if w.lab == nil && args[0] != "start" {
		ts.Fatalf("lab start comes first")
	}
	ts.Check(labCommands[args[0]](w, ts, args[1:]))
}

func (w *world) start(ts *testscript.TestScript, args []string) error {
	dir := ts.MkAbs("lab")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	l, err := lab.New(lab.Options{Dir: dir})
	if err != nil {
		return err
	}
	w.lab = l
	if len(args) > 0 {
		l.Extra = ts.ReadFile(args[0])
	}
	ts.Setenv("LAB", dir)
	ts.Setenv("CA", l.CA.URL())
	ts.Setenv("DNS", l.DNS.Addr())
	ts.Setenv("GIT", l.Git.URL())
	ts.Setenv("REPO", l.Git.Dir())
	ts.Setenv("ACMSYNC_CONFIG", l.SettingsPath())
	_, err = l.WriteSettings()
	return err
}

func (w *world) startSSH(ts *testscript.TestScript, _ []string) (err error) {
	if w.ssh, err = git.NewSSH(git.Options{}); err != nil {
		return err
	}
	ts.Setenv("SSH", w.ssh.URL())
	for name, content := range map[string][]byte{"ssh-key": w.ssh.ClientKey(), "known-hosts": w.ssh.KnownHosts()} {
		if err := os.WriteFile(filepath.Join(w.lab.Dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) point(_ *testscript.TestScript, names []string) error {
	w.lab.Point(names...)
	return nil
}

func (w *world) apex(_ *testscript.TestScript, names []string) error {
	w.lab.PointApex(names...)
	return nil
}

func (w *world) dns(_ *testscript.TestScript, args []string) error {
	w.lab.DNS.Set(args[0], args[1:]...)
	return nil
}

func (w *world) edge(_ *testscript.TestScript, args []string) error {
	w.lab.Edge.Behave(args[0], edge.Behaviour{Status: 404, Body: args[1]})
	return nil
}

func (w *world) push(ts *testscript.TestScript, args []string) error {
	files := map[string]*string{}
	for _, arg := range args {
		if path, ok := strings.CutPrefix(arg, "-"); ok {
			files[path] = nil
			continue
		}
		path, file, ok := strings.Cut(arg, "=")
		if !ok {
			file = path
		}
		files[path] = git.Text(ts.ReadFile(file))
	}
	repo := w.lab.Git.Repository
	if w.ssh != nil {
		repo = w.ssh.Repository
	}
	commit, err := repo.Push("main", files, "a push of the script")
	ts.Setenv("PUSHED", commit)
	return err
}

func (w *world) fault(_ *testscript.TestScript, args []string) error {
	status, err := strconv.Atoi(args[1])
	switch {
	case args[0] == "clock":
		skew, err := time.ParseDuration(args[1])
		w.lab.CA.SkewDate(skew)
		return err
	case args[0] == "git" && args[1] == "hang":
		w.lab.Git.Fail(git.Fault{Hang: true})
	case args[0] == "git" && args[1] == "drop":
		w.lab.Git.Fail(git.Fault{Cut: true})
	case args[0] == "git" && err == nil:
		w.lab.Git.Fail(git.Fault{Status: status})
	case args[0] == "ca" && args[1] == "hang":
		match := ca.Of()
		if len(args) > 2 {
			match = ca.Writes(ca.Kind(args[2]))
		}
		w.heal = append(w.heal, w.lab.CA.Fault(match, ca.Fault{Delay: time.Hour}))
	case args[0] == "ca" && args[1] == "hold":
		held := make(chan struct{})
		remove := w.lab.CA.Before(ca.Kind(args[2]), func() { <-held })
		w.heal = append(w.heal, func() { remove(); close(held) })
	case args[0] == "ca" && args[1] == "drop":
		w.heal = append(w.heal, w.lab.CA.Fault(nil, ca.Fault{Drop: true}))
	case args[0] == "ca" && err == nil:
		w.heal = append(w.heal, w.lab.CA.Fault(nil, ca.Fault{Status: status}))
	default:
		return fmt.Errorf("no fault %v", args)
	}
	return nil
}

func (w *world) mend(*testscript.TestScript, []string) error {
	for _, lift := range w.heal {
		lift()
	}
	w.heal = nil
	w.lab.CA.SkewDate(0)
	w.lab.Git.Heal()
	return nil
}

func (w *world) certificates(_ *testscript.TestScript, args []string) error {
	if got := len(w.lab.CA.CertificatesFor(args[0])); strconv.Itoa(got) != args[1] {
		return fmt.Errorf("%d certificates were issued for %s, not %s", got, args[0], args[1])
	}
	return nil
}

func (w *world) asked(_ *testscript.TestScript, args []string) error {
	got := 0
	switch args[0] {
	case "ca":
		got = w.lab.CA.Count()
	case "git":
		got = len(w.lab.Git.Requests())
	case "push":
		for _, r := range w.lab.Git.Requests() {
			if r.Service == "git-receive-pack" {
				got++
			}
		}
	default:
		got = w.lab.CA.Count(ca.Kind(args[0]))
	}
	if strconv.Itoa(got) != args[1] {
		return fmt.Errorf("%s was asked %d times, not %s", args[0], got, args[1])
	}
	return nil
}

func (w *world) forget(*testscript.TestScript, []string) error {
	w.lab.CA.Forget()
	w.lab.Git.ResetRequests()
	return nil
}

func (w *world) mark(_ *testscript.TestScript, args []string) error {
	w.tips[args[0]] = w.lab.Git.Tip(args[0])
	return nil
}

func (w *world) still(_ *testscript.TestScript, args []string) error {
	if got := w.lab.Git.Tip(args[0]); got != w.tips[args[0]] {
		return fmt.Errorf("branch %s moved from %q to %q", args[0], w.tips[args[0]], got)
	}
	return nil
}

func (w *world) show(ts *testscript.TestScript, args []string) error {
	repo := w.lab.Git.Repository
	if w.ssh != nil {
		repo = w.ssh.Repository
	}
	content, err := repo.Read(args[0], args[1])
	if err == nil {
		_, err = ts.Stdout().Write(content)
	}
	return err
}

func (w *world) await(_ *testscript.TestScript, args []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !w.happened(args) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%v did not happen within %s", args, patience)
		}
	}
	return nil
}

func (w *world) happened(args []string) bool {
	if len(args) == 2 {
		n, err := strconv.Atoi(args[1])
		return err == nil && w.lab.CA.Count(ca.Kind(args[0])) >= n
	}
	content, err := w.lab.Git.Read(args[0], args[1])
	return err == nil && strings.Contains(string(content), args[2])
}

func (w *world) searchStatusBranch(ts *testscript.TestScript, _ []string) error {
	files, err := w.lab.Git.Files("acm-status")
	if err != nil {
		return err
	}
	if !slices.Contains(files, "summary.yaml") {
		return fmt.Errorf("there is no status on the branch, but %v", files)
	}
	for _, file := range files {
		content, err := w.lab.Git.Read("acm-status", file)
		if err != nil {
			return err
		}
		w.searchSecrets(ts, file, string(content))
	}
	return nil
}
