package controller_test

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab/git"
)

func serverHook(name, script string) func(*world) func() {
	return func(w *world) func() {
		w.must(w.Git.Hook(name, script))
		return func() { w.must(w.Git.Hook(name, "")) }
	}
}

func lockedStatus(w *world) func() {
	unlock, err := w.Git.Lock("acm-status")
	w.must(err)
	return func() { w.must(unlock()) }
}

// rival pushes to the status branch whenever we are about to.
func rival(w *world) func() {
	w.Git.Fail(git.Fault{Method: "POST", Service: "git-receive-pack", Times: 2, Before: func() {
		_, err := w.Git.Push("acm-status", map[string]*string{"rival": git.Text(w.Git.Tip("acm-status"))}, "rival")
		w.must(err)
	}})
	return w.Git.Heal
}

func withoutBranch(name string) func(*world) func() {
	return func(w *world) func() {
		tip := w.Git.Tip(name)
		w.must(w.Git.DeleteBranch(name))
		return func() {
			if w.Git.Tip(name) == "" {
				w.must(w.Git.Reset(name, tip))
			}
		}
	}
}

func unrelated(w *world) func() {
	tip := w.Git.Tip("main")
	desired := apps(app("shop", "www.shop.example", "api.shop.example"))
	_, err := w.Git.ForcePush("main", map[string]*string{"apps.yaml": git.Text(desired)}, "mine")
	w.must(err)
	return func() { w.must(w.Git.Reset("main", tip)) }
}

func damagedObjects(w *world) func() {
	mend, err := w.Git.Damage()
	w.must(err)
	return func() { w.must(mend()) }
}

// instead puts something else in the place of desired state.
func instead(content string) func(*world) func() {
	return func(w *world) func() {
		tip := w.Git.Tip("main")
		w.push(content)
		return func() { w.must(w.Git.Reset("main", tip)) }
	}
}

// hostile replaces apps.yaml, or stands beside it.
func hostile(entry string) func(*world) func() {
	return func(w *world) func() {
		tip := w.Git.Tip("main")
		_, name, _ := strings.Cut(entry, " ")
		id := strings.TrimSpace(w.git("", "rev-parse", "main:apps.yaml"))
		listing := ""
		if name != "apps.yaml" {
			listing = w.rawEntry("100644 apps.yaml", id)
		}
		tree := strings.TrimSpace(w.git(w.rawEntry(entry, id)+listing, "hash-object", "-t", "tree", "--literally", "-w", "--stdin"))
		w.must(w.Git.Reset("main", w.commitOf(tree, "1800000000 +0000")))
		return func() { w.must(w.Git.Reset("main", tip)) }
	}
}

// hugePack is a branch that is larger than what is unpacked, on a server that
// cannot leave files out.
func hugePack(w *world) func() {
	tip := w.Git.Tip("main")
	w.must(w.Git.Configure("uploadpack.allowFilter", "false"))
	_, err := w.Git.Push("main", map[string]*string{"film": git.Text(strings.Repeat("x", 8<<20))}, "film")
	w.must(err)
	return func() { w.must(w.Git.Reset("main", tip)) }
}

// skewed commits desired state as it is, by clocks that are wrong.
func skewed(w *world) func() {
	tip := w.Git.Tip("main")
	tree := strings.TrimSpace(w.git("", "rev-parse", "main^{tree}"))
	for _, date := range []string{"4102444800 +0000", "0 +0000"} {
		w.must(w.Git.Reset("main", w.commitOf(tree, date)))
	}
	return func() { w.must(w.Git.Reset("main", tip)) }
}

// overSSH reaches the repository by SSH, at a server that shows another key than
// the one on file.
func overSSH(w *world) func() {
	s, err := git.NewSSH(git.Options{})
	w.must(err)
	w.t.Cleanup(func() { _ = s.Close() })
	dir := w.t.TempDir()
	key, known := filepath.Join(dir, "key"), filepath.Join(dir, "known_hosts")
	w.must(errors.Join(os.WriteFile(key, s.ClientKey(), 0o600), os.WriteFile(known, s.KnownHosts(), 0o600)))
	_, err = s.NewHostKey()
	w.must(err)
	repo, err := gitrepo.Open(gitrepo.Config{URL: s.URL(), Auth: gitrepo.Auth{SSHKeyFile: key, KnownHostsFile: known}})
	w.must(err)
	w.t.Cleanup(func() { _ = repo.Close() })
	before := w.Controller
	c := w.config
	c.Repo = repo
	w.Controller = controller.New(c)
	return func() { w.Controller = before }
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) git(stdin string, args ...string) string {
	w.t.Helper()
	out, err := w.Git.Git(stdin, args...)
	w.must(err)
	return out
}

func (w *world) rawEntry(entry, id string) string {
	w.t.Helper()
	raw, err := hex.DecodeString(id)
	w.must(err)
	return entry + "\x00" + string(raw)
}

func (w *world) commitOf(tree, date string) string {
	w.t.Helper()
	text := "tree " + tree + "\nparent " + w.Git.Tip("main") + "\nauthor A <a@b> " + date + "\ncommitter A <a@b> " + date + "\n\nx\n"
	return strings.TrimSpace(w.git(text, "hash-object", "-t", "commit", "--literally", "-w", "--stdin"))
}
