package main

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/lab/git"
)

// TestBadGit: what a git server, or something in front of it, may answer, and
// what the operator then reads.
func TestBadGit(t *testing.T) {
	t.Parallel()
	a := newAiling(t)
	var told []met
	for _, c := range gitFaults {
		a.push("www.healthy.test", "www."+noLetters.ReplaceAllString(c.name, "-")+".test") // there is something to fetch and to push
		a.Git.Fail(c.fault)
		said := a.command("sync", "--timeout", "60s")
		a.Git.Heal()
		told = append(told, met{c.name, "the answer to " + c.fault.Service + ": " + c.seen + "\n$ acmsync sync\n" + said})
	}
	told = append(told, a.badRepositories()...)
	told = append(told, a.badSSH()...)
	checkMet(t, "git", 25, told)
}

const (
	fetching, pushing = "git-upload-pack", "git-receive-pack"
	packet            = "0008NAK\n"
)

// gitFaults are answers to a fetch or a push over HTTP.
var gitFaults = []struct {
	name, seen string
	fault      git.Fault
}{
	{"a token that is refused", "401", git.Fault{Service: fetching, Status: 401}},
	{"a token that may not read", "403", git.Fault{Service: fetching, Status: 403}},
	{"a repository that is not there", "404", git.Fault{Service: fetching, Status: 404}},
	{"too many questions", "429, Retry-After: 60", git.Fault{Service: fetching, Status: 429, Header: http.Header{"Retry-After": {"60"}}}},
	{"a server that is down", "503", git.Fault{Service: fetching, Status: 503}},
	{"a redirect", "302", git.Fault{Service: fetching, Status: 302, Header: http.Header{"Location": {"https://127.0.0.1:1/"}}}},
	{"a page to sign in", "200, HTML", git.Fault{Service: fetching, Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>Sign in</html>"}},
	{"nothing at all", "200, no body", git.Fault{Service: fetching, Empty: true}},
	{"a connection that is cut", "the connection is cut", git.Fault{Service: fetching, Cut: true}},
	{"a list that is cut off", "90 bytes", git.Fault{Service: fetching, Method: "GET", CutAfter: 90}},
	{"a pack that is cut off", "20 bytes", git.Fault{Service: fetching, Method: "POST", CutAfter: 20}},
	{"a list with control characters", "200, ERR with control characters", git.Fault{
		Service: fetching, Method: "GET", Status: 200, Header: http.Header{"Content-Type": {"application/x-git-upload-pack-advertisement"}},
		Body: "001e# service=git-upload-pack\n00000018ERR \x1b[2Jgo away\x07\u202e\n",
	}},
	{"a pack that is none", "200, a pack of noise", git.Fault{
		Service: fetching, Method: "POST", Status: 200, Header: http.Header{"Content-Type": {"application/x-git-upload-pack-result"}},
		Body: packet + "0010\x02hello dear\n" + "000d\x01PACKjunk" + "0000",
	}},
	{"a push without permission", "403", git.Fault{Service: pushing, Status: 403}},
	{"a push that is cut", "the connection is cut", git.Fault{Service: pushing, Method: "POST", Cut: true}},
}

// met is one more that the operator met.
func (a *ailing) tells(name, seen string, args ...string) met {
	return met{name, seen + "\n$ acmsync " + steady(strings.ReplaceAll(strings.Join(args, " "), a.Dir, "DIR")) + "\n" + a.command(args...)}
}

// badRepositories are no repositories, or hold nothing of use.
func (a *ailing) badRepositories() []met {
	a.t.Helper()
	a.must(a.Git.Hook("pre-receive", "echo \"\x1b[31mthis branch is protected\" >&2; exit 1"))
	a.push("www.healthy.test", "www.declined.test")
	told := []met{a.tells("a hook that declines", "a pre-receive hook", "sync")}
	a.must(a.Git.Hook("pre-receive", ""))
	plain := filepath.Join(a.Dir, "plain")
	a.must(os.Mkdir(plain, 0o700))
	return append(
		told,
		a.tells("a branch that is not there", "no such branch", "sync", "--set", "repository.branch=mian"),
		a.tells("a folder that is no repository", "an empty folder", "sync", "--set", "repository.url="+plain),
		a.tells("a path that is not there", "no such folder", "sync", "--set", "repository.url="+plain+"/nowhere"),
		a.tells("a port where nobody listens", "refused", "sync", "--set", "repository.url=http://127.0.0.1:1/x.git"),
		a.tells("a root of the git server that is none", "acmsync.yaml for a certificate", "sync", "--set", "repository.auth.caFile="+a.SettingsPath()),
	)
}

// badSSH are keys that open nothing, and servers that are not who they were.
func (a *ailing) badSSH() []met {
	a.t.Helper()
	server, err := git.NewSSH(git.Options{})
	a.must(err)
	a.t.Cleanup(func() { _ = server.Close() })
	file := func(name, content string) string {
		path := filepath.Join(a.Dir, name)
		a.must(os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	key, known := file("ssh-key", string(server.ClientKey())), file("known-hosts", string(server.KnownHosts()))
	noKey, noHosts, otherHosts := file("no-key", "hello\n"), file("no-hosts", "hello\n"), file("other-hosts", "git.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n")
	other, err := git.NewSSH(git.Options{})
	a.must(err)
	a.t.Cleanup(func() { _ = other.Close() })
	otherKey := file("other-key", string(other.ClientKey()))
	with := func(key, known string) []string {
		return []string{"sync", "--set", "repository.url=" + server.URL(), "--set", "repository.auth.sshKeyFile=" + key, "--set", "repository.auth.knownHostsFile=" + known}
	}
	told := []met{
		a.tells("a key of SSH that is none", "no-key: hello", with(noKey, known)...),
		a.tells("a key of SSH that opens nothing", "a good key, of nobody", with(otherKey, known)...),
		a.tells("host keys that are none", "no-hosts: hello", with(key, noHosts)...),
		a.tells("a host without a key", "other-hosts: another host", with(key, otherHosts)...),
	}
	_, err = server.NewHostKey()
	a.must(err)
	return append(told, a.tells("a host with another key", "the server has a new key", with(key, known)...))
}

func (a *ailing) must(err error, more ...error) {
	a.t.Helper()
	if err := errors.Join(append(more, err)...); err != nil {
		a.t.Fatal(err)
	}
}
