package settings_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/acmsync/acmsync/internal/settings"
)

const signerLine = "alice ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPUuv4+bIKZkHuMjfwUTuURLPGyH/kwmJ2UXhsiq6SHk\n"

// sshKey is a private key in OpenSSH's form.
func sshKey(t *testing.T, passphrase string) string {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}

// TestSigningFiles: what is wrong with the key or the signers is found where they
// are named, before anything else happens; DIR stands for their folder.
func TestSigningFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		key, content string
		mode         os.FileMode
		want         string // "": nothing is wrong
	}{
		"a key":                 {"signingKeyFile", sshKey(t, ""), 0o600, ""},
		"a read-only key":       {"signingKeyFile", sshKey(t, ""), 0o400, ""},
		"a key of a group":      {"signingKeyFile", sshKey(t, ""), 0o640, ""},
		"a key others can read": {"signingKeyFile", sshKey(t, ""), 0o604, "DIR/f can be read or changed by others (mode 0604): chmod 600 DIR/f"},
		"a key that is locked":  {"signingKeyFile", sshKey(t, "secret"), 0o600, "DIR/f is protected by a passphrase, and nobody is there to type it; make a key without one: ssh-keygen -t ed25519 -N '' -f FILE"},
		"a public key":          {"signingKeyFile", signerLine, 0o600, "DIR/f holds no SSH private key; make one: ssh-keygen -t ed25519 -N '' -f FILE"},
		"an empty key":          {"signingKeyFile", "", 0o600, "DIR/f is empty: write into it what the setting asks for"},

		"signers":                   {"allowedSignersFile", signerLine, 0o644, ""},
		"signers others can change": {"allowedSignersFile", signerLine, 0o666, "DIR/f can be changed by others (mode 0666): chmod 644 DIR/f"},
		"a broken line":             {"allowedSignersFile", "# ours\n" + signerLine + "bob\n", 0o644, "DIR/f:3: this line has principals and nothing else: a key must follow"},
		"an authority":              {"allowedSignersFile", "a cert-authority " + signerLine[6:], 0o644, "DIR/f:1: this line names a certificate authority (cert-authority), which is not supported: write a line for each signer's own key"},
		"too many signers":          {"allowedSignersFile", strings.Repeat("#\n", 1<<19+1), 0o644, "DIR/f is larger than 1 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "f")
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			file := strings.Replace(minimal, "repository: {", "repository: {"+c.key+": "+path+", ", 1)
			_, err := settings.Load(settings.Source{Path: "acmsync.yaml", Bytes: []byte(file)})
			want := fmt.Sprintf("acmsync.yaml:1:%d: repository.%s: %s", 1+strings.Index(file, path), c.key, strings.ReplaceAll(c.want, "DIR", dir))
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || err.Error() != want):
				t.Errorf("\n got %v\nwant %s", err, want)
			}
		})
	}
}

// TestSignersAreTheOperators: a file that can be pushed names nobody.
func TestSignersAreTheOperators(t *testing.T) {
	t.Parallel()
	root := checkout(t, "https://git.example.com/platform/domains.git")
	for key, content := range map[string]string{"allowedSignersFile": signerLine, "signingKeyFile": sshKey(t, "")} {
		path := filepath.Join(root, key)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := settings.Load(settings.Source{Path: "acmsync.yaml", Bytes: []byte(minimal), Flags: map[string]string{"repository." + key: path}})
		if err == nil || !strings.Contains(err.Error(), "repository."+key+": "+path+" lies inside a checkout of the repository") {
			t.Errorf("%s: %v", key, err)
		}
	}
}
