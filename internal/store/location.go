package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// Memory is the URL of a store that lives and dies with its Store value.
const Memory = "sqlite::memory:"

// location takes the path out of a store URL; empty means in memory.
//
//	sqlite:///var/lib/acmsync/acmsync.db    an absolute path
//	sqlite://state/acmsync.db               relative to the working directory
//	sqlite::memory:                         nowhere
//
// The path is taken literally: no escapes, no options.
func location(url string) (string, error) {
	if url == Memory {
		return "", nil
	}
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return "", errors.New("store.url: Postgres is not in this release; use sqlite:///path/to/acmsync.db")
	}
	path, ok := strings.CutPrefix(url, "sqlite://")
	if !ok || path == "" || strings.HasSuffix(path, "/") || strings.ContainsAny(path, "?#%\x00") {
		return "", fmt.Errorf("store.url: %q must be sqlite:// and a path, like sqlite:///var/lib/acmsync/acmsync.db", url)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("store.url: resolving %s: %w", path, err)
	}
	return abs, nil
}
