package deploy_test

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/deploy"
	"github.com/acmsync/acmsync/internal/record"
)

// TestLeftoversAreNoVersionBefore: what an install that was killed left behind
// goes, also where it looks like the version before, which stays.
func TestLeftoversAreNoVersionBefore(t *testing.T) {
	t.Parallel()
	for _, earlier := range []int{0, 1} {
		for _, torn := range []string{"privkey.pem", "combined.pem", ""} {
			t.Run(strings.Repeat("second ", earlier)+"without "+torn, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				target := deploy.NewFiles(deploy.FilesConfig{Dir: dir})
				var newest record.Pair
				for n := range earlier + 1 {
					newest = pair(t, "a.example", day(n))
					install(t, target, newest)
				}
				versions := filepath.Join(dir, ".versions/a.example")
				want := entries(t, versions)
				interrupted(t, versions, "", torn)
				interrupted(t, versions, "0000", "privkey.pem")
				install(t, target, newest)
				if left := entries(t, versions); !slices.Equal(left, want) {
					t.Errorf("left are %q, want %q", left, want)
				}
			})
		}
	}
}

// interrupted copies the newest version into one that began before it, of the
// same certificate or one that is called otherwise, without the file.
func interrupted(t *testing.T, versions, called, missing string) {
	t.Helper()
	all := entries(t, versions)
	newest := all[len(all)-1]
	stamp := strings.Split(newest, "-")
	folder := filepath.Join(versions, stamp[0]+"-"+cmp.Or(called, stamp[1])+"-0")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range read(t, filepath.Join(versions, newest)) {
		if name == missing {
			continue
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
