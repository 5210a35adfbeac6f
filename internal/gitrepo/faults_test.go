package gitrepo_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab/git"
)

// site is one repository in the reach of a fault.
type site struct {
	*git.Repository
	config gitrepo.Config
	fail   func(git.Fault) // nil: a local path has nobody in between
	heal   func()
	web    *git.HTTP
	ssh    *git.SSH
}

// sites are a repository for each way to reach one, with desired state and a
// report in it.
func sites(t *testing.T) map[string]*site {
	t.Helper()
	web, ssh := httpServer(t, git.Options{User: "git", Password: token}), sshServer(t)
	local, err := git.NewRepository()
	need(t, err)
	t.Cleanup(func() { _ = local.Close() })
	all := map[string]*site{
		"http": {Repository: web.Repository, fail: web.Fail, heal: web.Heal, web: web, config: gitrepo.Config{
			URL: web.URL(), Auth: gitrepo.Auth{TokenFile: file(t, []byte(token))},
		}},
		"ssh": {Repository: ssh.Repository, fail: ssh.Fail, heal: ssh.Heal, ssh: ssh, config: gitrepo.Config{
			URL: ssh.URL(), Auth: gitrepo.Auth{SSHKeyFile: file(t, ssh.ClientKey()), KnownHostsFile: file(t, ssh.KnownHosts())},
		}},
		"local": {Repository: local, heal: func() {}, config: gitrepo.Config{URL: local.Dir()}},
	}
	for _, s := range all {
		push(t, s, "main", map[string]string{"apps.yaml": "desired"})
		push(t, s, "status", map[string]string{"a": "0"})
	}
	return all
}

// gitFault is a kind of fault: how it comes about, what fetching and pushing
// say meanwhile (nil: they work), and where it can happen.
type gitFault struct {
	kind  string
	over  string // the ways to reach a repository
	begin func(*testing.T, *site) (heal func())
	fetch func(error) bool
	push  func(error) bool
	says  []string
	// brief: no answer will come, so little time is given.
	brief bool
}

// answers lets the server err.
func answers(f git.Fault) func(*testing.T, *site) func() {
	return func(_ *testing.T, s *site) func() {
		s.fail(f)
		return s.heal
	}
}

func isHostKey(err error) bool {
	var e *gitrepo.HostKeyError
	return errors.As(err, &e) && e.Changed
}

func isRefused(err error) bool {
	var e *gitrepo.RefusedError
	return errors.As(err, &e)
}

func isLocked(err error) bool {
	var e *gitrepo.LockedError
	return errors.As(err, &e)
}

var (
	lasting = unreachable(false, 0)
	passing = unreachable(true, 0)
)

var gitFaults = []gitFault{
	{kind: "401", over: "http", begin: answers(git.Fault{Status: 401}), fetch: isAuth, push: isAuth, says: []string{"401", "repository.auth.tokenFile"}},
	{kind: "403", over: "http", begin: answers(git.Fault{Status: 403}), fetch: isAuth, push: isAuth, says: []string{"403", "repository.auth.tokenFile"}},
	{kind: "404", over: "http", begin: answers(git.Fault{Status: 404}), fetch: lasting, push: lasting, says: []string{"no such repository", "repository.url"}},
	{
		kind: "429", over: "http", begin: answers(git.Fault{Status: 429, Header: http.Header{"Retry-After": {"120"}}}),
		fetch: unreachable(true, 2*time.Minute), push: unreachable(true, 2*time.Minute), says: []string{"left alone for 2m0s", "daemon.interval"},
	},
	{kind: "503", over: "http", begin: answers(git.Fault{Status: 503}), fetch: passing, push: passing, says: []string{"503", "asked again by itself"}},
	{kind: "key refused", over: "ssh", begin: refuses("Permission denied (publickey)."), fetch: isAuth, push: isAuth, says: []string{"repository.auth.sshKeyFile"}},
	{kind: "no such repository", over: "ssh", begin: refuses("ERROR: Repository not found."), fetch: lasting, push: lasting, says: []string{"repository.url and repository.auth.sshKeyFile"}},
	{kind: "cut at the handshake", over: "ssh", begin: answers(git.Fault{Service: git.Connect, Cut: true}), fetch: passing, push: passing, says: []string{"repository.url and the network"}},
	{kind: "cut", over: "http ssh", begin: answers(git.Fault{Cut: true}), fetch: passing, push: passing, says: []string{"repository.url and the network"}},
	{kind: "slow-loris", over: "http ssh", brief: true, begin: answers(git.Fault{Drip: 20 * time.Millisecond}), fetch: passing, push: passing, says: []string{"did not answer in time"}},
	{kind: "slow-loris in the handshake", over: "ssh", brief: true, begin: answers(git.Fault{Service: git.Connect, Drip: 20 * time.Millisecond}), fetch: passing, push: passing, says: []string{"did not answer in time"}},
	{kind: "silence", over: "http ssh", brief: true, begin: answers(git.Fault{Hang: true}), fetch: passing, push: passing, says: []string{"did not answer in time"}},
	{kind: "hook refusal", over: "http ssh local", begin: hook("pre-receive", "echo not today >&2; exit 1"), push: isRefused, says: []string{"hook", "not today", "status.branch"}},
	{kind: "protected branch", over: "http ssh local", begin: hook("update", `[ "$1" != refs/heads/status ]`), push: isRefused, says: []string{"status.branch"}},
	{kind: "hook that hangs", over: "http ssh local", brief: true, begin: hook("pre-receive", "exec sleep 5"), push: passing, says: []string{"did not answer in time"}},
	{kind: "lock left behind", over: "http ssh local", begin: locked, push: isLocked, says: []string{"refs/heads/status.lock"}},
	{kind: "no room on the server", over: "http ssh local", begin: configured("receive.maxInputSize", "1"), push: passing, says: []string{"could not store", "receive.maxInputSize"}},
	{kind: "deleted branch", over: "http ssh local", begin: deleted, fetch: func(err error) bool { return errors.Is(err, gitrepo.ErrNoBranch) }, says: []string{"main"}},
	{kind: "damaged objects on the server", over: "http ssh local", begin: damaged, fetch: isUnreachable, push: isUnreachable, says: []string{"git fsck"}},
	{kind: "host key changed", over: "ssh", begin: newHostKey, fetch: isHostKey, push: isHostKey, says: []string{"repository.auth.knownHostsFile"}},
	{kind: "endless list of branches", over: "http ssh", begin: answers(git.Fault{Body: refsBegin, Flood: refsMore}), fetch: lasting, push: lasting, says: []string{"uploadpack.allowFilter"}},
}

var (
	refsBegin = line(strings.Repeat("a", 40) + " refs/heads/first\x00report-status\n")
	refsMore  = strings.Repeat(line(strings.Repeat("a", 40)+" refs/heads/again\n"), 1000)
)

// line is a pkt-line (gitprotocol-common).
func line(text string) string { return fmt.Sprintf("%04x%s", len(text)+4, text) }

func isUnreachable(err error) bool {
	var e *gitrepo.UnreachableError
	return errors.As(err, &e)
}

func refuses(words string) func(*testing.T, *site) func() {
	return func(_ *testing.T, s *site) func() {
		s.ssh.Refuse(words)
		return func() { s.ssh.Refuse("") }
	}
}

func hook(name, script string) func(*testing.T, *site) func() {
	return func(t *testing.T, s *site) func() {
		if err := s.Hook(name, script); err != nil {
			t.Fatal(err)
		}
		return func() { _ = s.Hook(name, "") }
	}
}

func configured(key, value string) func(*testing.T, *site) func() {
	return func(t *testing.T, s *site) func() {
		if err := s.Configure(key, value); err != nil {
			t.Fatal(err)
		}
		return func() { _, _ = s.Git("", "config", "--unset", key) }
	}
}

func locked(t *testing.T, s *site) func() {
	unlock, err := s.Lock("status")
	if err != nil {
		t.Fatal(err)
	}
	return func() { _ = unlock() }
}

func deleted(t *testing.T, s *site) func() {
	tip := s.Tip("main")
	if err := s.DeleteBranch("main"); err != nil {
		t.Fatal(err)
	}
	return func() { _ = s.Reset("main", tip) }
}

func damaged(t *testing.T, s *site) func() {
	mend, err := s.Damage()
	if err != nil {
		t.Fatal(err)
	}
	return func() { _ = mend() }
}

func newHostKey(t *testing.T, s *site) func() {
	back, err := s.ssh.NewHostKey()
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// TestGitFaults: whatever is wrong, it is said with what to do about it, nothing
// is taken for an empty repository, and once it is mended desired state is read
// and the report is there, in one commit.
func TestGitFaults(t *testing.T) {
	t.Parallel()
	for _, fault := range gitFaults {
		for _, over := range strings.Fields(fault.over) {
			t.Run(fault.kind+" over "+over, func(t *testing.T) {
				t.Parallel()
				fault.run(t, sites(t)[over])
			})
		}
	}
}

func (f gitFault) run(t *testing.T, s *site) {
	s.config.MaxBytes = 4 << 20
	whole := s.config
	if f.brief {
		s.config.Timeout = 500 * time.Millisecond
	}
	heal := f.begin(t, s)
	began := time.Now()
	files, err := read(open(t, s.config))
	f.judge(t, "fetching", f.fetch, err)
	if err == nil && files["apps.yaml"] != "desired" {
		t.Errorf("read %v", files)
	}
	_, _, err = open(t, s.config).Commit(context.Background(), change("status", map[string]string{"a": "1"}))
	f.judge(t, "pushing", f.push, err)
	if took := time.Since(began); f.brief && took > 4*time.Second {
		t.Errorf("took %s", took)
	}
	heal()
	r := open(t, whole)
	if files, err := read(r); err != nil || files["apps.yaml"] != "desired" {
		t.Errorf("once mended: read %v, %v", files, err)
	}
	if _, _, err := r.Commit(context.Background(), change("status", map[string]string{"a": "1"})); err != nil {
		t.Errorf("once mended: %v", err)
	}
	wantOnce(t, s)
}

// wantOnce checks that the report was committed, and only once.
func wantOnce(t *testing.T, s *site) {
	t.Helper()
	log, err := s.Log("status")
	if err != nil || len(log) != 2 {
		t.Errorf("the branch has %d commits, %v; want 2", len(log), err)
	}
	if got, err := s.Read("status", "a"); err != nil || string(got) != "1" {
		t.Errorf("read %q, %v", got, err)
	}
}

func (f gitFault) judge(t *testing.T, what string, want func(error) bool, err error) {
	t.Helper()
	if want == nil {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		return
	}
	if err == nil || !want(err) {
		t.Errorf("%s: %T %v", what, err, err)
		return
	}
	for _, word := range f.says {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %q does not say %q", what, err, word)
		}
	}
}

func read(r *gitrepo.Repo) (map[string]string, error) {
	snapshot, err := r.Fetch(context.Background(), "main", "")
	if err != nil {
		return nil, err
	}
	files, err := snapshot.Files(context.Background(), "", everything, 1<<20)
	if err != nil {
		return nil, err
	}
	got := map[string]string{}
	for _, f := range files {
		got[f.Path] = string(f.Bytes)
	}
	return got, nil
}
