package gitrepo_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab/git"
)

const token = "s3cret-t0ken"

func TestHTTPStatusesAreExplained(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault git.Fault
		check func(error) bool
		says  string
	}{
		"401":      {git.Fault{Status: 401, Body: "echo " + token}, isAuth, "tokenFile"},
		"403":      {git.Fault{Status: 403}, isAuth, "tokenFile"},
		"404":      {git.Fault{Status: 404}, unreachable(false, 0), "repository.url"},
		"410":      {git.Fault{Status: 410}, unreachable(false, 0), "410"},
		"429":      {git.Fault{Status: 429, Header: http.Header{"Retry-After": {"120"}}}, unreachable(true, 2*time.Minute), "429"},
		"500":      {git.Fault{Status: 500, Body: strings.Repeat(token, 10_000)}, unreachable(true, 0), "500"},
		"503":      {git.Fault{Status: 503, Header: http.Header{"Retry-After": {"Thu, 01 Jan 2026 00:01:00 GMT"}, "Date": {"Thu, 01 Jan 2026 00:00:00 GMT"}}}, unreachable(true, time.Minute), "503"},
		"cut":      {git.Fault{Cut: true}, unreachable(true, 0), "broke off"},
		"cut late": {git.Fault{CutAfter: 60}, unreachable(true, 0), "broke off"},
		"no git":   {git.Fault{Status: 200, Body: "<html>hello</html>"}, unreachable(true, 0), "answered, but not as a git server does"},
	} {
		for _, method := range []string{"GET", "POST"} {
			if name == "no git" && method == "POST" {
				continue
			}
			t.Run(name+" to "+method, func(t *testing.T) {
				t.Parallel()
				s := httpServer(t, git.Options{User: "git", Password: token})
				push(t, s, "main", map[string]string{"apps.yaml": "x"})
				push(t, s, "status", map[string]string{"a": "1"})
				repo := gitrepo.Config{URL: s.URL(), Auth: gitrepo.Auth{TokenFile: file(t, []byte(token))}}
				fault := tt.fault
				fault.Method = method
				s.Fail(fault)
				_, err := open(t, repo).Fetch(context.Background(), "main", "")
				explained(t, "Fetch", err, tt.check, tt.says)
				_, _, err = open(t, repo).Commit(context.Background(), change("status", map[string]string{"a": "2"}))
				explained(t, "Commit", err, tt.check, tt.says)
				s.Heal()
				if _, _, err := open(t, repo).Commit(context.Background(), change("status", map[string]string{"a": "2"})); err != nil {
					t.Errorf("after the fault: %v", err)
				}
			})
		}
	}
}

func explained(t *testing.T, what string, err error, check func(error) bool, says string) {
	t.Helper()
	switch {
	case err == nil || !check(err):
		t.Errorf("%s: %T %v", what, err, err)
	case !strings.Contains(err.Error(), says):
		t.Errorf("%s: %v does not say %q", what, err, says)
	case strings.Contains(err.Error(), token), strings.Contains(err.Error(), "\n"):
		t.Errorf("%s: %v", what, err)
	}
}

func isAuth(err error) bool {
	var e *gitrepo.AuthError
	return errors.As(err, &e)
}

func unreachable(temporary bool, after time.Duration) func(error) bool {
	return func(err error) bool {
		var e *gitrepo.UnreachableError
		return errors.As(err, &e) && e.Temporary == temporary && e.RetryAfter == after
	}
}

func TestCredentialsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	web := httpServer(t, git.Options{User: "git", Password: token})
	ssh := sshServer(t)
	stranger, err := git.NewClientKey()
	if err != nil {
		t.Fatal(err)
	}
	known := file(t, ssh.KnownHosts())
	for name, tt := range map[string]struct {
		url  string
		auth gitrepo.Auth
		says string
	}{
		"no token":           {web.URL(), gitrepo.Auth{}, "401"},
		"wrong token":        {web.URL(), gitrepo.Auth{TokenFile: file(t, []byte("guess"))}, "tokenFile"},
		"missing token file": {web.URL(), gitrepo.Auth{TokenFile: "/does/not/exist"}, "tokenFile"},
		"empty token file":   {web.URL(), gitrepo.Auth{TokenFile: file(t, []byte("\n"))}, "tokenFile"},
		"two lines":          {web.URL(), gitrepo.Auth{TokenFile: file(t, []byte(token+"\nx\n"))}, "more than one line"},
		"no SSH key":         {ssh.URL(), gitrepo.Auth{KnownHostsFile: known}, "sshKeyFile"},
		"wrong SSH key":      {ssh.URL(), gitrepo.Auth{KnownHostsFile: known, SSHKeyFile: file(t, stranger)}, "refused the SSH key"},
		"not an SSH key":     {ssh.URL(), gitrepo.Auth{KnownHostsFile: known, SSHKeyFile: file(t, []byte(token))}, "no SSH private key"},
	} {
		_, _, err := open(t, gitrepo.Config{URL: tt.url, Auth: tt.auth}).Tip(context.Background(), "main")
		explained(t, name, err, isAuth, tt.says)
	}
}

func TestTokenIsReadAtEachUse(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{User: "git", Password: token})
	path := file(t, []byte("old"))
	r := open(t, gitrepo.Config{URL: s.URL(), Auth: gitrepo.Auth{TokenFile: path}})
	if _, _, err := r.Tip(context.Background(), "main"); !isAuth(err) {
		t.Fatalf("with the old token: %v", err)
	}
	overwrite(t, path, token+"\r\n")
	if _, _, err := r.Tip(context.Background(), "main"); err != nil {
		t.Errorf("with the new token: %v", err)
	}
}

func TestHostKeyMustBeOnFile(t *testing.T) {
	t.Parallel()
	s, other := sshServer(t), sshServer(t)
	key := file(t, s.ClientKey())
	impostor := strings.Replace(string(other.KnownHosts()), portOf(other.Addr()), portOf(s.Addr()), 1)
	for name, tt := range map[string]struct {
		known   string
		changed bool
	}{
		"no key on file":      {string(other.KnownHosts()), false},
		"another key on file": {impostor, true},
	} {
		r := open(t, gitrepo.Config{URL: s.URL(), Auth: gitrepo.Auth{SSHKeyFile: key, KnownHostsFile: file(t, []byte(tt.known))}})
		_, _, err := r.Tip(context.Background(), "main")
		var e *gitrepo.HostKeyError
		if !errors.As(err, &e) || e.Changed != tt.changed || !strings.HasPrefix(e.Fingerprint, "SHA256:") || !strings.Contains(err.Error(), "knownHostsFile") {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := open(t, gitrepo.Config{URL: s.URL(), Auth: gitrepo.Auth{SSHKeyFile: key, KnownHostsFile: "/does/not/exist"}})
	_, _, err := r.Tip(context.Background(), "main")
	explained(t, "no file", err, unreachable(false, 0), "knownHostsFile")
}

func portOf(addr string) string { return addr[strings.LastIndex(addr, ":")+1:] }

func TestSSHServerWords(t *testing.T) {
	t.Parallel()
	s := sshServer(t)
	r := open(t, gitrepo.Config{URL: s.URL(), Auth: gitrepo.Auth{SSHKeyFile: file(t, s.ClientKey()), KnownHostsFile: file(t, s.KnownHosts())}})
	for words, check := range map[string]func(error) bool{
		"ERROR: Repository not found.":                     unreachable(false, 0),
		"remote: You are not allowed to view this project": isAuth,
		"ERROR: Permission to a/b.git denied to \x1b[31mc": isAuth,
		"something else": unreachable(false, 0),
	} {
		s.Refuse(words)
		_, _, err := r.Tip(context.Background(), "main")
		if !check(err) || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%q: %T %v", words, err, err)
		}
		_, _, err = r.Commit(context.Background(), change("status", map[string]string{"a": "1"}))
		if !check(err) {
			t.Errorf("pushing, %q: %T %v", words, err, err)
		}
	}
	missing := open(t, gitrepo.Config{URL: strings.Replace(s.URL(), "repo.git", "etc/passwd", 1), Auth: gitrepo.Auth{SSHKeyFile: file(t, s.ClientKey()), KnownHostsFile: file(t, s.KnownHosts())}})
	s.Refuse("")
	if _, _, err := missing.Tip(context.Background(), "main"); !unreachable(false, 0)(err) {
		t.Errorf("another path: %v", err)
	}
}

func TestMissingLocalRepository(t *testing.T) {
	t.Parallel()
	_, err := git.NewRepository()
	need(t, err)
	_, _, err = open(t, gitrepo.Config{URL: filepath.Join(t.TempDir(), "none")}).Tip(context.Background(), "main")
	explained(t, "Tip", err, unreachable(false, 0), "repository.url")
}

func TestUntrustedCertificate(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{TLS: true})
	for name, auth := range map[string]gitrepo.Auth{
		"no caFile":   {},
		"bad caFile":  {CAFile: file(t, []byte("nonsense"))},
		"gone caFile": {CAFile: "/does/not/exist"},
	} {
		_, _, err := open(t, gitrepo.Config{URL: s.URL(), Auth: auth}).Tip(context.Background(), "main")
		explained(t, name, err, unreachable(false, 0), "caFile")
	}
}

func TestNothingHangs(t *testing.T) {
	t.Parallel()
	web, ssh := httpServer(t, git.Options{}), sshServer(t)
	push(t, web, "main", map[string]string{"apps.yaml": "x"})
	web.Fail(git.Fault{Hang: true})
	ssh.Mute(true)
	for name, c := range map[string]gitrepo.Config{
		"http": {URL: web.URL(), Timeout: 100 * time.Millisecond},
		"ssh": {URL: ssh.URL(), Timeout: 100 * time.Millisecond, Auth: gitrepo.Auth{
			SSHKeyFile: file(t, ssh.ClientKey()), KnownHostsFile: file(t, ssh.KnownHosts()),
		}},
	} {
		r := open(t, c)
		_, _, err := r.Tip(context.Background(), "main")
		explained(t, name, err, unreachable(true, 0), "in time")
		_, err = r.Fetch(context.Background(), "main", "")
		explained(t, name, err, unreachable(true, 0), "in time")
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, _, err := r.Commit(ctx, change("status", map[string]string{"a": "1"})); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled: %v", name, err)
		}
	}
}

func TestServerGone(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	r := open(t, gitrepo.Config{URL: s.URL()})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := r.Fetch(context.Background(), "main", "")
	explained(t, "Fetch", err, unreachable(true, 0), "cannot be reached")
}
