package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// Trail is how desired state at the tip came about, since it was accepted last.
type Trail struct {
	// Tip is the tip's own commit, Last the one that was accepted last; "": none
	// was.
	Tip  record.Change
	Last string
	// Leads: the tip descends from Last, or from a commit that an operator
	// approved since.
	Leads bool
	// Changes are all commits on the way, newest first, that changed what is
	// wanted; Cut: there are too many to tell.
	Changes []record.Change
	Cut     bool
	// Fresh are the files of certificates that the tip has and names, and that
	// desired state did not name when it was accepted last. Until then nobody
	// looked at who put them there.
	Fresh []string
	// File is where to put what concerns no file in particular, and Branch the
	// branch it is all about.
	File, Branch string
	// Own is the fingerprint of the key that acmsync signs with; "": none.
	Own string
}

// mostObjections is how many commits are named.
const mostObjections = 20

// Vouch says why desired state at the tip may not be taken, since not all of it
// is vouched for by an allowed signer; empty: it may.
func Vouch(t Trail) []record.FileError {
	switch {
	case t.Last == "" && !t.Leads:
		return t.first()
	case !t.Leads:
		return []record.FileError{t.object(t.File, fmt.Sprintf(
			"branch %s was rewritten or set back: its tip %s does not descend from %s, which was accepted last",
			t.Branch, t.Tip.Commit, t.Last), "put it back and push what is meant on top of that")}
	case t.Cut:
		return []record.FileError{t.object(t.File, "more commits were pushed since "+t.Last+" than are looked at", "look at them yourself")}
	}
	var out []record.FileError
	for _, c := range t.Changes {
		if fault := faultOf(c); fault != "" {
			out = append(out, t.unvouched(c, fault))
		}
	}
	for _, file := range t.Fresh {
		if !slices.ContainsFunc(t.Changes, func(c record.Change) bool { return slices.Contains(c.Files, file) }) {
			out = append(out, t.laid(file))
		}
	}
	if more := len(out) - mostObjections; more > 0 {
		out = append(out[:mostObjections], t.object(t.File, fmt.Sprintf("%d more like these", more), "see git log --show-signature "+abbreviated(t.Last)+".."))
	}
	return out
}

// first is for a tip before which nothing was accepted: there is nothing to
// compare it with, so who signed the tip vouches for all of it. acmsync's own
// key does not: it signs the status on top of whatever anybody pushed.
func (t Trail) first() []record.FileError {
	fault := faultOf(t.Tip)
	if fault == "" && t.Own != "" && t.Tip.Signature.Key == t.Own {
		fault = "is signed by acmsync's own key, which vouches for no more than its own changes"
	}
	if fault == "" {
		return nil
	}
	return []record.FileError{t.object(t.File, "nothing was accepted yet, and the tip "+t.Tip.Commit+" "+fault,
		`read what is there, and vouch for it: git commit --allow-empty --gpg-sign -m "vouch for all of this" && git push`)}
}

func (t Trail) unvouched(c record.Change, fault string) record.FileError {
	file := t.File
	if len(c.Files) > 0 {
		file = c.Files[0]
	}
	// Of a name only so much that it cannot push the remedy out of sight.
	text := fmt.Sprintf("commit %s by %s changes %s and %s", c.Commit, record.Clean(c.Author, 60), files(c.Files), fault)
	return t.object(file, text, fmt.Sprintf("look at it (git show %s), then sign it (git rebase --force-rebase --rebase-merges --gpg-sign %s && git push --force-with-lease)",
		abbreviated(c.Commit), abbreviated(t.Last)))
}

// laid is for a certificate that no commit on the way has brought.
func (t Trail) laid(file string) record.FileError {
	name := record.Clean(file, 100)
	return t.object(t.File, name+" was there before desired state named it, so that nobody who signed anything is known to have put it there",
		fmt.Sprintf("if it is as it should be, bring it along in signed commits (git rm %s && git commit --gpg-sign -m remove && git revert --no-edit --gpg-sign HEAD && git push)", quoted(name)))
}

// quoted is a word for a shell.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// object ends every objection: what holds meanwhile, and two ways on.
func (t Trail) object(file, what, remedy string) record.FileError {
	return record.FileError{File: file, Line: 1, Column: 1, Message: fmt.Sprintf(
		"%s; desired state stays as it was last accepted; %s; or the operator takes it as it is: acmsync approve %s", what, remedy, t.Tip.Commit)}
}

// files names one, and how many more.
func files(paths []string) string {
	if len(paths) == 0 {
		return "desired state"
	}
	first := record.Clean(paths[0], 100)
	if len(paths) == 1 {
		return first
	}
	return fmt.Sprintf("%s and %d more", first, len(paths)-1)
}

// abbreviated is a commit's id as people type it.
func abbreviated(commit string) string { return commit[:min(len(commit), 12)] }

// faultOf is what is wrong with a commit's signature, to follow its name; "":
// nothing is.
func faultOf(c record.Change) string {
	s := c.Signature
	who := record.Clean(s.Signer, 60)
	switch s.Fault {
	case "":
		return ""
	case record.Unsigned:
		return "is not signed"
	case record.NotSSH:
		return "is signed, but not with an SSH key (OpenPGP and X.509 are not looked at)"
	case record.OtherPurpose:
		return fmt.Sprintf("has a signature that was made for something else (namespace %q, not %q)", s.Detail, "git")
	case record.UnknownKey:
		return "is signed by a key that repository.allowedSignersFile does not have (" + s.Key + ")"
	case record.NotForGit:
		return fmt.Sprintf("is signed by a key of %s that repository.allowedSignersFile allows for other things only (namespaces=%q)", who, record.Clean(s.Detail, 60))
	case record.TooEarly:
		return fmt.Sprintf("is signed by a key of %s that is allowed from %s on, but dated %s", who, s.Detail, c.When.UTC().Format(time.RFC3339))
	case record.TooLate:
		return fmt.Sprintf("is signed by a key of %s that was allowed until %s, but dated %s", who, s.Detail, c.When.UTC().Format(time.RFC3339))
	case record.Forged:
		return "has a signature of " + who + " that does not fit it: it was changed after it was signed, or the signature belongs to another commit"
	}
	return strings.TrimSpace("has a signature that cannot be read: " + s.Detail)
}
