package challenge

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/acmsync/acmsync/internal/record"
)

// Webroot writes responses below a directory that another HTTP server serves.
type Webroot struct {
	// Dir is the server's document root. It must exist; the directories of
	// [record.ChallengePath] are made below it.
	Dir string
}

var below = strings.Trim(record.ChallengePath, "/")

// Hold tries whether a response can be written. The error is a [*PlaceError].
func (w Webroot) Hold(ctx context.Context) (release func(), err error) {
	trial := rand.Text()
	if err := w.Present(ctx, "", trial, trial); err != nil {
		return nil, err
	}
	if err := w.CleanUp(ctx, "", trial); err != nil {
		return nil, noFolder(w.Dir, err)
	}
	return func() {}, nil
}

// Present writes the response, readable for the server whoever it runs as. A
// response that is already there is left alone.
func (w Webroot) Present(_ context.Context, _, token, keyAuth string) error {
	if err := checkToken(token); err != nil {
		return err
	}
	if err := w.put(path.Join(below, token), []byte(keyAuth)); err != nil {
		return noFolder(w.Dir, err)
	}
	return nil
}

func (w Webroot) put(name string, keyAuth []byte) error {
	// A Root keeps to its directory even if somebody put symbolic links below.
	root, err := os.OpenRoot(w.Dir)
	if err != nil {
		return fmt.Errorf("opening the webroot: %w", err)
	}
	defer func() { _ = root.Close() }()
	if old, err := root.ReadFile(name); err == nil && bytes.Equal(old, keyAuth) {
		return nil
	}
	if err := makeBelow(root); err != nil {
		return fmt.Errorf("making the challenge directory: %w", err)
	}
	return replace(root, name, keyAuth)
}

// makeBelow makes the directories of the challenge's path. What the umask took
// away from those is put back: the server has to get to the response.
func makeBelow(root *os.Root) error {
	at := ""
	for part := range strings.SplitSeq(below, "/") {
		at = path.Join(at, part)
		err := root.Mkdir(at, 0o755)
		if err == nil {
			err = root.Chmod(at, 0o755)
		}
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// replace writes beside and renames, so that the CA never reads half a response.
func replace(root *os.Root, name string, content []byte) error {
	// A dot is no part of a token, so no token can be mistaken for this file.
	beside := name + ".new"
	if err := root.WriteFile(beside, content, 0o644); err != nil {
		return fmt.Errorf("writing a challenge response: %w", err)
	}
	// The umask took away what the server needs to read it.
	err := root.Chmod(beside, 0o644)
	if err == nil {
		err = root.Rename(beside, name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("publishing a challenge response: %w", err), root.Remove(beside))
	}
	return nil
}

// CleanUp removes the response; that there is none is fine.
func (w Webroot) CleanUp(_ context.Context, _, token string) error {
	if err := checkToken(token); err != nil {
		return err
	}
	root, err := os.OpenRoot(w.Dir)
	if err != nil {
		return fmt.Errorf("opening the webroot: %w", err)
	}
	defer func() { _ = root.Close() }()
	if err := root.Remove(path.Join(below, token)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing a challenge response: %w", err)
	}
	return nil
}
