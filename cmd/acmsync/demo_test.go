//go:build demo

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDemo is `make demo`: it announces what will happen, and checks itself
// that it did.
func TestDemo(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "left")
	var out, errs bytes.Buffer
	code := runMain([]string{"demo", "--dir", dir, "--file", "../../examples/apps.yaml"}, console{out: &out, err: &errs})
	if code != exitOK {
		t.Fatalf("the demo ended with %d\n%s\n%s", code, &out, &errs)
	}
	for _, sentence := range []string{
		"Plan: 5 to issue",
		"*.shop.example is a wildcard", "reason: incorrect-cname-target", "does not exist in DNS (NXDOMAIN)",
		"do not allow ca.test to issue for caa.docs.example", "which loses the challenge path",
		"TLS handshake with www.shop.example",
		"new.blog.example is served; the certificate of www.promo.example is revoked and its files are gone",
		"no commit, no order, no request to the CA",
		"Everything happened as announced",
	} {
		if !strings.Contains(out.String(), sentence) {
			t.Errorf("the demo does not say %q", sentence)
		}
	}
	for _, left := range []string{"acmsync.yaml", "repository.git/HEAD", "live/www.shop.example/fullchain.pem", "state/acmsync.db"} {
		if _, err := os.Stat(filepath.Join(dir, left)); err != nil {
			t.Errorf("nothing to explore: %v", err)
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
}

// TestDemoWhereItCannotRun: it says what it needs, and leaves other folders
// alone.
func TestDemoWhereItCannotRun(t *testing.T) {
	t.Parallel()
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "precious"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no example": {[]string{"demo", "--file", "nowhere.yaml"}, "run it where examples/ is, or name a file with --file"},
		"not empty":  {[]string{"demo", "--file", "../../examples/apps.yaml", "--dir", full}, "is not empty; name a new folder with --dir"},
	} {
		var out, errs bytes.Buffer
		if code := runMain(c.args, console{out: &out, err: &errs}); code != exitFailure || !strings.Contains(errs.String(), c.says) {
			t.Errorf("%s: exit code %d, and it says %q", name, code, &errs)
		}
	}
}
