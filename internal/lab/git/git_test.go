package git_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"github.com/acmsync/acmsync/internal/lab/git"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func need(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, git.ErrNoGit) && os.Getenv("CI") != "true" {
		t.Skip("no git binary")
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestPushLikeAPerson(t *testing.T) {
	t.Parallel()
	r, err := git.NewRepository()
	need(t, err)
	t.Cleanup(func() { _ = r.Close() })
	first, err := r.Push("main", map[string]*string{"a": git.Text("1\n"), "d/b c": git.Text("")}, "one")
	need(t, err)
	second, err := r.Push("main", map[string]*string{"a": nil, "e": git.Text("x")}, "two\n\nlines")
	need(t, err)
	log, err := r.Log("main")
	need(t, err)
	want := []git.Entry{
		{Commit: second, Author: "A Human", Email: "human@example.test", Message: "two\n\nlines"},
		{Commit: first, Author: "A Human", Email: "human@example.test", Message: "one"},
	}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Error(diff)
	}
	files, err := r.Files("main")
	need(t, err)
	if diff := cmp.Diff([]string{"d/b c", "e"}, files); diff != "" {
		t.Error(diff)
	}
	forced, err := r.ForcePush("main", map[string]*string{"z": git.Text("9")}, "anew")
	need(t, err)
	if content, err := r.Read("main", "z"); err != nil || string(content) != "9" || r.Tip("main") != forced {
		t.Errorf("%q, %v at %s", content, err, r.Tip("main"))
	}
	need(t, r.DeleteBranch("main"))
	if tip := r.Tip("main"); tip != "" {
		t.Errorf("still at %s", tip)
	}
}

func TestHTTPFaultsAndLog(t *testing.T) {
	t.Parallel()
	s, err := git.NewHTTP(git.Options{User: "u", Password: "p"})
	need(t, err)
	t.Cleanup(func() { _ = s.Close() })
	// Without idle connections: on those the client would try again by itself.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ask := func(user string) (int, string) {
		request, err := http.NewRequest(http.MethodGet, s.URL()+"/info/refs?service=git-upload-pack", nil)
		need(t, err)
		request.SetBasicAuth(user, "p")
		response, err := client.Do(request)
		if err != nil {
			return 0, ""
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return response.StatusCode, string(body)
	}
	if status, body := ask("u"); status != 200 || !strings.Contains(body, "service=git-upload-pack") {
		t.Errorf("%d %q", status, body)
	}
	if status, _ := ask("x"); status != 401 {
		t.Errorf("a stranger got %d", status)
	}
	s.Fail(git.Fault{Service: "git-receive-pack", Status: 500})
	s.Fail(git.Fault{Service: "git-upload-pack", Status: 418, Times: 1})
	s.Fail(git.Fault{Service: "git-upload-pack", Cut: true, Times: 1})
	for _, want := range []int{418, 0, 200} {
		if status, _ := ask("u"); status != want {
			t.Errorf("got %d, want %d", status, want)
		}
	}
	requests := s.Requests()
	if len(requests) != 5 || requests[0].Sent == 0 || requests[0].Service != "git-upload-pack" || requests[1].Authorized {
		t.Errorf("%+v", requests)
	}
}

func TestSSHRunsNothingElse(t *testing.T) {
	t.Parallel()
	s, err := git.NewSSH(git.Options{})
	need(t, err)
	t.Cleanup(func() { _ = s.Close() })
	signer, err := ssh.ParsePrivateKey(s.ClientKey())
	need(t, err)
	client, err := ssh.Dial("tcp", s.Addr(), &ssh.ClientConfig{
		User: "git", Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
	})
	need(t, err)
	t.Cleanup(func() { _ = client.Close() })
	for _, command := range []string{
		"id", "git-upload-pack", "git-upload-pack '/etc'", "git-upload-pack '/repo.git/../../etc'", "git-upload-archive '/repo.git'",
		"git-upload-pack '/repo.git'; id", "git-receive-pack --x '/repo.git'",
	} {
		session, err := client.NewSession()
		need(t, err)
		out, err := session.CombinedOutput(command)
		var exit *ssh.ExitError
		if !errors.As(err, &exit) || exit.ExitStatus() != 128 || !strings.HasPrefix(string(out), "fatal: ") {
			t.Errorf("%s: %q, %v", command, out, err)
		}
	}
}
