package settings_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/acmsync/acmsync/internal/settings"
)

// FuzzValue sets any setting to anything, by a flag and by a variable: both say
// the same of it, in one printable line that names the setting, and a value that
// is taken is taken again.
func FuzzValue(f *testing.F) {
	keys := settings.Keys()
	for i, text := range []string{
		"7d12h", "99999d", "-1s", "1e9h", "2/3", "0/0", "NaN", "10%", "1e999%", "300/3h", "300/0s", "none", "never", "true", "TRUE",
		"a@b", "\x00", "203.0.113.1, ::1", "10.0.0.0/33", "[::1]:53", "https://me:secret@git.example.com/", "git@host:x", "::", "sqlite://x?y",
		"{domain}.{app}.x", "../..", "a\u202eb", "*.x", ":80", "ops@example.com",
	} {
		f.Add(uint8(i), text)
		f.Add(uint8(i*7), text)
	}
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		key := keys[int(which)%len(keys)]
		if text == "" { // a variable without a value is none
			return
		}
		_, flag := settings.Load(settings.Source{Path: "acmsync.yaml", Bytes: []byte(minimal), Flags: map[string]string{key: text}})
		got, env := settings.Load(settings.Source{Path: "acmsync.yaml", Bytes: []byte(minimal), Env: map[string]string{settings.EnvName(key): text}})
		if (flag == nil) != (env == nil) {
			t.Fatalf("%s=%q: by a flag %v, by a variable %v", key, text, flag, env)
		}
		if env == nil {
			again, err := settings.Load(settings.Source{Path: "acmsync.yaml", Bytes: []byte(minimal), Env: map[string]string{settings.EnvName(key): text}})
			if err != nil || fmt.Sprint(again) != fmt.Sprint(got) {
				t.Errorf("%s=%q is taken, and then otherwise: %v", key, text, err)
			}
			return
		}
		if !strings.Contains(env.Error(), key[:strings.IndexByte(key, '.')]) || key == "repository.url" && strings.Contains(env.Error(), "secret@") {
			t.Errorf("%s=%q: %v", key, text, env)
		}
		for line := range strings.SplitSeq(env.Error(), "\n") {
			if strings.ContainsFunc(line, unicode.IsControl) {
				t.Errorf("%s=%q: %q", key, text, line)
			}
		}
	})
}
