package record_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/acmsync/acmsync/internal/record"
)

func TestClean(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		in   string
		max  int
		want string
	}{
		"as it is":               {"www.shop.example", 64, "www.shop.example"},
		"lines":                  {" a\r\n\tb\u2028c\u00a0 d ", 64, "a b c d"},
		"colour":                 {"\x1b[1;31mred\x1b[0m", 64, "red"},
		"colour by C1":           {"\u009b31mred", 64, "red"},
		"window title":           {"\x1b]0;owned\x07ok", 64, "ok"},
		"unfinished title":       {"ok\x1b]0;owned", 64, "ok"},
		"other escape":           {"\x1bcok", 64, "ok"},
		"bidirectional override": {"abc\u202egnp.exe\u2066", 64, "abcgnp.exe"},
		"invisible":              {"a\u200bb\u00adc\ufeffd\U000e0041", 64, "abcd"},
		"invalid UTF-8":          {"a\xff\xc0b", 64, "ab"},
		"letters of the world":   {"bücher 例え", 64, "bücher 例え"},
		"cut":                    {"abcdef", 4, "abc…"},
		"just fits":              {"abcd", 4, "abcd"},
		"no room":                {"abcd", 0, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := record.Clean(c.in, c.max); got != c.want {
				t.Errorf("Clean(%q, %d) = %q, want %q", c.in, c.max, got, c.want)
			}
		})
	}
}

func FuzzClean(f *testing.F) {
	f.Add("www.shop.example", 64)
	f.Add("\x1b[31m\x1b]0;t\x07\u202e\u2028\xff", 5)
	f.Add(strings.Repeat("\x1b", 3000)+"x", 1)
	f.Fuzz(func(t *testing.T, s string, max int) {
		max %= 1000
		got := record.Clean(s, max)
		checkClean(t, got, max)
		if again := record.Clean(got, max); again != got {
			t.Errorf("cleaning %q again gives %q", got, again)
		}
	})
}

func checkClean(t *testing.T, s string, max int) {
	t.Helper()
	if n := utf8.RuneCountInString(s); n > max && n > 0 {
		t.Errorf("%d characters, more than %d: %q", n, max, s)
	}
	if !utf8.ValidString(s) {
		t.Errorf("invalid UTF-8: %q", s)
	}
	if i := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("an unprintable character at %d: %q", i, s)
	}
}
