//go:build linux

package main

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/lab/git"
)

// trouble begins and is taken back.
type trouble struct {
	name  string
	begin func(*hour) (end func())
}

func caTrouble(match func(*ca.Request) bool, f ca.Fault) func(*hour) func() {
	return func(h *hour) func() { return h.CA.Fault(match, f) }
}

func gitTrouble(f git.Fault) func(*hour) func() {
	return func(h *hour) func() { h.Git.Fail(f); return h.Git.Heal }
}

func dnsTrouble(f dns.Fault) func(*hour) func() {
	f.Subtree = true
	return func(h *hour) func() {
		h.DNS.Fail("example", 0, f)
		return func() { h.DNS.Mend("example", 0) }
	}
}

func edgeTrouble(b edge.Behaviour) func(*hour) func() {
	return func(h *hour) func() {
		h.Edge.Behave("", b)
		return func() { h.Edge.Behave("", edge.Behaviour{}) }
	}
}

// hookTrouble has the hook do something else; see hook.
func hookTrouble(script string) func(*hour) func() {
	return func(h *hour) func() {
		h.hook(script)
		return func() { h.hook("exit 0") }
	}
}

// beside is another process of the program at the same store.
func beside(args ...string) func(*hour) func() {
	return func(h *hour) func() {
		cmd := exec.Command("acmsync", append(args, "--config", h.SettingsPath())...)
		if err := cmd.Start(); err != nil {
			h.t.Error(err)
			return func() {}
		}
		return func() { _ = cmd.Wait() }
	}
}

var hangs = ca.Fault{Delay: time.Hour}

var troubles = []trouble{
	{"CA: 503", caTrouble(nil, ca.Fault{Status: http.StatusServiceUnavailable})},
	{"git: hangs", gitTrouble(git.Fault{Hang: true})},
	{"CA: newOrder hangs", caTrouble(ca.Of(ca.NewOrder), hangs)},
	{"hook fails", hookTrouble("exit 7")},
	{"DNS: silent", dnsTrouble(dns.Fault{Silent: true})},
	{"CA: answers lost", caTrouble(nil, ca.Fault{DropAnswer: true})},
	{"git: 503", gitTrouble(git.Fault{Status: http.StatusServiceUnavailable})},
	{"edge: hangs", edgeTrouble(edge.Behaviour{Hang: true})},
	{"CA: connections cut", caTrouble(nil, ca.Fault{Drop: true})},
	{"git: a hook refuses pushes", func(h *hour) func() {
		h.must(h.Git.Hook("pre-receive", "exit 1"))
		return func() { h.must(h.Git.Hook("pre-receive", "")) }
	}},
	{"sync beside it", beside("sync", "--timeout", "5s")},
	{"CA: finalize hangs", caTrouble(ca.Of(ca.Finalize), hangs)},
	{"DNS: SERVFAIL", dnsTrouble(dns.Fault{Rcode: 2})},
	{"git: cut in the middle", gitTrouble(git.Fault{CutAfter: 100})},
	{"CA: slow", caTrouble(nil, ca.Fault{Delay: time.Second})},
	{"edge: 503", edgeTrouble(edge.Behaviour{Status: http.StatusServiceUnavailable})},
	{"git: status branch locked", func(h *hour) func() {
		unlock, err := h.Git.Lock("acm-status")
		if errors.Is(err, fs.ErrExist) {
			return func() {} // a push was under way
		}
		h.must(err)
		return func() { h.must(unlock()) }
	}},
	{"CA: authorizations hang", caTrouble(ca.Of(ca.Authz), hangs)},
	{"hook hangs", hookTrouble("exec sleep 60")},
	{"CA: 429", func(h *hour) func() {
		f := ca.Refusal(ca.Problem{Type: "rateLimited", Status: http.StatusTooManyRequests, Detail: "too many new orders recently"})
		f.Header.Set("Retry-After", "2")
		return h.CA.Fault(ca.Writes(ca.NewOrder), f)
	}},
	{"edge: no TLS", edgeTrouble(edge.Behaviour{NoTLS: true})},
	{"git: pushes lost", gitTrouble(git.Fault{Service: "git-receive-pack", Lose: true})},
	{"CA: download hangs", caTrouble(ca.Of(ca.Cert), hangs)},
	{"plan beside it", beside("plan")},
}

// hook sets what the deploy hook does from now on.
func (h *hour) hook(script string) {
	path := filepath.Join(h.Dir, "hook")
	err := os.WriteFile(path+".new", []byte(script+"\n"), 0o600)
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	h.must(err)
}
