package gitrepo

import (
	"errors"
	"fmt"
	"time"
)

// ErrNoBranch says that the repository has no such branch, or is empty.
var ErrNoBranch = errors.New("no such branch")

// AuthError says that the repository refused the credentials, or that they
// could not be read.
type AuthError struct {
	// URL is the repository, without credentials.
	URL string
	// Setting is where the operator should look.
	Setting string
	// Detail says what happened, without its subject.
	Detail string
	Err    error
}

func (e *AuthError) Error() string { return sentence(e.URL, e.Detail, e.Setting) }
func (e *AuthError) Unwrap() error { return e.Err }

// HostKeyError says that an SSH server showed a key that is not the expected
// one.
type HostKeyError struct {
	URL string
	// Fingerprint is the key's, in the form SHA256:…
	Fingerprint string
	// Changed: another key is on file for this host. Otherwise none is.
	Changed bool
	Err     error
}

func (e *HostKeyError) Error() string {
	detail := "showed the host key " + e.Fingerprint + ", and no key is on file for this host"
	if e.Changed {
		detail = "showed the host key " + e.Fingerprint + ", but another one is on file: it was replaced, or this is not the server it claims to be"
	}
	return sentence(e.URL, detail, "repository.auth.knownHostsFile") +
		"; if whoever runs the server confirms it, put the line there that ssh-keyscan prints for it"
}
func (e *HostKeyError) Unwrap() error { return e.Err }

// UnreachableError says that the repository could not be read or written for a
// cause that is neither credentials nor a refusal.
type UnreachableError struct {
	URL, Setting, Detail string
	// Remedy is what to do beside looking at Setting; "": nothing.
	Remedy string
	// Temporary: trying again later may help without anyone doing anything.
	Temporary bool
	// RetryAfter is how long the server asks to be left alone; 0: it did not say.
	RetryAfter time.Duration
	Err        error
}

func (e *UnreachableError) Error() string {
	text := sentence(e.URL, e.Detail, e.Setting)
	if e.Remedy != "" {
		text += "; " + e.Remedy
	}
	return text
}
func (e *UnreachableError) Unwrap() error { return e.Err }

// MovedError says that others kept changing the branch until it was given up.
type MovedError struct {
	URL, Branch string
	Tries       int
}

func (e *MovedError) Error() string {
	return fmt.Sprintf("%s: branch %s was changed by others during each of %d tries to push; the next push builds on theirs, so nothing is lost", e.URL, e.Branch, e.Tries)
}

// LockedError says that the server could not move a branch that nobody moved: a
// lock is held, which a server that died in the middle of a push leaves behind.
type LockedError struct {
	URL, Branch string
	// Reason is the server's last word, cleaned.
	Reason string
	Tries  int
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s: branch %s is locked (%s), and nobody moved it during %d tries to push; if it stays so, no push is under way: remove refs/heads/%s.lock in the repository on the server",
		e.URL, e.Branch, e.Reason, e.Tries, e.Branch)
}

// RefusedError says that the server understood a push and declined it: a hook,
// a protected branch, a quota.
type RefusedError struct {
	URL, Branch string
	// Reason is the server's word on the branch, Message what it printed; both
	// are cleaned, and Message may be empty.
	Reason, Message string
}

func (e *RefusedError) Error() string {
	text := fmt.Sprintf("%s: the push to branch %s was declined: %s", e.URL, e.Branch, e.Reason)
	if e.Message != "" {
		text += " (" + e.Message + ")"
	}
	return text + "; permit these credentials to push to it, or choose another with status.branch"
}

func sentence(url, detail, setting string) string {
	if setting == "" {
		return url + " " + detail
	}
	return url + " " + detail + ": check " + setting
}

// FileFault is why a file of the repository cannot be used.
type FileFault string

// The faults of a file.
const (
	FaultSymlink   FileFault = "is a symbolic link"
	FaultSubmodule FileFault = "is a submodule"
	FaultLFS       FileFault = "is a git-lfs pointer, not the file itself"
	FaultTooLarge  FileFault = "is too large"
	FaultTwin      FileFault = "has a twin whose name differs at most in upper and lower case"
)

// FileError says why one file cannot be used; the others can.
type FileError struct {
	Path  string
	Fault FileFault
}

func (e *FileError) Error() string {
	text := e.Path + ": " + string(e.Fault)
	if cure := cures[e.Fault]; cure != "" {
		text += "; " + cure
	}
	return text
}

// cures say what to do about a file that cannot be used.
var cures = map[FileFault]string{
	FaultSymlink:   "commit the file it points at in its place",
	FaultSubmodule: "commit the files themselves in its place",
	FaultLFS:       "take it out of git-lfs: remove its pattern from .gitattributes and commit it again",
	FaultTooLarge:  "split it into several",
	FaultTwin:      "rename one of them",
}
