package settings

import (
	"bufio"
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// checkouts distrusts settings that whoever can push could have written, and
// keeps keys out of working copies.
func (l *loader) checkouts() {
	if l.src.Path != "" && !l.missing {
		if root, inside := InsideCheckout(l.src.Path, l.out.Repository.URL); inside {
			l.distrust(root)
		}
	}
	l.signers()
	for _, kept := range []struct{ key, path string }{
		{"store.url", strings.TrimPrefix(l.out.Store.URL, "sqlite://")},
		{"acme.accountKeyFile", l.out.ACME.AccountKeyFile},
		{"repository.signingKeyFile", l.out.Repository.SigningKeyFile},
	} {
		if kept.path == "" {
			continue
		}
		if root, inside := InsideCheckout(kept.path, l.out.Repository.URL); inside {
			l.fail(l.near(kept.key), kept.key, fmt.Sprintf(
				"%s lies inside a checkout of the repository (%s), where private keys could be committed: choose a folder outside", kept.path, root))
		}
	}
}

// signers must not be named by whoever can push: that would be anybody.
func (l *loader) signers() {
	const key = "repository.allowedSignersFile"
	path := l.out.Repository.AllowedSignersFile
	if path == "" {
		return
	}
	if root, inside := InsideCheckout(path, l.out.Repository.URL); inside {
		l.fail(l.near(key), key, fmt.Sprintf(
			"%s lies inside a checkout of the repository (%s), so whoever can push could add a key to it: keep it elsewhere", path, root))
	}
}

func (l *loader) distrust(root string) {
	top := place{file: l.src.Path, line: 1, column: 1}
	if !l.src.Named {
		l.fail(top, "", fmt.Sprintf(
			"these settings lie inside a checkout of repository.url (%s), so whoever can push could change them: keep them elsewhere, or name the file with --config", root))
		return
	}
	if l.out.Challenge.DNS01.Provider == "exec" {
		l.out.Challenge.DNS01.Provider = ""
		const key = "challenge.dns01.provider"
		l.warn(l.near(key), key, "exec is ignored, because these settings lie inside a checkout of repository.url (%s)", root)
	}
	for i := range l.out.Deploy {
		if l.out.Deploy[i].Hook != nil {
			l.out.Deploy[i].Hook = nil
			key := fmt.Sprintf("deploy[%d].hook", i)
			l.warn(l.near(key), key, "is ignored, because these settings lie inside a checkout of repository.url (%s)", root)
		}
	}
}

// InsideCheckout reports whether path, which need not exist, lies inside a
// working copy of the repository, and that copy's root: a folder with .git one
// of whose remotes is the repository, or the repository's own working tree.
func InsideCheckout(path, repositoryURL string) (root string, inside bool) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", false
	}
	want := canonical(repositoryURL, "")
	for dir := filepath.Dir(real(abs)); ; dir = filepath.Dir(dir) {
		if git := filepath.Join(dir, ".git"); exists(git) {
			if canonical(dir, "") == want {
				return dir, true
			}
			for _, remote := range remotes(git) {
				if canonical(remote, dir) == want {
					return dir, true
				}
			}
		}
		if dir == filepath.Dir(dir) {
			return "", false
		}
	}
}

// real resolves symbolic links as far as the path exists.
func real(path string) string {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		return resolved
	}
	dir := filepath.Dir(path)
	if dir == path {
		return path
	}
	return filepath.Join(real(dir), filepath.Base(path))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// remotes are the url lines of the copy's configuration. Linked worktrees and
// submodules have a file .git that says where the rest is.
func remotes(git string) []string {
	if pointer, err := os.ReadFile(git); err == nil {
		to, ok := strings.CutPrefix(strings.TrimSpace(string(pointer)), "gitdir: ")
		if !ok {
			return nil
		}
		git = against(filepath.Dir(git), to)
		if common, err := os.ReadFile(filepath.Join(git, "commondir")); err == nil {
			git = against(git, strings.TrimSpace(string(common)))
		}
	}
	config, err := os.ReadFile(filepath.Join(git, "config"))
	if err != nil {
		return nil
	}
	var urls []string
	lines := bufio.NewScanner(bytes.NewReader(config))
	for lines.Scan() {
		name, val, ok := strings.Cut(lines.Text(), "=")
		if key := strings.TrimSpace(strings.ToLower(name)); ok && (key == "url" || key == "pushurl") {
			urls = append(urls, strings.Trim(strings.TrimSpace(val), `"`))
		}
	}
	return urls
}

func against(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// canonical makes the spellings of one repository equal: scheme, user, port,
// the letter case of the host and a final .git do not count.
func canonical(repo, dir string) string {
	repo = strings.TrimPrefix(repo, "file://")
	if u, err := url.Parse(repo); err == nil && strings.Contains(repo, "://") {
		return strings.ToLower(u.Hostname()) + ":" + bare(strings.TrimPrefix(u.Path, "/"))
	}
	if scpStyle(repo) {
		host, path, _ := strings.Cut(repo, ":")
		return strings.ToLower(host[strings.LastIndexByte(host, '@')+1:]) + ":" + bare(strings.TrimPrefix(path, "/"))
	}
	return bare(real(filepath.Clean(against(dir, repo))))
}

func bare(path string) string {
	path = strings.TrimRight(path, "/")
	for _, suffix := range []string{"/.git", ".git"} {
		path = strings.TrimSuffix(path, suffix)
	}
	return path
}
