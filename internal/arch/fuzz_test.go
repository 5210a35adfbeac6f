package arch_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"testing"
)

var fuzzTarget = regexp.MustCompile(`(?m)^func (Fuzz\w*)\(`)

// TestEveryFuzzTargetHasACorpus: what a target found once is met again by every
// go test, and a target that nobody ever ran is no protection.
func TestEveryFuzzTargetHasACorpus(t *testing.T) {
	t.Parallel()
	root := os.DirFS("../..")
	targets := 0
	err := eachFile(root, "_test.go", func(name string, text []byte) error {
		for _, target := range fuzzTarget.FindAllSubmatch(text, -1) {
			targets++
			corpus := path.Join(path.Dir(name), "testdata", "fuzz", string(target[1]))
			if inputs, err := fs.ReadDir(root, corpus); err != nil || len(inputs) == 0 {
				t.Errorf("%s has no corpus: run %s (make fuzz), and commit some of what it finds interesting as %s", name, target[1], corpus)
			}
		}
		return nil
	})
	if err != nil || targets < 30 {
		t.Errorf("%d fuzz targets, %v", targets, err)
	}
}
