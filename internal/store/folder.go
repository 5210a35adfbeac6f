package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// prepareFolder makes the state folder, if need be, and refuses one that is
// not private.
func prepareFolder(dir string) error {
	// The check comes first: nothing may be created in a checkout.
	if err := checkCheckout(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return unusable(dir, err)
	}
	if err := checkExposed(dir); err != nil {
		return err
	}
	return checkOwner(dir, os.Geteuid())
}

func unusable(dir string, err error) error {
	remedy := "make it a folder that acmsync's user can write to, or set store.url to another"
	return &FolderError{Path: dir, Err: err, Remedy: remedy}
}

// checkExposed refuses a folder in which other users could swap the database
// or its log.
func checkExposed(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return unusable(dir, err)
	}
	if perm := info.Mode().Perm(); perm&0o022 != 0 {
		return &FolderError{dir, fmt.Errorf("%w (mode %04o)", ErrExposed, perm), "run: chmod go-w " + dir}
	}
	return checkAbove(resolved(dir))
}

// checkAbove refuses a folder that every user could rename and replace by one
// of theirs: one above it is everybody's, and not sticky as /tmp is.
func checkAbove(dir string) error {
	for at := filepath.Dir(dir); ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return unusable(dir, err)
		}
		if info.Mode().Perm()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0 {
			err := fmt.Errorf("%s above it is %w (mode %04o)", at, ErrExposed, info.Mode().Perm())
			return &FolderError{dir, err, "run: chmod o-w " + at}
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

// checkOwner refuses the folder of another user, though root may write there:
// the files that root makes would lock that user out.
func checkOwner(dir string, user int) error {
	info, err := os.Stat(dir)
	if err != nil {
		return unusable(dir, err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Uid == 0 || int(stat.Uid) == user {
		return nil
	}
	remedy := fmt.Sprintf("run acmsync as that user: sudo -u '#%d' acmsync …; or, to hand it over: chown -R %d %s", stat.Uid, user, dir)
	return &FolderError{dir, fmt.Errorf("%w (%d)", ErrForeign, stat.Uid), remedy}
}

// checkCheckout refuses a folder that has .git in it or above it. The folder
// need not exist; links are followed as far as it does.
func checkCheckout(dir string) error {
	for at := resolved(dir); ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			remedy := "set store.url to a path outside " + at
			return &FolderError{dir, ErrCheckout, remedy}
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

func resolved(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real
	}
	if parent := filepath.Dir(dir); parent != dir {
		return filepath.Join(resolved(parent), filepath.Base(dir))
	}
	return dir
}

// prepareFile makes the database file before SQLite would, so that it is never
// readable by others, not even while it is empty. SQLite gives its log the
// same mode.
func prepareFile(path string) error {
	if err := checkFile(path); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return unusable(filepath.Dir(path), err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return unusable(filepath.Dir(path), err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := f.Chmod(0o600); err != nil {
			return unusable(filepath.Dir(path), err)
		}
	}
	return nil
}

// checkFile refuses what is there and can be no database.
func checkFile(path string) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return &FolderError{filepath.Dir(path), fmt.Errorf("%s is not a file", path), "set store.url to the path of a file"}
	}
	return nil
}

// checkPlace is what a store that is opened to write insists on.
func checkPlace(path string) error {
	dir := filepath.Dir(path)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil // it will be made
	}
	for _, check := range []error{checkCheckout(dir), checkExposed(dir), checkFile(path)} {
		if check != nil {
			return check
		}
	}
	return nil
}

func exists(path string) (bool, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && info.Size() > 0, err
}
