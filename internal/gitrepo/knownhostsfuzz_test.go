package gitrepo

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"testing"
	"unicode"

	"golang.org/x/crypto/ssh"
)

// FuzzKnownHosts reads anything as the file of host keys. It is an error of one
// printable line, or a key that is not in it is not let in.
func FuzzKnownHosts(f *testing.F) {
	dir := f.TempDir()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		f.Fatal(err)
	}
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, pem.EncodeToMemory(block), 0o600); err != nil {
		f.Fatal(err)
	}
	stranger, err := ssh.NewPublicKey(public)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		"", "hello\n", "# nothing\n", "git.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n",
		"@revoked * ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n",
		"@cert-authority *.example.com ssh-rsa AAAA\n", "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ssh-rsa AAAA\n", "[git.example.com]:22,* ssh-ed25519 !!!\n\x00\x1b[2J",
	} {
		f.Add([]byte(seed))
	}
	known := filepath.Join(dir, "known_hosts") // each worker has its own
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(known, content, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(Config{URL: "ssh://git@git.example.com/a", Auth: Auth{SSHKeyFile: key, KnownHostsFile: known}})
		if err != nil {
			t.Fatal(err)
		}
		config, check, err := r.sshConfig("git.example.com:22")
		if err != nil {
			if text := err.Error(); len(text) > 8*maxMessage || containsControl(text) {
				t.Errorf("%q", text)
			}
			return
		}
		err = config.HostKeyCallback("git.example.com:22", &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 22}, stranger)
		if err == nil || check.err == nil || check.passed {
			t.Errorf("a stranger's key is let in by %q", content)
		}
	})
}

func containsControl(text string) bool {
	for _, r := range text {
		if unicode.IsControl(r) {
			return true
		}
	}
	return false
}
