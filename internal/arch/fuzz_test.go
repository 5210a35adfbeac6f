package arch_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

var fuzzTarget = regexp.MustCompile(`(?m)^func (Fuzz\w*)\(`)

// TestEveryFuzzTargetHasACorpus: what a target found once is met again by every
// go test, and a target that nobody ever ran is no protection.
func TestEveryFuzzTargetHasACorpus(t *testing.T) {
	t.Parallel()
	root := os.DirFS("../..")
	targets := 0
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && skipped(name):
			return fs.SkipDir
		case entry.IsDir(), !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := fs.ReadFile(root, name)
		for _, target := range fuzzTarget.FindAllSubmatch(text, -1) {
			targets++
			corpus := path.Join(path.Dir(name), "testdata", "fuzz", string(target[1]))
			if inputs, err := fs.ReadDir(root, corpus); err != nil || len(inputs) == 0 {
				t.Errorf("%s has no corpus: run %s (make fuzz), and commit some of what it finds interesting as %s", name, target[1], corpus)
			}
		}
		return err
	})
	if err != nil || targets < 30 {
		t.Errorf("%d fuzz targets, %v", targets, err)
	}
}
