package issue_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/acmsync/acmsync/issue"
)

// FuzzAccountKey reads anything as an account key: one that is taken has a
// thumbprint, and an error quotes nothing of the file.
func FuzzAccountKey(f *testing.F) {
	path := filepath.Join(f.TempDir(), "account.pem")
	if _, err := issue.CreateAccountKey(path); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		string(good), string(good[:len(good)-40]), "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + string(good),
		"-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----\n", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "hunter2",
		strings.ReplaceAll(string(good), "\n", "\r\n"), strings.Replace(string(good), "PRIVATE", "ENCRYPTED PRIVATE", 2),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		key, err := issue.LoadAccountKey(path)
		if err != nil {
			if text := strings.ReplaceAll(err.Error(), path, ""); strings.Contains(text, "\n") || len(text) > 300 {
				t.Errorf("%q", text)
			}
			return
		}
		if thumbprint, err := issue.Thumbprint(key); err != nil || len(thumbprint) != 43 {
			t.Errorf("taken, and its thumbprint is %q, %v", thumbprint, err)
		}
	})
}
