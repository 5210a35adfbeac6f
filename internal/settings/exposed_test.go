package settings_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/settings"
)

const withSecrets = `repository: {url: "https://git.example.com/platform/domains.git", auth: {tokenFile: secret, sshKeyFile: secret, caFile: public}}
acme:
  email: ops@example.com
  acceptTerms: true
  accountKeyFile: secret
  eab: {kid: k, hmacFile: secret}
  fallback: [{directory: "https://ca.example.com/dir", eab: {kid: k, hmacFile: secret}}]
platform: {target: "{domain}.dns.example.net"}
store: {identityFile: secret}
challenge: {dns01: {provider: rfc2136, env: {DNSUPDATE_NAMESERVER: ns.example.net, DNSUPDATE_TSIG_KEY: k, DNSUPDATE_TSIG_SECRET_FILE: secret}}}
`

// secretKeys are the settings that name a file with a secret in it.
var secretKeys = []string{
	"acme.accountKeyFile", "acme.eab.hmacFile", "acme.fallback[0].eab.hmacFile", "challenge.dns01.env.DNSUPDATE_TSIG_SECRET_FILE",
	"repository.auth.sshKeyFile", "repository.auth.tokenFile", "store.identityFile",
}

// TestSecretsThatAllCanRead: each is warned of, with what to run; those of a
// group are the operator's business.
func TestSecretsThatAllCanRead(t *testing.T) {
	t.Parallel()
	for mode, want := range map[fs.FileMode][]string{0o600: nil, 0o440: nil, 0o640: nil, 0o644: secretKeys, 0o604: secretKeys} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "secret"), "hunter2")
		write(t, filepath.Join(dir, "public"), "x")
		chmod(t, filepath.Join(dir, "secret"), mode)
		s := mustLoad(t, settings.Source{Path: filepath.Join(dir, "acmsync.yaml"), Bytes: []byte(withSecrets)})
		var warned []string
		for _, warning := range s.Warnings {
			if !strings.Contains(warning, "run: chmod 600 "+filepath.Join(dir, "secret")) {
				t.Errorf("%v: %s", mode, warning)
			}
			warned = append(warned, strings.Split(warning, ": ")[1])
		}
		slices.Sort(warned)
		if !slices.Equal(warned, want) {
			t.Errorf("%v: warned of %q, want %q", mode, warned, want)
		}
	}
}

// TestAnAccountKeyThatOthersCanReplace is refused.
func TestAnAccountKeyThatOthersCanReplace(t *testing.T) {
	t.Parallel()
	for _, mode := range []fs.FileMode{0o620, 0o602, 0o666} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "secret"), "hunter2")
		chmod(t, filepath.Join(dir, "secret"), mode)
		_, err := settings.Load(settings.Source{Path: filepath.Join(dir, "acmsync.yaml"), Bytes: []byte(minimal), Flags: map[string]string{"acme.accountKeyFile": filepath.Join(dir, "secret")}})
		if err == nil || !strings.Contains(err.Error(), "acme.accountKeyFile: other users can write to ") || !strings.Contains(err.Error(), "run: chmod 600 "+filepath.Join(dir, "secret")) {
			t.Errorf("%v: %v", mode, err)
		}
	}
}

// TestTheFileItself: who can change the settings runs commands; who can read
// them reads a secret that stands in them.
func TestTheFileItself(t *testing.T) {
	t.Parallel()
	inline := strings.Replace(minimal, "platform:", "challenge: {dns01: {provider: rfc2136, env: {DNSUPDATE_TSIG_SECRET: aHVudGVyMg==}}}\nplatform:", 1)
	for text, modes := range map[string]map[fs.FileMode]string{
		minimal: {0o644: "", 0o664: "", 0o666: "run: chmod go-w "},
		inline:  {0o600: "", 0o640: "", 0o644: "ends in _FILE, or run: chmod 600 "},
	} {
		for mode, want := range modes {
			path := filepath.Join(t.TempDir(), "acmsync.yaml")
			write(t, path, text)
			chmod(t, path, mode)
			got := strings.Join(mustLoad(t, settings.Source{Path: path}).Warnings, "\n")
			if want == "" && got != "" || !strings.Contains(got, want) || strings.Contains(got, "aHVu") {
				t.Errorf("%v: %q, want %q", mode, got, want)
			}
		}
	}
}

// opens are words of settings by which something is opened.
var opens = regexp.MustCompile(`(?i)(token|secret|password|passphrase|hmac|identity|credential|(^|[a-z])key)`)

// TestNoSettingIsASecret: one that would be is the path of a file instead, so
// that no secret stands in a settings file, an environment or a command line.
func TestNoSettingIsASecret(t *testing.T) {
	t.Parallel()
	var files []string
	for _, key := range settings.Keys() {
		last := key[strings.LastIndexByte(key, '.')+1:]
		if last == "keyType" || !opens.MatchString(last) {
			continue
		}
		if !strings.HasSuffix(last, "File") {
			t.Errorf("%s may be a secret and is not the path of a file", key)
		}
		files = append(files, key)
	}
	if len(files) < 5 {
		t.Errorf("only %q are looked at", files)
	}
}

func chmod(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
