package store

import (
	"errors"
	"os"
	"path/filepath"
)

// rebuilt is where the new database lies until it is whole.
func rebuilt(path string) string { return path + ".rebuilt" }

var databaseFiles = []string{"", "-wal", "-shm"}

func removeDatabase(path string) error {
	var errs []error
	for _, suffix := range databaseFiles {
		if err := os.Remove(path + suffix); !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// exchange moves the old database away and the new one to its place.
func exchange(path, fresh, broken string) error {
	for _, suffix := range databaseFiles {
		if err := os.Rename(path+suffix, broken+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return install(path, fresh)
}

// finishExchange ends what a crash between the renames left: no database, and
// the new one beside its place. Taken for an empty store, it would have every
// certificate ordered again.
func finishExchange(path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if _, err := os.Lstat(rebuilt(path)); err != nil {
		return nil //nolint:nilerr // there was no exchange
	}
	// The log of the old one is not the new one's.
	for _, suffix := range databaseFiles[1:] {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return install(path, rebuilt(path))
}

// install puts the new database in its place, for good.
func install(path, fresh string) error {
	if err := os.Rename(fresh, path); err != nil {
		return err
	}
	f, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
