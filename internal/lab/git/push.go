package git

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"
)

// pushTries bounds how often a push is repeated after somebody else's.
const pushTries = 50

// Text is a pointer to s, as Push wants it.
func Text(s string) *string { return &s }

// Push commits files to a branch as a person would, making the branch when it
// is missing, and returns the commit. A nil content deletes the file. When
// somebody else pushes at the same time, it is done again on top.
func (r *Repository) Push(branch string, files map[string]*string, message string) (string, error) {
	var err error
	for range pushTries {
		var commit string
		if commit, err = r.importCommit(branch, r.Tip(branch), files, message); err == nil {
			return commit, nil
		}
	}
	return "", err
}

// ForcePush replaces a branch by one parentless commit that holds files, as
// someone does who rewrites history.
func (r *Repository) ForcePush(branch string, files map[string]*string, message string) (string, error) {
	scratch := fmt.Sprintf("scratch-%d", r.tick().UnixNano())
	commit, err := r.importCommit(scratch, "", files, message)
	if err != nil {
		return "", err
	}
	return commit, errors.Join(r.Reset(branch, commit), r.DeleteBranch(scratch))
}

// Reset points a branch at a commit, whatever it pointed at before.
func (r *Repository) Reset(branch, commit string) error {
	_, err := r.Git("", "update-ref", "refs/heads/"+branch, commit)
	return err
}

// DeleteBranch removes a branch.
func (r *Repository) DeleteBranch(branch string) error {
	_, err := r.Git("", "update-ref", "-d", "refs/heads/"+branch)
	return err
}

// importCommit makes one commit through fast-import, which is a single process
// for any number of files.
func (r *Repository) importCommit(branch, parent string, files map[string]*string, message string) (string, error) {
	var b strings.Builder
	ref := "refs/heads/" + branch
	fmt.Fprintf(&b, "feature done\ncommit %s\nmark :1\ncommitter A Human <human@example.test> %d +0000\ndata %d\n%s\n",
		ref, r.tick().Unix(), len(message), message)
	if parent != "" {
		fmt.Fprintf(&b, "from %s\n", parent)
	}
	paths := make([]string, 0, len(files))
	for path := range files {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	for _, path := range paths {
		if content := files[path]; content == nil {
			fmt.Fprintf(&b, "D %s\n", path)
		} else {
			fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", path, len(*content), *content)
		}
	}
	b.WriteString("get-mark :1\ndone\n")
	out, err := r.Git(b.String(), "fast-import", "--quiet")
	return strings.TrimSpace(out), err
}

// tick gives every commit its own second, so that two equal pushes differ.
func (r *Repository) tick() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock = r.clock.Add(time.Second)
	return r.clock
}
