package settings_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/settings"
)

// FuzzCheckout: whatever a working copy's configuration holds, settings in it are
// distrusted when it names the repository, in any of its spellings.
func FuzzCheckout(f *testing.F) {
	f.Add("[remote \"origin\"]\n\turl = https://git.example.com/a/b.git\n", "https://git.example.com/a/b")
	f.Add("url=git@git.example.com:a/b", "ssh://git@git.example.com:22/a/b.git")
	f.Add("[url \"x\"]\r\n  URL = \"https://GIT.example.com/a/b/\"\r\n", "https://git.example.com/a/b.git")
	f.Add("\x00\xff=\n=url\nurl=\n", "::")
	dir := f.TempDir() // each worker has its own
	config := filepath.Join(dir, ".git", "config")
	f.Fuzz(func(t *testing.T, content, repository string) {
		flags := map[string]string{"repository.url": repository}
		got, err := settings.Load(settings.Source{Path: "acmsync.yaml", Bytes: []byte(minimal), Flags: flags})
		url := got.Repository.URL
		if err != nil || strings.ContainsAny(url, "\" \t\r\n") {
			return // no settings, or no line of a configuration
		}
		write(t, config, content+"\nurl = "+url+"\n")
		if at, inside := settings.InsideCheckout(filepath.Join(dir, "acmsync.yaml"), url); !inside || at == "" {
			t.Errorf("a checkout of %q is not seen", url)
		}
	})
}
