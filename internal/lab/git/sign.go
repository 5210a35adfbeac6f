package git

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNoKeygen says that there is no ssh-keygen, which git itself signs with.
var ErrNoKeygen = errors.New("ssh-keygen is not installed")

// Key is an SSH key in a file of its own, as people sign with.
type Key struct {
	// Path is the private key, Public the line of its .pub file.
	Path, Public string
}

// NewKey makes one below dir; kind is ssh-keygen's -t: ed25519, ecdsa, rsa.
func NewKey(dir, name, kind string) (Key, error) {
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		return Key{}, ErrNoKeygen
	}
	path := filepath.Join(dir, name)
	if out, err := exec.Command("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", name, "-f", path).CombinedOutput(); err != nil {
		return Key{}, fmt.Errorf("ssh-keygen: %w: %s", err, out)
	}
	public, err := os.ReadFile(path + ".pub")
	return Key{Path: path, Public: strings.TrimSpace(string(public))}, err
}

// Sign is ssh-keygen's own signature of a payload in a namespace.
func (k Key) Sign(namespace, payload string) (string, error) {
	cmd := exec.Command("ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", k.Path)
	cmd.Stdin = strings.NewReader(payload)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("ssh-keygen -Y sign: %w: %s", err, stderr.String())
	}
	return stdout.String(), nil
}

// PushSigned is Push by somebody whose git signs commits.
func (r *Repository) PushSigned(branch string, files map[string]*string, message string, key Key) (string, error) {
	scratch := fmt.Sprintf("scratch-%d", r.tick().UnixNano())
	commit, err := r.importCommit(scratch, r.Tip(branch), files, message)
	if err == nil {
		commit, err = r.Signed(commit, key)
	}
	if err != nil {
		return "", err
	}
	return commit, errors.Join(r.Reset(branch, commit), r.DeleteBranch(scratch))
}

// Signed makes a commit anew as git commit -S would have, and returns its id; no
// branch moves.
func (r *Repository) Signed(commit string, key Key) (string, error) {
	raw, err := r.Git("", "cat-file", "commit", commit)
	if err != nil {
		return "", err
	}
	headers, message, _ := strings.Cut(raw, "\n\n")
	args := []string{"-c", "gpg.format=ssh", "-c", "user.signingkey=" + key.Path, "commit-tree", "-S"}
	date := ""
	for line := range strings.SplitSeq(headers, "\n") {
		name, value, _ := strings.Cut(line, " ")
		switch name {
		case "tree":
			args = append(args, value)
		case "parent":
			args = append(args, "-p", value)
		case "committer":
			date = value[strings.LastIndex(value, ">")+2:]
		}
	}
	cmd := command(r.dir, args...)
	cmd.Env = append(
		cmd.Env, "GIT_AUTHOR_NAME=A Human", "GIT_AUTHOR_EMAIL=human@example.test", "GIT_AUTHOR_DATE="+date,
		"GIT_COMMITTER_NAME=A Human", "GIT_COMMITTER_EMAIL=human@example.test", "GIT_COMMITTER_DATE="+date,
	)
	cmd.Stdin = strings.NewReader(message)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("git commit-tree -S: %w: %s", err, stderr.String())
	}
	return strings.TrimSpace(stdout.String()), nil
}

// WithSignature makes an unsigned commit anew with that text as its signature,
// whatever it is, and with more lines of header as they are. It returns the new
// id; no branch moves.
func (r *Repository) WithSignature(commit, signature string, more ...string) (string, error) {
	raw, err := r.Git("", "cat-file", "commit", commit)
	if err != nil {
		return "", err
	}
	headers, message, _ := strings.Cut(raw, "\n\n")
	header := "gpgsig " + strings.ReplaceAll(strings.TrimRight(signature, "\n"), "\n", "\n ")
	for _, line := range more {
		header += "\n" + line
	}
	out, err := r.Git(headers+"\n"+header+"\n\n"+message, "hash-object", "-t", "commit", "-w", "--stdin")
	return strings.TrimSpace(out), err
}

// Merge commits a merge of branches with the tree of one commit, unsigned, and
// returns its id; no branch moves.
func (r *Repository) Merge(tree string, parents ...string) (string, error) {
	args := []string{"-c", "user.name=A Human", "-c", "user.email=human@example.test", "commit-tree", tree + "^{tree}", "-m", "merge"}
	for _, parent := range parents {
		args = append(args, "-p", parent)
	}
	out, err := r.Git("", args...)
	return strings.TrimSpace(out), err
}
