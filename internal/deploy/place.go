package deploy

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// checkPlace refuses folders in which other users could put pairs of their own,
// or to which they could lead ours: whoever can write there decides what is
// served. The target's own folder may be a link of the operator's, and writable
// for a group of theirs; what is below is made here.
func (f *Files) checkPlace(folder string) error {
	versions := filepath.Join(f.dir, ".versions")
	if err := checkMode(f.dir, os.Stat, 0o002, "o-w"); err != nil {
		return err
	}
	return errors.Join(
		checkMode(versions, os.Lstat, 0o022, "go-w"),
		checkMode(filepath.Join(versions, folder), os.Lstat, 0o022, "go-w"),
	)
}

func checkMode(dir string, look func(string) (fs.FileInfo, error), forbidden fs.FileMode, change string) error {
	info, err := look(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // it will be made
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("%s is a link that acmsync did not make: move it away", dir)
	case info.IsDir() && info.Mode().Perm()&forbidden != 0:
		return fmt.Errorf("other users can write to %s (mode %04o), and so decide what is served: run: chmod %s %s", dir, info.Mode().Perm(), change, dir)
	}
	return nil
}

// checkLink refuses a link that leads elsewhere than to a version, which only we
// can have made: what another user planted is not what we installed. One to a
// version of another name is damage, which the next install mends.
func checkLink(link, to string) error {
	if filepath.Dir(filepath.Dir(to)) == ".versions" && filepath.IsLocal(to) && filepath.Clean(to) == to {
		return nil
	}
	return fmt.Errorf("%s is not a link made by acmsync, it leads to %q: move it away", link, to)
}
