package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// session is one Store's stay in the database. While it has claimed anything it
// holds a lock on a file of its own in the folder owners/. The kernel drops
// the lock when the process ends, however it ends, so anybody who can take it
// knows that leases of that session are over. A stopped process keeps its
// lock; its leases end by the clock.
type session struct {
	id  string
	dir string // "" for a database in memory, which no other process can see

	mu   sync.Mutex
	file *os.File
}

// newSession starts a stay in the database at path; empty: in memory.
func newSession(path string) *session {
	dir := ""
	if path != "" {
		dir = filepath.Join(filepath.Dir(path), "owners")
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	// Host and process are for whoever reads the table.
	id := fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:10])
	return &session{id: strings.ReplaceAll(id, "/", "_"), dir: dir}
}

// owner is what the lease column says for name.
func (s *session) owner(name string) string { return name + "/" + s.id }

// mine reports whether an owner is of this session.
func (s *session) mine(owner string) bool { return strings.HasSuffix(owner, "/"+s.id) }

// begin takes the session's lock; further calls do nothing.
func (s *session) begin() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file != nil || s.dir == "" {
		return nil
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return unusable(s.dir, err)
	}
	s.sweep()
	f, err := s.lockOwn()
	if err != nil {
		return unusable(s.dir, err)
	}
	s.file = f
	return nil
}

// lockOwn makes and locks the session's file. A sweep by another process can
// remove it between the two; then it is made anew.
func (s *session) lockOwn() (*os.File, error) {
	path := filepath.Join(s.dir, s.id)
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		if err := lockFile(f); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if still(f, path) {
			return f, nil
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
}

func still(f *os.File, path string) bool {
	ours, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(ours, there)
}

// gone reports whether the session of an owner has certainly ended.
func (s *session) gone(owner string) bool {
	id := owner[strings.LastIndexByte(owner, '/')+1:]
	if id == s.id || s.dir == "" {
		return false
	}
	path := filepath.Join(s.dir, id)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true // closed in order
	}
	if err != nil {
		return false
	}
	defer f.Close()
	return unlocked(f)
}

// sweep removes what ended sessions left behind. It is tidiness: whatever
// cannot be removed stays.
func (s *session) sweep() {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if s.gone("/" + e.Name()) {
			_ = os.Remove(filepath.Join(s.dir, e.Name()))
		}
	}
}

func (s *session) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	err := os.Remove(s.file.Name())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	err = errors.Join(err, s.file.Close())
	s.file = nil
	return err
}

// lockFolder keeps other processes from opening a database in the folder at
// the same time.
func lockFolder(ctx context.Context, dir string) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	f, err := os.Open(dir)
	if err != nil {
		return nil, unusable(dir, err)
	}
	for !lockedAtOnce(f) {
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, fmt.Errorf("opening the store in %s: %w: %w", dir, ErrBusy, ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
	return func() { _ = f.Close() }, nil
}
