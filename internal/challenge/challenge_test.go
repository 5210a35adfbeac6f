package challenge_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/acmsync/acmsync/internal/challenge"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	name    = "www.shop.example"
	token   = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
	keyAuth = token + ".thumbprint"
)

type responder interface {
	Present(ctx context.Context, name, token, keyAuth string) error
	CleanUp(ctx context.Context, name, token string) error
}

func TestEveryResponderRefusesWhatIsNoToken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root := filepath.Join(dir, "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	for kind, r := range map[string]responder{
		"stateless": challenge.Stateless{}, "listener": newListener(t, "127.0.0.1:0"), "webroot": challenge.Webroot{Dir: root},
	} {
		if err := r.Present(t.Context(), name, token, keyAuth); err != nil {
			t.Errorf("%s refuses a token: %v", kind, err)
		}
		for _, bad := range []string{"", ".", "..", "../x", "../../../escape", "a/b", `a\b`, "a.b", "a b", "ä", "a\n", "a\x00", strings.Repeat("a", 129)} {
			if err := r.Present(t.Context(), name, bad, keyAuth); err == nil {
				t.Errorf("%s accepts the token %q", kind, bad)
			}
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("beside the webroot there is %v (%v)", entries, err)
	}
}

func TestWebrootWritesAndRemoves(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := challenge.Webroot{Dir: dir}
	file := filepath.Join(dir, ".well-known", "acme-challenge", token)
	for _, content := range []string{"an older answer", keyAuth, keyAuth} {
		if err := w.Present(t.Context(), name, token, content); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(file)
		if err != nil || string(got) != content {
			t.Fatalf("the file holds %q (%v), want %q", got, err, content)
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o644 {
		t.Errorf("the file's mode is %v (%v), want 0644", info.Mode(), err)
	}
	for range 2 {
		if err := w.CleanUp(t.Context(), name, token); err != nil {
			t.Fatal(err)
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v (%v)", entries, err)
	}
}

func TestWebrootStaysInside(t *testing.T) {
	t.Parallel()
	outside, dir := t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".well-known"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, ".well-known", "acme-challenge")); err != nil {
		t.Fatal(err)
	}
	victim := filepath.Join(outside, token)
	if err := os.WriteFile(victim, []byte("not yours"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := challenge.Webroot{Dir: dir}
	if err := w.Present(t.Context(), name, token, keyAuth); err == nil {
		t.Error("a response was written through a link that leads outside")
	}
	if err := w.CleanUp(t.Context(), name, token); err == nil {
		t.Error("a file was removed through a link that leads outside")
	}
	if got, err := os.ReadFile(victim); err != nil || string(got) != "not yours" {
		t.Errorf("the file outside holds %q (%v)", got, err)
	}
}

func TestWebrootMustExist(t *testing.T) {
	t.Parallel()
	w := challenge.Webroot{Dir: filepath.Join(t.TempDir(), "missing")}
	if err := w.Present(t.Context(), name, token, keyAuth); err == nil {
		t.Error("a webroot that does not exist was made")
	}
}
