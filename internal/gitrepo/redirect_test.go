package gitrepo_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab/git"
)

// TestARedirectGetsNoToken: the token is for the host of the settings. Where the
// server sends on to another, that one is asked without it, and one without TLS
// not at all.
func TestARedirectGetsNoToken(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var met []string
	note := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		met = append(met, r.Host+" "+r.Header.Get("Authorization")+r.Header.Get("Cookie")+r.URL.User.String())
		http.NotFound(w, r)
	})
	secure, plain := httptest.NewTLSServer(note), httptest.NewServer(note)
	t.Cleanup(secure.Close)
	t.Cleanup(plain.Close)
	other := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	for _, to := range []string{secure.URL, plain.URL} {
		server := httpServer(t, git.Options{TLS: true, User: "robot", Password: "s3cret"})
		server.Fail(git.Fault{Status: http.StatusFound, Header: http.Header{"Location": {to + "/repo.git/info/refs?service=git-upload-pack"}}})
		repo := open(t, gitrepo.Config{URL: server.URL(), Auth: gitrepo.Auth{
			Username: "robot", TokenFile: file(t, []byte("s3cret\n")), CAFile: file(t, append(server.RootPEM(), other...)),
		}})
		if _, err := repo.Fetch(t.Context(), "main", ""); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", to, err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(met) != 1 || met[0] != strings.TrimPrefix(secure.URL, "https://")+" " {
		t.Errorf("met %q, want one request without credentials, to %s", met, secure.URL)
	}
}
