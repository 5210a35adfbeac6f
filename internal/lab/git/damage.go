package git

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Lock leaves a branch's lock behind, as a server does that died in the middle
// of a push. Unlock takes it away. While a push has the lock, the error is
// fs.ErrExist.
func (r *Repository) Lock(branch string) (unlock func() error, err error) {
	path := filepath.Join(r.dir, "refs", "heads", filepath.FromSlash(branch)+".lock")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return func() error { return os.Remove(path) }, f.Close()
}

// Damage flips a bit in the middle of every file of objects, as a failing disk
// does. Mend puts them back.
func (r *Repository) Damage() (mend func() error, err error) {
	whole := map[string][]byte{}
	err = filepath.WalkDir(filepath.Join(r.dir, "objects"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) == ".idx" {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		whole[path] = content
		damaged := append([]byte(nil), content...)
		damaged[len(damaged)/2] ^= 1
		return replaceFile(path, damaged)
	})
	return func() error {
		var errs []error
		for path, content := range whole {
			errs = append(errs, replaceFile(path, content))
		}
		return errors.Join(errs...)
	}, err
}

// replaceFile puts another file in the place of one that may not be written to.
func replaceFile(path string, content []byte) error {
	if err := os.WriteFile(path+".new", content, 0o444); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
