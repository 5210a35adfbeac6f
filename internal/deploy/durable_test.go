package deploy_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/acmsync/acmsync/internal/deploy"
)

// change is one change to the disk, as the target announced it.
type change struct{ kind, path string }

// changes are those of one install, in their order.
type changes struct {
	*testing.T
	log []change
}

// TestWhatTheLinkPointsAtIsOnDisk: each thing is synced before what depends on
// it, so that a power cut at any moment leaves a whole pair.
func TestWhatTheLinkPointsAtIsOnDisk(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "live")
	target := deploy.NewFiles(deploy.FilesConfig{Dir: dir})
	link, versions := filepath.Join(dir, "a.example"), filepath.Join(dir, ".versions", "a.example")
	for i := range 3 { // the first makes the folders, the third removes a version
		c := &changes{T: t}
		target.Watch(func(kind, path string) { c.log = append(c.log, change{kind, path}) })
		install(t, target, pair(t, "a.example", day(i)))
		if i == 0 {
			for _, made := range []string{dir, filepath.Dir(versions), versions} {
				c.ordered(change{"mkdir", made}, change{"sync", filepath.Dir(made)}, change{"rename", link})
			}
		}
		if n := c.wholeVersion(link); n != 5 {
			t.Errorf("install %d writes %d files", i+1, n)
		}
		c.ordered(change{"mkdir", versions}, change{"sync", versions}, change{"rename", link}, change{"sync", dir})
		if i == 2 {
			c.replaced(dir, link)
		}
	}
}

// wholeVersion checks that all files are on the disk before the link points at
// them, and counts them.
func (c *changes) wholeVersion(link string) (files int) {
	for _, w := range c.log {
		if w.kind == "write" {
			files++
			c.ordered(w, change{"sync", w.path}, change{"sync", filepath.Dir(w.path)}, change{"rename", link})
		}
	}
	return files
}

// replaced checks that no version goes before the new link is on the disk.
func (c *changes) replaced(dir, link string) {
	removed := slices.IndexFunc(c.log, func(x change) bool { return x.kind == "remove" })
	if removed < 0 {
		c.Errorf("no version was removed: %v", c.log)
		return
	}
	c.ordered(change{"rename", link}, change{"sync", dir}, c.log[removed])
}

// ordered checks that the changes come one after the other.
func (c *changes) ordered(want ...change) {
	c.Helper()
	rest := c.log
	for _, x := range want {
		i := slices.Index(rest, x)
		if i < 0 {
			c.Errorf("%v is not where it belongs in %v, in %v", x, want, c.log)
			return
		}
		rest = rest[i+1:]
	}
}
