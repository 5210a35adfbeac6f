package operate_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/operate"
)

// folder writes files by path, below a new folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFolder(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		files map[string]string
		want  []string
	}{
		"one file":      {map[string]string{"apps.yaml": "a", "README.md": "b"}, []string{"apps.yaml=a"}},
		"several files": {map[string]string{"apps/z.yaml": "z", "apps/a.yaml": "a"}, []string{"apps/a.yaml=a", "apps/z.yaml=z"}},
		// Having both is for the parser to refuse: it knows what to say.
		"both": {map[string]string{"apps.yaml": "1", "apps/a.yaml": "2"}, []string{"apps.yaml=1", "apps/a.yaml=2"}},
		"what is beside": {map[string]string{
			"apps/a.yaml": "a", "apps/.hidden.yaml": "", "apps/a.yml": "", "apps/deep/b.yaml": "", "apps/c.yaml/d": "", "certs/shop.pem": "",
		}, []string{"apps/a.yaml=a"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files, err := operate.Folder(folder(t, c.files))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range files {
				got = append(got, f.Path+"="+string(f.Bytes))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFolderOfNothing(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]map[string]string{
		"empty": nil, "other files": {"README.md": ""}, "apps is a file": {"apps": "x"}, "apps.yaml is a folder": {"apps.yaml/x": ""},
	} {
		if got, err := operate.Folder(folder(t, files)); !errors.Is(err, operate.ErrNoDesired) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := operate.Folder(filepath.Join(t.TempDir(), "gone")); !errors.Is(err, operate.ErrNoFolder) || errors.Is(err, operate.ErrNoDesired) {
		t.Errorf("no such folder: %v", err)
	}
}

// In the repository a link is refused, so what is validated here must not be
// read through one either.
func TestFolderRefusesLinks(t *testing.T) {
	t.Parallel()
	outside := folder(t, map[string]string{"secret": "x", "a.yaml": "apps: []"})
	cases := map[string]struct{ from, to string }{
		"to a file outside":   {"apps.yaml", filepath.Join(outside, "secret")},
		"to a file inside":    {"apps.yaml", "real.yaml"},
		"to nowhere":          {"apps.yaml", "gone"},
		"to a folder inside":  {"apps", "folder"},
		"to a folder outside": {"apps", outside},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t, map[string]string{"real.yaml": "apps: []", "folder/a.yaml": "apps: []"})
			if err := os.Symlink(c.to, filepath.Join(dir, c.from)); err != nil {
				t.Fatal(err)
			}
			got, err := operate.Folder(dir)
			if err == nil || errors.Is(err, operate.ErrNoDesired) {
				t.Fatalf("read %+v, %v", got, err)
			}
			if !strings.Contains(err.Error(), c.from) || !strings.Contains(err.Error(), "link") {
				t.Errorf("%q does not say what is wrong with %s", err, c.from)
			}
		})
	}
}

// A file that is too long arrives long enough for the parser to refuse it.
func TestFolderReadsNoMoreThanIsParsed(t *testing.T) {
	t.Parallel()
	files, err := operate.Folder(folder(t, map[string]string{"apps.yaml": string(bytes.Repeat([]byte("#"), 3<<20))}))
	if err != nil || len(files) != 1 || len(files[0].Bytes) != 1<<20+1 {
		t.Errorf("%d files, %v", len(files), err)
	}
}
