package store

import (
	"errors"
	"fmt"

	"github.com/acmsync/acmsync/internal/record"
)

// Errors that callers branch on. None of them leaves anything written.
var (
	// ErrLeaseLost: the lease was released, or somebody else claimed the row.
	// Stop working on it and write nothing.
	ErrLeaseLost = errors.New("the lease on this domain was lost to another process")
	// ErrOvertaken: the row is not forgotten, because what is wanted of it
	// changed meanwhile. Release it; it is due again at once.
	ErrOvertaken = errors.New("desired state of this domain changed meanwhile")
	// ErrStaleAdmission: another admission came between reading what is known
	// and writing what follows from it. Read again.
	ErrStaleAdmission = errors.New("another process admitted desired state meanwhile")
	// ErrUnknownHash: nothing is held under the hash.
	ErrUnknownHash = errors.New("nothing is held under this hash")
	// ErrOpenIntent: another order for the same names at the same CA is open.
	ErrOpenIntent = errors.New("another order for these names is open at this CA")
	// ErrNotFound: there is no such certificate.
	ErrNotFound = errors.New("not in the store")
	// ErrPairLost: the change would leave a row that has a certificate without
	// one, or with one that is older or unknown.
	ErrPairLost = errors.New("refusing to lose a valid certificate")
	// ErrPairMismatch: key, chain and description of a pair do not belong
	// together.
	ErrPairMismatch = errors.New("certificate and key do not belong together")
	// ErrReadOnly: the store was opened for reading.
	ErrReadOnly = errors.New("the store was opened read-only")
	// ErrBusy: another process kept the database locked.
	ErrBusy = errors.New("the database is locked by another process")
	// ErrSchema: the database was written by another version of the program.
	ErrSchema = errors.New("the database has another version")
	// ErrCheckout: the folder lies in a git checkout, where a private key is
	// one "git add" away from being published.
	ErrCheckout = errors.New("inside a git checkout")
	// ErrExposed: users other than the owner can write to the folder.
	ErrExposed = errors.New("writable by other users")
	// ErrForeign: the folder is another user's.
	ErrForeign = errors.New("owned by another user")
)

// FolderError is a state folder that cannot be used.
type FolderError struct {
	Path string
	Err  error
	// Remedy is what to do about it.
	Remedy string
}

// Error names the setting that chose the folder.
func (e *FolderError) Error() string {
	return fmt.Sprintf("store.url: cannot keep state in %s: %v; %s", e.Path, e.Err, e.Remedy)
}

func (e *FolderError) Unwrap() error { return e.Err }

// DiskError is a database that the disk under it does not let be used. Nothing
// of the change is kept, what was there is, and the next attempt may succeed.
type DiskError struct {
	Path string // the database
	Err  error
	// Remedy is what to do about it.
	Remedy string
}

// Error names the setting that chose the disk.
func (e *DiskError) Error() string {
	return fmt.Sprintf("store.url: cannot use %s: %v; %s", e.Path, e.Err, e.Remedy)
}

func (e *DiskError) Unwrap() error { return e.Err }

// CorruptError is a database that is damaged, as opposed to one with a row in
// it that is.
type CorruptError struct {
	Path string // the database
	Err  error
}

// Error names the setting and the command that goes on from here.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("store.url: %s is damaged: %v; stop acmsync and run: acmsync doctor", e.Path, e.Err)
}

func (e *CorruptError) Unwrap() error { return e.Err }

// Unreadable is a row that cannot be decoded. It is left out of what it should
// have been part of; every other row goes on.
type Unreadable struct {
	Key string
	// App and Mode are of what is wanted of it, where that much can be read.
	App  string
	Mode record.Mode
	Err  error
}

func (u Unreadable) Error() string {
	return fmt.Sprintf("stored state of %s is unreadable: %v", u.Key, u.Err)
}

func (u Unreadable) Unwrap() error { return u.Err }
