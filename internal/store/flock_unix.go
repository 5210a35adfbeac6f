//go:build unix

package store

import (
	"os"
	"syscall"
)

// lockFile waits for an exclusive lock, which lasts until f is closed or the
// process ends. Locks belong to the open file, so two Stores of one process
// exclude each other too.
func lockFile(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if err != syscall.EINTR {
			return err
		}
	}
}

// unlocked reports whether nobody holds f's exclusive lock. The shared lock it
// tries keeps two that ask at once from mistaking each other for the holder.
// On a file system without locks the answer is no: leases then end by the
// clock alone.
func unlocked(f *os.File) bool {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil
}

// lockedAtOnce tries the exclusive lock. A file system without locks counts as
// locked: SQLite could not work on it either.
func lockedAtOnce(f *os.File) bool {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	return err != syscall.EWOULDBLOCK && err != syscall.EINTR
}

// openElsewhere reports whether another process has the database at path open:
// in the mode we use, each connection holds a shared lock on it as long as it
// lives (https://sqlite.org/wal.html, section 8; the bytes are those of
// SHARED_FIRST in os.h).
func openElsewhere(path string) bool {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	const pending, length = 0x40000000, 512
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Start: pending, Len: length}
	return syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock) == nil && lock.Type != syscall.F_UNLCK
}
