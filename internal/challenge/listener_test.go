package challenge_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/acmsync/acmsync/internal/challenge"
	"github.com/acmsync/acmsync/internal/record"
)

func newListener(t *testing.T, addr string) *challenge.Listener {
	t.Helper()
	l, err := challenge.NewListener(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// freeAddr is a port that nobody has. It is on an address of its own where
// there is one (Linux), so that no other test is given it meanwhile.
func freeAddr(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.77:0")
	if err != nil {
		l, err = config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func present(t *testing.T, l *challenge.Listener, token string) {
	t.Helper()
	if err := l.Present(t.Context(), name, token, token+".thumbprint"); err != nil {
		t.Fatal(err)
	}
}

func cleanUp(t *testing.T, l *challenge.Listener, token string) {
	t.Helper()
	if err := l.CleanUp(t.Context(), name, token); err != nil {
		t.Fatal(err)
	}
}

func request(t *testing.T, method, url string) (status int, body string, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		return 0, "", err
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	content, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(content), err
}

// answers asserts that the token is answered on addr.
func answers(t *testing.T, addr, token string) {
	t.Helper()
	status, body, err := request(t, http.MethodGet, "http://"+addr+record.ChallengePath+token)
	if err != nil || status != http.StatusOK || body != token+".thumbprint" {
		t.Errorf("%s at %s: %d %q (%v), want the key authorization", token, addr, status, body, err)
	}
}

// refuses asserts that nobody listens on addr.
func refuses(t *testing.T, addr string) {
	t.Helper()
	if status, _, err := request(t, http.MethodGet, "http://"+addr+"/"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("somebody listens on %s: %d (%v)", addr, status, err)
	}
}

func TestListenerAnswersWhatIsPresented(t *testing.T) {
	t.Parallel()
	l := newListener(t, "127.0.0.1:0")
	present(t, l, "another")
	addr := l.Addr().String()
	where := "http://" + addr + record.ChallengePath + token
	unknown := []struct{ method, url string }{
		{http.MethodPost, where},
		{http.MethodGet, "http://" + addr + "/" + token},
		{http.MethodGet, "http://" + addr + "/"},
		{http.MethodGet, where + "/"},
		{http.MethodGet, "http://" + addr + record.ChallengePath},
	}
	for range 2 {
		present(t, l, token)
	}
	answers(t, addr, token)
	for _, c := range unknown {
		if status, body, err := request(t, c.method, c.url); status != http.StatusNotFound || strings.Contains(body, keyAuth) {
			t.Errorf("%s %s answers %d (%v)", c.method, c.url, status, err)
		}
	}
	for range 2 {
		cleanUp(t, l, token)
	}
	if status, _, err := request(t, http.MethodGet, where); status != http.StatusNotFound {
		t.Errorf("after the clean-up the token answers %d (%v)", status, err)
	}
	answers(t, addr, "another")
}

func TestListenerHasThePortOnlyWhileThereIsSomethingToAnswer(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	l := newListener(t, addr)
	for range 3 {
		if l.Addr() != nil {
			t.Errorf("it listens on %s", l.Addr())
		}
		refuses(t, addr)
		present(t, l, "a")
		present(t, l, "a")
		present(t, l, "b")
		cleanUp(t, l, "a")
		cleanUp(t, l, "a")
		cleanUp(t, l, "never-presented")
		answers(t, addr, "b")
		cleanUp(t, l, "b")
	}
	refuses(t, addr)
}

func TestListenersTakeTurns(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	one, other := newListener(t, addr), newListener(t, addr)
	for range 3 {
		present(t, one, "a")
		err := other.Present(t.Context(), name, "b", "b.thumbprint")
		if !errors.Is(err, syscall.EADDRINUSE) || !strings.HasPrefix(err.Error(), "challenge.http01.listen: ") || !strings.Contains(err.Error(), addr) {
			t.Errorf("got %v", err)
		}
		answers(t, addr, "a")
		cleanUp(t, other, "b")
		cleanUp(t, one, "a")
		refuses(t, addr)
		one, other = other, one
	}
}

func TestConcurrentPresentsShareAServer(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	l := newListener(t, addr)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for round := range 20 {
				token := fmt.Sprintf("t-%d-%d", i, round)
				if err := l.Present(t.Context(), name, token, token+".thumbprint"); err != nil {
					t.Error(err)
					return
				}
				answers(t, addr, token)
				if err := l.CleanUp(t.Context(), name, token); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	refuses(t, addr)
}

func TestCloseEndsEverything(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	l := newListener(t, addr)
	present(t, l, "a")
	for range 2 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		refuses(t, addr)
	}
	if err := l.Present(t.Context(), name, "b", "b.thumbprint"); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a response was put in place after the end: %v", err)
	}
	cleanUp(t, l, "a")
	refuses(t, addr)
}

func TestListenerChecksItsAddress(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "80", "127.0.0.1", "127.0.0.1:", ":99999", ":-1", "::1:80", ":no-such-service"} {
		if _, err := challenge.NewListener(bad); err == nil {
			t.Errorf("%q is taken for an address to listen on", bad)
		}
	}
	for _, good := range []string{":80", "127.0.0.1:8080", "[::1]:80", "localhost:80", ":0"} {
		if _, err := challenge.NewListener(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}
