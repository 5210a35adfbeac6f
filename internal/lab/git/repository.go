package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"
)

// ErrNoGit says that there is no git binary to serve repositories with.
var ErrNoGit = errors.New("git is not installed")

// Repository is a bare repository in a temporary folder. Its methods may be
// called from any goroutine, also while a server hands it out.
type Repository struct {
	dir string

	mu    sync.Mutex
	clock time.Time
}

// NewRepository makes an empty bare repository whose HEAD is the branch main.
func NewRepository() (*Repository, error) {
	if _, err := exec.LookPath("git"); err != nil {
		return nil, ErrNoGit
	}
	root, err := os.MkdirTemp("", "acmsync-git-")
	if err != nil {
		return nil, err
	}
	r := &Repository{dir: filepath.Join(root, "repo.git"), clock: time.Unix(1_767_225_600, 0)}
	if err := r.init(root); err != nil {
		_ = os.RemoveAll(root)
		return nil, err
	}
	return r, nil
}

func (r *Repository) init(root string) error {
	cmd := command(root, "init", "--quiet", "--bare", "--initial-branch=main", r.dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git init: %w: %s", err, out)
	}
	for _, pair := range [][2]string{
		{"http.receivepack", "true"},
		{"gc.auto", "0"},
		{"receive.autogc", "false"},
	} {
		if err := r.Configure(pair[0], pair[1]); err != nil {
			return err
		}
	}
	return r.PartialClone(true)
}

// Dir is the folder of the bare repository.
func (r *Repository) Dir() string { return r.dir }

// Close removes the repository.
func (r *Repository) Close() error { return os.RemoveAll(filepath.Dir(r.dir)) }

// Configure sets one key of the repository's git configuration.
func (r *Repository) Configure(key, value string) error {
	_, err := r.Git("", "config", key, value)
	return err
}

// PartialClone says whether the server offers filters and lets single objects
// be asked for, as the large forges do.
func (r *Repository) PartialClone(on bool) error {
	value := fmt.Sprint(on)
	if err := r.Configure("uploadpack.allowFilter", value); err != nil {
		return err
	}
	return r.Configure("uploadpack.allowAnySHA1InWant", value)
}

// Hook installs a shell script as the hook of that name; an empty script
// removes it.
func (r *Repository) Hook(name, script string) error {
	path := filepath.Join(r.dir, "hooks", name)
	if script == "" {
		return os.Remove(path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	// Written aside and renamed: a file that is open for writing cannot be run.
	if err := os.WriteFile(path+".new", []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// Git runs one git command in the repository, with stdin, and returns what it
// printed.
func (r *Repository) Git(stdin string, args ...string) (string, error) {
	cmd := command(r.dir, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// Tip is the commit a branch points at; "" when there is no such branch.
func (r *Repository) Tip(branch string) string {
	out, err := r.Git("", "rev-parse", "--verify", "--quiet", "refs/heads/"+branch)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(out)
}

// Read is the content of a file at a branch's tip.
func (r *Repository) Read(branch, path string) ([]byte, error) {
	out, err := r.Git("", "cat-file", "blob", "refs/heads/"+branch+":"+path)
	return []byte(out), err
}

// Files are the paths of all files at a branch's tip, sorted.
func (r *Repository) Files(branch string) ([]string, error) {
	out, err := r.Git("", "ls-tree", "-r", "-z", "--name-only", "refs/heads/"+branch)
	if err != nil {
		return nil, err
	}
	paths := strings.FieldsFunc(out, func(c rune) bool { return c == 0 })
	sort.Strings(paths)
	return paths, nil
}

// Entry is one commit as Log tells it.
type Entry struct {
	Commit, Author, Email, Message string
}

// Log is the history of a branch, newest first.
func (r *Repository) Log(branch string) ([]Entry, error) {
	out, err := r.Git("", "log", "--format=%H%x00%an%x00%ae%x00%B%x1e", "refs/heads/"+branch)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for _, one := range strings.Split(out, "\x1e") {
		parts := strings.SplitN(strings.TrimLeft(one, "\n"), "\x00", 4)
		if len(parts) == 4 {
			entries = append(entries, Entry{Commit: parts[0], Author: parts[1], Email: parts[2], Message: strings.TrimSpace(parts[3])})
		}
	}
	return entries, nil
}

// command is a git command that sees none of the configuration of the machine
// or of the user, and none of a surrounding hook's environment.
func command(dir string, args ...string) *exec.Cmd {
	return commandContext(context.Background(), dir, args...)
}

func commandContext(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = environment()
	return cmd
}

func environment() []string {
	env := []string{
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_TERMINAL_PROMPT=0",
		"LC_ALL=C",
	}
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "GIT_") && !strings.HasPrefix(entry, "LC_ALL=") {
			env = append(env, entry)
		}
	}
	return env
}
