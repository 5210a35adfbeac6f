package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

// origin is the remote that git clone sets up.
const origin = "origin"

// Clone is somebody's clone on this machine. Its origin is reached by that
// person's own git, with whatever credentials it has for them; branch, index
// and files that are checked out are left alone.
type Clone struct{ dir string }

// OpenClone takes the folder of a clone, or of a linked worktree.
func OpenClone(dir string) *Clone { return &Clone{dir} }

// URL is where origin is, without credentials.
func (c *Clone) URL(ctx context.Context) (string, error) {
	out, err := c.git(ctx, "remote", "get-url", origin)
	return withoutCredentials(strings.TrimSpace(out)), err
}

// Author is who commits in this clone.
func (c *Clone) Author(ctx context.Context) (Author, error) {
	name, err := c.git(ctx, "config", "user.name")
	email, err2 := c.git(ctx, "config", "user.email")
	if err != nil || err2 != nil || strings.TrimSpace(name) == "" {
		return Author{}, errors.New("git does not know who you are: set user.name and user.email with git config")
	}
	return Author{Name: strings.TrimSpace(name), Email: strings.TrimSpace(email)}, nil
}

// DefaultBranch is the branch that origin shows to those who name none.
func (c *Clone) DefaultBranch(ctx context.Context) (string, error) {
	const heads = "ref: refs/heads/"
	out, err := c.git(ctx, "ls-remote", "--symref", origin, "HEAD")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(out) {
		if branch, ok := strings.CutPrefix(line, heads); ok {
			branch, _, _ = strings.Cut(branch, "\t")
			return branch, nil
		}
	}
	return "", fmt.Errorf("origin: %w: it has no default branch", ErrNoBranch)
}

// Fetch brings a branch of origin and returns the name under which the clone
// knows it. The error is ErrNoBranch when origin has none of that name.
func (c *Clone) Fetch(ctx context.Context, branch string) (ref string, err error) {
	if _, err := refName(branch); err != nil || strings.HasPrefix(branch, "refs/") {
		return "", fmt.Errorf("%q is not a branch name", branch)
	}
	ref = "refs/remotes/" + origin + "/" + branch
	_, err = c.git(ctx, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", origin, "+refs/heads/"+branch+":"+ref)
	if err != nil && strings.Contains(err.Error(), "find remote ref") {
		return "", fmt.Errorf("origin: %w: %s", ErrNoBranch, branch)
	}
	return ref, err
}

// Push sends a commit of the clone to a branch of origin, which it makes when
// it is missing. It never forces: *MovedError tells that the branch holds
// commits that this one is not built on, *RefusedError that origin declined.
func (c *Clone) Push(ctx context.Context, commit, branch string) error {
	out, err := c.git(ctx, "push", "--porcelain", origin, commit+":refs/heads/"+branch)
	if err == nil {
		return nil
	}
	url, _ := c.URL(ctx)
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "!\t") {
			continue
		}
		reason := parenthesised.FindStringSubmatch(strings.TrimSpace(line))
		switch {
		case reason == nil:
		case reason[1] == "rejected", lostRace(reason[2]):
			return &MovedError{URL: url, Branch: branch, Tries: 1}
		default:
			return &RefusedError{URL: url, Branch: branch, Reason: clean(reason[2]), Message: remoteWords(err)}
		}
	}
	return err
}

// parenthesised is how git push --porcelain ends the line of a branch that did
// not move: [remote rejected] (pre-receive hook declined).
var parenthesised = regexp.MustCompile(`\[((?:remote )?rejected)\] \((.*)\)$`)

// remoteWords are what the server printed.
func remoteWords(err error) string {
	var failed *gitError
	var words []string
	if errors.As(err, &failed) {
		for line := range strings.Lines(failed.stderr) {
			if said, ok := strings.CutPrefix(line, "remote: "); ok {
				words = append(words, said)
			}
		}
	}
	return clean(strings.Join(words, " "))
}

// Forget removes a reference of the clone.
func (c *Clone) Forget(ctx context.Context, ref string) error {
	_, err := c.git(ctx, "update-ref", "-d", ref)
	return err
}

// gitError is a git command that failed.
type gitError struct{ what, stderr string }

func (e *gitError) Error() string {
	return "git " + e.what + ": " + withoutCredentials(clean(e.stderr))
}

func (c *Clone) git(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = c.dir, ownEnvironment(), killDelay
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return out.String(), nil
	case ctx.Err() != nil:
		return "", fmt.Errorf("git %s: %w", args[0], ctx.Err())
	case errors.As(err, &exit):
		return out.String(), &gitError{what: args[0], stderr: said.String()}
	}
	return "", fmt.Errorf("this needs the git program: %w", err)
}

// elsewhere are the variables that would make git work on another repository,
// as they do inside a hook.
var elsewhere = []string{
	"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY",
	"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH", "GIT_NAMESPACE", "GIT_PREFIX",
}

// ownEnvironment keeps what the user set up for git: helpers, keys, settings.
func ownEnvironment() []string {
	env := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains(elsewhere, name) || name == "LC_ALL" || name == "LANGUAGE"
	})
	return append(env, "LC_ALL=C")
}

var credentials = regexp.MustCompile(`://[^/@\s]+@`)

// withoutCredentials takes user and password out of the URLs in a text.
func withoutCredentials(text string) string { return credentials.ReplaceAllString(text, "://") }
