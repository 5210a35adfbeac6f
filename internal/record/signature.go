package record

import "time"

// SignatureFault is why a commit's signature does not count; empty: it does.
type SignatureFault string

const (
	// Unsigned: there is no signature.
	Unsigned SignatureFault = "unsigned"
	// NotSSH: it is OpenPGP's or X.509's, which nobody here can judge.
	NotSSH SignatureFault = "not-ssh"
	// Unreadable: it is, or its commit is, not in the form that it should have.
	Unreadable SignatureFault = "unreadable"
	// OtherPurpose: it was made in another namespace than git's.
	OtherPurpose SignatureFault = "other-purpose"
	// UnknownKey: the key is not among the allowed signers.
	UnknownKey SignatureFault = "unknown-key"
	// NotForGit: the key is, but not for the namespace git.
	NotForGit SignatureFault = "not-for-git"
	// TooEarly and TooLate: the commit is dated outside the time that the key is
	// allowed for.
	TooEarly SignatureFault = "too-early"
	TooLate  SignatureFault = "too-late"
	// Forged: the signature does not fit the commit.
	Forged SignatureFault = "forged"
)

// Signature is what there is to say of a commit's signature.
type Signature struct {
	Fault SignatureFault
	// Key is the fingerprint (SHA256:…) of the key that signed, where it can be
	// told; Signer is whom the file of allowed signers names for it.
	Key, Signer string
	// Detail says more of the fault.
	Detail string
}

// Change is a commit that changed files which somebody asked after.
type Change struct {
	// Commit is its full id, Author whom it names, When its committer's date.
	Commit, Author string
	When           time.Time
	// Files are paths, sorted.
	Files     []string
	Signature Signature
}
