package settings_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/settings"
)

var documented = regexp.MustCompile("(?m)^\\| `([A-Za-z0-9.]+)`<br>`(ACMSYNC_[A-Z0-9_]+)` \\|")

// TestTheManualKnowsEverySetting: each setting has its row, with its variable,
// or is listed as one of a coming release; and the manual invents none.
func TestTheManualKnowsEverySetting(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join("..", "..", "docs", "settings.md"))
	if err != nil {
		t.Fatal(err)
	}
	manual, later, found := strings.Cut(string(content), "## Not in this release")
	if !found {
		t.Fatal("docs/settings.md has lost its section on what is not in this release")
	}
	rows := map[string]string{}
	for _, m := range documented.FindAllStringSubmatch(manual, -1) {
		rows[m[1]] = m[2]
	}
	want := map[string]string{}
	for _, key := range settings.Keys() {
		if !strings.Contains(later, "`"+key+"`") {
			want[key] = settings.EnvName(key)
		}
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("docs/settings.md (-settings +manual):\n%s", diff)
	}
}

// TestTheManualsSmallestFile: what the manual calls enough is enough.
func TestTheManualsSmallestFile(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join("..", "..", "docs", "settings.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(content), "```yaml\n")
	file, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("docs/settings.md shows no file")
	}
	if _, err := load(t, file); err != nil {
		t.Errorf("%v in\n%s", err, file)
	}
}
