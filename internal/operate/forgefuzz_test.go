package operate

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzMergeRequest: whatever a clone says its origin is, a link that is offered
// leads to a well-known forge, and carries no credentials.
func FuzzMergeRequest(f *testing.F) {
	for _, repository := range []string{
		"https://github.com/a/b.git", "git@gitlab.com:a/b/c", "ssh://git@codeberg.org:22/a/b", "https://me:secret@github.com/a/b", "github.com:../..",
		"https://github.com@evil.example/a", "https://gitlab.com/a?b#c", "\x00", "github.com:a b", "https://GITHUB.com/%2e%2e/x",
	} {
		f.Add(repository, "main", "acm/enable")
	}
	f.Fuzz(func(t *testing.T, repository, base, branch string) {
		link := mergeRequest(repository, base, branch)
		if link == "" {
			return
		}
		u, err := url.Parse(link)
		if err != nil || u.Scheme != "https" || u.User != nil {
			t.Fatalf("%q becomes %q, %v", repository, link, err)
		}
		if host := u.Host; host != "github.com" && host != "gitlab.com" && host != "codeberg.org" {
			t.Errorf("%q leads to %s", repository, host)
		}
		if strings.ContainsAny(link, " \t\r\n\x00\x1b") {
			t.Errorf("%q becomes %q", repository, link)
		}
	})
}
