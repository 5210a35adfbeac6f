package deploy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// FilesConfig describes a target of kind files.
type FilesConfig struct {
	// Name is what status and acknowledgements call the target.
	Name string
	// Dir is made when it does not exist.
	Dir string
	// Hook is a command and its arguments; empty: none.
	Hook []string
	// HookTimeout ends a run, with everything it started; 0: 30 s.
	HookTimeout time.Duration
	// Before, if not nil, is asked before every change to the disk: mkdir,
	// create, write, sync, symlink, rename or remove, and of what path. An error
	// stands for the change. It is for tests of what drives a target.
	Before func(change, path string) error
}

// Files is a folder of certificates. It may be used from many goroutines and
// by several processes at once.
type Files struct {
	name string
	dir  string
	disk disk
	hook *hook

	hookTimeout time.Duration
}

// NewFiles makes the target; nothing is touched before the first Install.
func NewFiles(c FilesConfig) *Files {
	f := &Files{name: c.Name, dir: c.Dir, disk: disk{before: c.Before}}
	if len(c.Hook) > 0 {
		if c.HookTimeout == 0 {
			c.HookTimeout = 30 * time.Second
		}
		f.hookTimeout = c.HookTimeout
		f.hook = newHook(command{argv: c.Hook, timeout: c.HookTimeout}.run)
	}
	return f
}

// Name is the target's name.
func (f *Files) Name() string { return f.name }

// writeTime is how long writing a pair may take, or waiting for another process
// that does.
const writeTime = time.Minute

// Takes is how long an Install may take when all is well: a run of the hook may
// be under way, and the next one gathers meanwhile.
func (f *Files) Takes() time.Duration {
	if f.hook == nil {
		return writeTime
	}
	return writeTime + patience + 2*f.hookTimeout
}

// Install puts the pair in place under its first name and returns once a run
// of the hook that began afterwards has ended well. Installing what is already
// there writes nothing and runs the hook again, so a caller repeats a failed
// Install until it succeeds. The error is a [*NewerError] when a newer pair is
// there, and a [*HookError] when the pair is in place but the hook failed.
func (f *Files) Install(ctx context.Context, p record.Pair) error {
	if err := f.install(ctx, p); err != nil {
		return fmt.Errorf("install %s in %s: %w", nameOf(p), f.dir, err)
	}
	if f.hook == nil {
		return nil
	}
	if err := f.hook.wait(ctx, nameOf(p)); err != nil {
		return fmt.Errorf("%s is in %s, but %w", nameOf(p), f.dir, err)
	}
	return nil
}

// Holds reports whether the name's pair is there whole and its certificate is
// the one with this fingerprint. The error is of a place that cannot be read,
// which says nothing.
func (f *Files) Holds(name, sha256 string) (bool, error) {
	folder, err := folderOf(name)
	if err != nil {
		return false, err
	}
	in, err := current(filepath.Join(f.dir, folder))
	if err != nil {
		return false, fmt.Errorf("look for %s in %s: %w", name, f.dir, err)
	}
	return in.leaf != nil && fingerprint(in.leaf) == sha256, nil
}

// Remove takes the name's pair and its older versions away, unless it is one
// whose fingerprint is not among known: then somebody who knows more put it
// there. A name that is not there is success. The hook does not run: a server
// that still holds the pair in memory harms nobody.
func (f *Files) Remove(ctx context.Context, name string, known []string) error {
	if err := f.remove(ctx, name, known); err != nil {
		return fmt.Errorf("remove %s from %s: %w", name, f.dir, err)
	}
	return nil
}

func (f *Files) install(ctx context.Context, p record.Pair) error {
	folder, err := folderOf(nameOf(p))
	if err != nil {
		return err
	}
	content, err := render(p)
	if err != nil {
		return err
	}
	if err := f.checkPlace(folder); err != nil {
		return err
	}
	versions := filepath.Join(f.dir, ".versions", folder)
	if err := f.disk.mkdirAll(versions); err != nil {
		return err
	}
	unlock, err := lock(ctx, versions)
	if err != nil {
		return err
	}
	defer unlock()
	link := filepath.Join(f.dir, folder)
	old, err := current(link)
	if err != nil {
		return err
	}
	if old.same(content) {
		// The attempt that put it there may have failed to make it durable.
		f.prune(versions, old.version, "")
		return f.disk.sync(f.dir)
	}
	if err := old.refuse(p, content, time.Now()); err != nil {
		return err
	}
	return f.swap(link, versions, old.version, p, content)
}

// swap writes the new version and lets the link point at it. The order of
// syncs matters: after a power cut the link may be old, but what it points at
// must be whole.
func (f *Files) swap(link, versions, old string, p record.Pair, content files) error {
	version, err := f.disk.mkdirTemp(versions, versionName(p.Certificate, content.leaf)+"-*")
	if err != nil {
		return err
	}
	if err := errors.Join(f.write(version, content), f.disk.sync(versions)); err != nil {
		return f.discard(version, err)
	}
	target, err := filepath.Rel(f.dir, version)
	if err != nil {
		return f.discard(version, err)
	}
	fresh := version + ".link"
	if err := f.disk.symlink(target, fresh); err != nil {
		return f.discard(version, err)
	}
	if err := f.disk.rename(fresh, link); err != nil {
		_ = f.disk.removeAll(fresh)
		return f.discard(version, err)
	}
	if err := f.disk.sync(f.dir); err != nil {
		return err
	}
	f.prune(versions, filepath.Base(version), old)
	return nil
}

// write fills a version folder with all five files, durable.
func (f *Files) write(version string, content files) error {
	for _, file := range content.list() {
		if err := f.disk.write(filepath.Join(version, file.name), file.content, file.mode); err != nil {
			return err
		}
	}
	return f.disk.sync(version)
}

// discard drops a version that nothing points at, so that a full disk does not
// fill further at every try. If that fails too, pruning finds it later.
func (f *Files) discard(version string, err error) error {
	_ = f.disk.removeAll(version)
	return err
}

// prune keeps the version in use and the one before it, which a server may
// have half read. Leftovers of interrupted installs go as well. What cannot go
// now goes with the next install: the new pair is in place and nothing may
// stop it.
func (f *Files) prune(versions, use, before string) {
	entries, err := os.ReadDir(versions)
	if err != nil {
		return
	}
	if before == "" {
		before = newestBefore(versions, entries, use)
	}
	for _, e := range entries {
		if e.Name() != use && e.Name() != before {
			_ = f.disk.removeAll(filepath.Join(versions, e.Name()))
		}
	}
}

// newestBefore is the version to keep when no swap says which it was; version
// names sort by age. What an interrupted install left is none, be it torn or of
// the certificate that is in use.
func newestBefore(versions string, entries []fs.DirEntry, use string) string {
	for _, e := range slices.Backward(entries) {
		if e.Name() < use && certificateOf(e.Name()) != certificateOf(use) {
			if _, leaf := content(filepath.Join(versions, e.Name())); leaf != nil {
				return e.Name()
			}
		}
	}
	return ""
}

func (f *Files) remove(ctx context.Context, name string, known []string) error {
	folder, err := folderOf(name)
	if err != nil {
		return err
	}
	versions := filepath.Join(f.dir, ".versions", folder)
	unlock, err := lock(ctx, versions)
	if errors.Is(err, fs.ErrNotExist) {
		return f.unlink(filepath.Join(f.dir, folder))
	}
	if err != nil {
		return err
	}
	defer unlock()
	link := filepath.Join(f.dir, folder)
	if in, err := current(link); err == nil && in.leaf != nil && !slices.Contains(known, fingerprint(in.leaf)) {
		return nil
	}
	if err := f.unlink(link); err != nil {
		return err
	}
	return f.disk.removeAll(versions)
}

// unlink removes the link before its versions go, so that no reader follows a
// link to half a folder.
func (f *Files) unlink(link string) error {
	if _, err := current(link); err != nil {
		return err
	}
	if _, err := os.Lstat(link); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := f.disk.removeAll(link); err != nil {
		return err
	}
	return f.disk.sync(f.dir)
}
