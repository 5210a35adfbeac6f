package deploy

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// disk makes every change to the file system; see [FilesConfig.Before].
type disk struct {
	before func(change, path string) error
}

func (d disk) allow(change, path string) error {
	if d.before == nil {
		return nil
	}
	return d.before(change, path)
}

// mkdirAll makes a folder private to us, and each new one durable.
func (d disk) mkdirAll(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent == dir {
		return &fs.PathError{Op: "mkdir", Path: dir, Err: fs.ErrNotExist}
	}
	if err := d.mkdirAll(parent); err != nil {
		return err
	}
	if err := d.allow("mkdir", dir); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return d.sync(parent)
}

func (d disk) mkdirTemp(dir, pattern string) (string, error) {
	if err := d.allow("mkdir", dir); err != nil {
		return "", err
	}
	return os.MkdirTemp(dir, pattern)
}

// write makes a new file, synced. Its folder is synced by whoever fills it.
func (d disk) write(name string, content []byte, mode fs.FileMode) error {
	if err := d.allow("create", name); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	// The umask may have taken away what a server needs to read it.
	return errors.Join(f.Chmod(mode), d.fill(f, content), f.Close())
}

func (d disk) fill(f *os.File, content []byte) error {
	if err := d.allow("write", f.Name()); err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		return err
	}
	if err := d.allow("sync", f.Name()); err != nil {
		return err
	}
	return f.Sync()
}

// sync makes the entries of a folder durable.
func (d disk) sync(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.flush(f), f.Close())
}

// flush returns when the file, or the folder, is on the disk.
func (d disk) flush(f *os.File) error {
	if err := d.allow("sync", f.Name()); err != nil {
		return err
	}
	return f.Sync()
}

func (d disk) symlink(target, link string) error {
	if err := d.allow("symlink", link); err != nil {
		return err
	}
	return os.Symlink(target, link)
}

func (d disk) rename(from, to string) error {
	if err := d.allow("rename", to); err != nil {
		return err
	}
	return os.Rename(from, to)
}

func (d disk) removeAll(path string) error {
	if err := d.allow("remove", path); err != nil {
		return err
	}
	return os.RemoveAll(path)
}

// lock takes the folder for this goroutine, against other goroutines and other
// processes alike. The folder itself is what is locked, so that no lock files
// remain; one that was removed while we waited is looked up again.
func lock(ctx context.Context, dir string) (unlock func(), err error) {
	for {
		f, err := os.Open(dir)
		if err != nil {
			return nil, err
		}
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil && sameFolder(f, dir):
			return func() { _ = f.Close() }, nil
		case err != nil && !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			_ = f.Close()
			return nil, &fs.PathError{Op: "lock", Path: dir, Err: err}
		}
		_ = f.Close()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func sameFolder(f *os.File, dir string) bool {
	held, errHeld := f.Stat()
	there, errThere := os.Stat(dir)
	return errHeld == nil && errThere == nil && os.SameFile(held, there)
}
