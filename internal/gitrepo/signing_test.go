package gitrepo_test

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/signature"
)

// newKey is a key made by ssh-keygen; without it the test cannot run, which in
// CI it must.
func newKey(t *testing.T, kind string) git.Key {
	t.Helper()
	key, err := git.NewKey(t.TempDir(), "key", kind)
	switch {
	case err == nil:
	case errors.Is(err, git.ErrNoKeygen) && os.Getenv("CI") != "true":
		t.Skip("no ssh-keygen")
	default:
		t.Fatal(err)
	}
	return key
}

// TestOurSignaturesAreGits: git and ssh-keygen verify what is signed here, and
// what was changed after that they do not.
func TestOurSignaturesAreGits(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"ed25519", "ecdsa", "rsa"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			made := newKey(t, kind)
			raw, err := os.ReadFile(made.Path)
			if err != nil {
				t.Fatal(err)
			}
			key, err := signature.ParseKey(raw)
			if err != nil {
				t.Fatal(err)
			}
			s := httpServer(t, git.Options{})
			c := change("acm-status", map[string]string{"README.md": "the board\n"})
			c.When = time.Unix(1_800_000_000, 0)
			c.Sign = func(payload []byte) (string, error) { return key.Sign(rand.Reader, payload) }
			r := open(t, gitrepo.Config{URL: s.URL()})
			id := commit(t, r, c)
			signers := filepath.Join(t.TempDir(), "signers")
			overwrite(t, signers, "acmsync@example.test namespaces=\"git\" "+made.Public+"\n")
			verify := []string{"-c", "gpg.ssh.allowedSignersFile=" + signers, "verify-commit", id}
			if _, err := s.Git("", verify...); err != nil {
				t.Errorf("git does not verify it: %v", err)
			}
			if again, changed, err := r.Commit(t.Context(), c); changed || again != id || err != nil {
				t.Errorf("nothing to write, but %s was committed after %s: %v", again, id, err)
			}
			overwrite(t, signers, "acmsync@example.test "+newKey(t, "ed25519").Public+"\n")
			if _, err := s.Git("", verify...); err == nil {
				t.Error("git verifies it by another key")
			}
		})
	}
}
