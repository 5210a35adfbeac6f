package controller_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/acmsync/acmsync/internal/status"
)

var update = flag.Bool("update", false, "write the golden files anew")

// told is what of an entry its reader goes by: all but the times.
type told struct {
	Way                 string `yaml:"way"`
	status.DomainStatus `yaml:",inline"`
}

// changing is what differs from run to run.
var changing = []struct {
	seen *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`), "2026-11-24T10:00:00Z"},
	{regexp.MustCompile(`((?:[a-z0-9.-]+\.(?:test|example)|127\.0\.0\.\d|\[::1\])):\d{4,5}\b`), "$1:80"},
	{regexp.MustCompile(`(acme-challenge/)[\w-]{43}`), "$1TOKEN"},
	{regexp.MustCompile(`(acmsync-proof=)[a-z2-7]{32}`), "${1}PROOF"},
	{regexp.MustCompile(`-account/[0-9a-f]+`), "-account/1"},
}

// checkTold holds what every way's owner reads against a file that people can
// read too: testdata/reasons.golden.
func checkTold(t *testing.T, all []told) {
	t.Helper()
	slices.SortFunc(all, func(a, b told) int { return cmp.Compare(a.Way, b.Way) })
	have := map[string]string{}
	var text strings.Builder
	for _, one := range all {
		one.Since, one.FirstFailed, one.NextAttempt = time.Time{}, time.Time{}, time.Time{}
		raw, err := yaml.Marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		entry := string(raw)
		for _, c := range changing {
			entry = c.seen.ReplaceAllString(entry, c.as)
		}
		have[one.Way] = entry
		fmt.Fprintf(&text, "---\n%s", entry)
	}
	file := filepath.Join("testdata", "reasons.golden")
	if *update {
		if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for want := range strings.SplitSeq(strings.TrimPrefix(string(raw), "---\n"), "---\n") {
		name, _, _ := strings.Cut(strings.TrimPrefix(want, "way: "), "\n")
		got, ok := have[name]
		if d := diff.Diff(want, got); ok && d != "" {
			t.Errorf("%s (write it anew with -update; -want +have):\n%s", name, d)
		}
		delete(have, name)
	}
	for name := range have {
		t.Errorf("%s lacks %q; write it anew with -update", file, name)
	}
}
