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
	// start [FILE] starts the lab; FILE is added to the settings.
	"start": (*world).start,
	// another starts a second CA and makes it the fallback: $SECOND; alone takes
	// it out of the settings again.
	"another": (*world).another,
	"alone": func(w *world, _ *testscript.TestScript, _ []string) error {
		_, err := w.lab.WriteSettings()
		return err
	},
	// ssh puts the repository behind SSH: $SSH, $LAB/ssh-key, $LAB/known-hosts.
	"ssh": (*world).startSSH,
	// point NAME... gives names the CNAME that the platform asks for.
	"point": (*world).point,
	// apex NAME... gives names the platform's address.
	"apex": (*world).apex,
	// dns NAME RECORD...
	"dns": (*world).dns,
	// texts FILE: the TXT records among the lines of a zone file.
	"texts": (*world).texts,
	// edge HOST BODY lets the edge answer 404 with BODY.
	"edge": (*world).edge,
	// tls HOST refuse|take: how the edge meets handshakes.
	"tls": (*world).tls,
	// elapse DURATION: what the store remembers was so much earlier.
	"elapse": (*world).elapse,
	// push [PATH=]FILE... commits files to main; -PATH deletes one.
	"push": (*world).push,
	// fault ca drop|STATUS|limit SECONDS|hang KIND|hold KIND,
	// fault git drop|hang|refuse|STATUS, fault clock DURATION, fault store lock.
	"fault": (*world).fault,
	// heal takes all faults back.
	"heal": (*world).mend,
	// count NAME N: so many certificates were issued for the name.
	"count": (*world).certificates,
	// asked ca|git|push|KIND N: so many requests since forget.
	"asked": (*world).asked,
	// forget starts counting requests afresh.
	"forget": (*world).forget,
	// mark BRANCH remembers a tip, still BRANCH compares.
	"mark": (*world).mark, "still": (*world).still,
	// show BRANCH PATH prints a file of the repository.
	"show": (*world).show,
	// await held: a request stands at fault ca hang or hold.
	// await BRANCH PATH TEXT: the file holds the text.
	"await": (*world).await,
	// took DURATION: at most so much time has passed since terminate.
	"took": (*world).took,
	// identity FILE writes an age identity; $RECIPIENT.
	"identity": (*world).identity,
	// brought FOLDER LIFETIME NAME... writes chain.pem, key.pem and key.age;
	// $SERIAL.
	"brought": (*world).brought,
	// secrets: there is none in any file of the status branch.
	"secrets": (*world).searchStatusBranch,
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

func (w *world) texts(ts *testscript.TestScript, args []string) error {
	found := false
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		name, record, _ := strings.Cut(strings.TrimSpace(line), ". ")
		if strings.HasPrefix(record, "TXT ") && !strings.HasPrefix(name, ";") {
			w.lab.DNS.Set(name, record)
			found = true
		}
	}
	if !found {
		return fmt.Errorf("%s has no TXT record", args[0])
	}
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
	if len(args) == 1 {
		return w.held.Load() > 0
	}
	content, err := w.lab.Git.Read(args[0], args[1])
	return err == nil && strings.Contains(string(content), args[2])
}

func (w *world) took(_ *testscript.TestScript, args []string) error {
	most, err := time.ParseDuration(args[0])
	if passed := time.Since(w.terminated); passed > most {
		return fmt.Errorf("it took %s", passed)
	}
	return err
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
