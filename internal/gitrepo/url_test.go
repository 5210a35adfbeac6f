package gitrepo

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]remote{
		"https://git.example.com/a/b.git":      {kind: kindHTTP, scheme: "https", host: "git.example.com", path: "/a/b.git"},
		"HTTPS://git.example.com:8443/a%20b":   {kind: kindHTTP, scheme: "https", host: "git.example.com", port: 8443, path: "/a%20b"},
		"https://user@[2001:db8::1]/a":         {kind: kindHTTP, scheme: "https", user: "user", host: "2001:db8::1", path: "/a"},
		"http://127.0.0.1:3000/a":              {kind: kindHTTP, scheme: "http", host: "127.0.0.1", port: 3000, path: "/a"},
		"http://localhost/a":                   {kind: kindHTTP, scheme: "http", host: "localhost", path: "/a"},
		"http://[::1]:80/a":                    {kind: kindHTTP, scheme: "http", host: "::1", port: 80, path: "/a"},
		"ssh://git@git.example.com:2222/a.git": {kind: kindSSH, user: "git", host: "git.example.com", port: 2222, path: "/a.git"},
		"ssh://git.example.com/~me/a.git":      {kind: kindSSH, host: "git.example.com", path: "~me/a.git"},
		"git@git.example.com:team/a.git":       {kind: kindSSH, user: "git", host: "git.example.com", path: "team/a.git"},
		"git.example.com:/srv/a.git":           {kind: kindSSH, host: "git.example.com", path: "/srv/a.git"},
		"/srv/git/a.git":                       {kind: kindLocal, path: "/srv/git/a.git"},
		"/srv/with:colon":                      {kind: kindLocal, path: "/srv/with:colon"},
	} {
		got, err := parseURL(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
		} else if diff := cmp.Diff(want, got, cmp.AllowUnexported(remote{})); diff != "" {
			t.Errorf("%s: %s", raw, diff)
		}
	}
	if got, err := parseURL("../x"); err != nil || got.kind != kindLocal || !strings.HasPrefix(got.path, "/") {
		t.Errorf("a relative path: %+v, %v", got, err)
	}
}

func TestParseURLRefuses(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"":                                  "empty",
		"ext::sh -c evil":                   "remote helper",
		"fd::17":                            "remote helper",
		"::x":                               "remote helper",
		"file:///srv/a.git":                 `"file://"`,
		"git://git.example.com/a":           `"git://"`,
		"ftp://git.example.com/a":           `"ftp://"`,
		"ssh+git://git.example.com/a":       `"ssh+git://"`,
		"http://git.example.com/a":          "loopback",
		"http://127.0.0.1.example.com/a":    "loopback",
		"--upload-pack=touch /tmp/x":        "dash",
		"-oProxyCommand=x:y":                "dash",
		"ssh://-oProxyCommand=x/a":          "unusual",
		"git@-oProxyCommand=x:y":            "cannot be read",
		"git@host:-x":                       "dash",
		"-x@host:y":                         "dash",
		"https://user:s3cret@example.com/a": "password",
		"https://user:s3cret@example.com:x": "repository.url",
		"https://example.com/a?x=y":         "? or #",
		"https://example.com/a#":            "? or #",
		"https://example.com":               "no repository",
		"https://example.com/":              "no repository",
		"https:///a":                        "no host",
		"https://example.com:0/a":           "port",
		"https://example.com:99999/a":       "port",
		"ssh://a b@host/x":                  "repository.url",
		"git@[::1]:x":                       "cannot be read",
		"git@host:a\nb":                     "control",
		"~/x":                               "in full",
	} {
		_, err := parseURL(raw)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want something with %q", raw, err, want)
		} else if strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func TestRemoteStringHidesTheUser(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://ghp_token@example.com:8443/a": "https://example.com:8443/a",
		"https://[::1]/a":                      "https://[::1]/a",
		"git@example.com:a/b":                  "example.com:a/b",
		"ssh://git@example.com:22/a":           "ssh://example.com:22/a",
		"/srv/a":                               "/srv/a",
	} {
		r, err := parseURL(raw)
		if err != nil || r.String() != want {
			t.Errorf("%s: %s, %v", raw, r, err)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for _, seed := range []string{
		"https://a/b", "ssh://u@h:1/p", "u@h:p", "/p", "../p", "ext::x", "file:///x", "http://[::1%25lo]/x",
		"--upload-pack=x", "git@-o:x", "https://u:p@h/x", "\x00", "h:-x", "https://a/%2e%2e?x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		r, err := parseURL(raw)
		if err != nil {
			return
		}
		if strings.HasPrefix(r.host, "-") || strings.HasPrefix(r.user, "-") || strings.HasPrefix(r.path, "-") {
			t.Errorf("%q: something that reads as an option: %+v", raw, r)
		}
		switch {
		case r.kind == kindLocal && !strings.HasPrefix(r.path, "/"):
			t.Errorf("%q: %+v is not absolute", raw, r)
		case r.kind == kindHTTP && r.scheme == "http" && !loopback(r.host):
			t.Errorf("%q: in the clear to %s", raw, r.host)
		case r.kind != kindLocal && (r.host == "" || r.path == ""):
			t.Errorf("%q: %+v", raw, r)
		case r.kind == kindHTTP && r.scheme != "https" && r.scheme != "http":
			t.Errorf("%q: scheme %q", raw, r.scheme)
		}
	})
}
