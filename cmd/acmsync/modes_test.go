//go:build linux

package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/acmsync/acmsync/internal/lab"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/git"
)

// modes are those of everything that is made, by its path below the lab's
// folder; the first that matches counts. All else is private.
var modes = []struct {
	path *regexp.Regexp
	want fs.FileMode
	// least is how many there must be.
	least int
}{
	{regexp.MustCompile(`^www/\.well-known(/acme-challenge)?/$`), 0o755, 2},
	{regexp.MustCompile(`^www/\.well-known/acme-challenge/[^/]+$`), 0o644, 1},
	{regexp.MustCompile(`^live/\.versions/[^/]+/[^/]+/(cert|chain|fullchain)\.pem$`), 0o644, 3},
	{regexp.MustCompile(`^live/\.versions/[^/]+/[^/]+/(privkey|combined)\.pem$`), 0o600, 2},
	{regexp.MustCompile(`^live/(\.versions/([^/]+/){0,2})?$`), 0o700, 3},
	{regexp.MustCompile(`^(state|state2)/acmsync\.db(-wal|-shm)?$`), 0o600, 4},
	{regexp.MustCompile(`^keys/$`), 0o700, 1},
	{regexp.MustCompile(`^keys/account\.pem$`), 0o600, 1},
	{regexp.MustCompile(`.*\.pack$`), 0o600, 1},
	{regexp.MustCompile(`/$`), 0o700, 3},
	{regexp.MustCompile(`[^/]$`), 0o600, 0},
}

// TestModes: whatever the umask, everything that is made has exactly the mode
// that it should have, also while work is under way.
func TestModes(t *testing.T) {
	t.Parallel()
	for _, umask := range []string{"000", "022", "077"} {
		t.Run(umask, func(t *testing.T) {
			t.Parallel()
			w := newModesWorld(t, umask)
			w.run(t, "sync", "--set", "acme.accountKeyFile="+filepath.Join(w.lab.Dir, "keys", "account.pem"), "--set", "store.url=sqlite://"+filepath.Join(w.lab.Dir, "state2", "acmsync.db"))
			w.run(t, "sync")
			w.run(t, "status")
			w.run(t, "plan")
			w.run(t, "doctor")
			w.look()
			w.judge(t)
		})
	}
}

// modesWorld is a lab whose folder is looked at while the program works.
type modesWorld struct {
	lab   *lab.Lab
	umask string
	temp  string

	mu   sync.Mutex
	own  map[string]bool // what the lab itself has put there
	seen map[string]fs.FileMode
}

func newModesWorld(t *testing.T, umask string) *modesWorld {
	t.Helper()
	l, err := lab.New(lab.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	w := &modesWorld{lab: l, umask: umask, temp: t.TempDir(), own: map[string]bool{}, seen: map[string]fs.FileMode{}}
	www := filepath.Join(l.Dir, "www")
	if err := os.Mkdir(www, 0o755); err != nil {
		t.Fatal(err)
	}
	l.Extra = fmt.Sprintf("challenge: {http01: {mode: webroot, dir: %s}}\n", www)
	l.Point("www.shop.example")
	apps := "apiVersion: acmsync/v1\napps: [{name: shop, domains: [www.shop.example, gone.shop.example]}]\n"
	if _, err := l.Git.Push("main", map[string]*string{"apps.yaml": git.Text(apps)}, "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	w.look()
	for path := range w.seen {
		w.own[path] = true
	}
	clear(w.seen)
	for _, kind := range []ca.Kind{ca.NewAccount, ca.NewOrder, ca.Challenge, ca.Finalize, ca.Cert} {
		l.CA.Before(kind, w.look)
	}
	return w
}

func (w *modesWorld) run(t *testing.T, line ...string) {
	t.Helper()
	args := append([]string{"-c", "umask " + w.umask + `; exec acmsync "$@"`, "sh"}, append(line, "--config", w.lab.SettingsPath())...)
	cmd := exec.Command("sh", args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.temp, "TMPDIR=" + w.temp}
	if out, err := cmd.CombinedOutput(); err != nil && cmd.ProcessState.ExitCode() != exitAttention {
		t.Errorf("%q: %v\n%s", line, err, out)
	}
}

// look notes what is there and its mode; folders end in a slash.
func (w *modesWorld) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, root := range []string{w.lab.Dir, w.temp} {
		_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || path == root {
				return nil //nolint:nilerr // it may have gone meanwhile
			}
			info, err := d.Info()
			if err != nil || info.Mode()&fs.ModeSymlink != 0 {
				return nil //nolint:nilerr // as above
			}
			name := strings.TrimPrefix(path, root+"/")
			if root == w.temp {
				name = "temporary/" + name
			}
			if d.IsDir() {
				name += "/"
			}
			w.seen[name] = info.Mode()
			return nil
		})
	}
}

func (w *modesWorld) judge(t *testing.T) {
	t.Helper()
	met := make([]int, len(modes))
	for path, mode := range w.seen {
		if w.own[path] {
			continue
		}
		if strings.HasPrefix(path, "temporary/") {
			t.Errorf("%s is made in the folder for temporary files", path)
		}
		for i, m := range modes {
			if m.path.MatchString(path) {
				met[i]++
				if mode.Perm() != m.want || mode&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky) != 0 {
					t.Errorf("%s has mode %v, want %v", path, mode, m.want)
				}
				break
			}
		}
	}
	for i, m := range modes {
		if met[i] < m.least {
			t.Errorf("%d of %s are there, want %d: %v", met[i], m.path, m.least, w.seen)
		}
	}
}
