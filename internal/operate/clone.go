package operate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/status"
	"github.com/acmsync/acmsync/reconcile"
)

// maxStatus is the largest status file that is read.
const maxStatus = 16 << 20

// ErrNoClone: a folder does not lie in a git clone.
var ErrNoClone = errors.New("this folder is not in a git clone; run this in a clone of the repository, or name the settings with --config")

// CloneStatus reads the apps' statuses from the status branch of the git clone
// that dir lies in, sorted by app, and the hash of the desired state that they
// are about. What was last fetched from origin comes before a branch of the
// clone's own, which nobody keeps up to date.
func CloneStatus(ctx context.Context, dir, branch string) (apps []status.AppStatus, hash string, err error) {
	files, err := cloneFiles(ctx, dir, branch, func(name string) bool { return isAppStatus(name) || path.Base(name) == "summary.yaml" })
	if err != nil {
		return nil, "", err
	}
	for _, f := range files {
		if f.Err != nil {
			return nil, "", f.Err
		}
		if !isAppStatus(f.Path) {
			if summary, err := status.ParseSummary(f.Bytes); err == nil {
				hash = summary.Observed.DesiredHash
			}
			continue
		}
		app, err := status.Parse(f.Bytes)
		if err != nil {
			return nil, "", fmt.Errorf("%s on branch %s: %w", f.Path, branch, err)
		}
		apps = append(apps, app)
	}
	slices.SortFunc(apps, func(a, b status.AppStatus) int { return strings.Compare(a.App, b.App) })
	return apps, hash, nil
}

// ClonePlatform is what the status branch of the clone around dir says of the
// platform. known is false where there is no such clone, branch or file.
func ClonePlatform(ctx context.Context, dir, branch string) (p reconcile.Policy, known bool) {
	files, err := cloneFiles(ctx, dir, branch, func(name string) bool { return path.Base(name) == "platform.yaml" })
	if err != nil {
		return p, false
	}
	for _, f := range files {
		if said, err := status.ParsePlatform(f.Bytes); err == nil {
			return said.Policy(), true
		}
	}
	return p, false
}

// cloneFiles are the files of the status branch as the clone knows it.
func cloneFiles(ctx context.Context, dir, branch string, wanted func(string) bool) ([]gitrepo.File, error) {
	root, err := cloneRoot(dir)
	if err != nil {
		return nil, err
	}
	repo, err := gitrepo.Open(gitrepo.Config{URL: root})
	if err != nil {
		return nil, err
	}
	defer repo.Close()
	snap, err := repo.Fetch(ctx, "refs/remotes/origin/"+branch, "")
	if errors.Is(err, gitrepo.ErrNoBranch) {
		snap, err = repo.Fetch(ctx, branch, "")
	}
	if errors.Is(err, gitrepo.ErrNoBranch) {
		return nil, fmt.Errorf("the clone %s has no branch %s; run git fetch, or name the status branch with --branch (the operator's first acmsync sync makes it)", root, branch)
	}
	if err != nil {
		return nil, err
	}
	return snap.Files(ctx, ".", wanted, maxStatus)
}

// cloneRoot is the folder with .git at dir or above it. A bare repository is
// its own root.
func cloneRoot(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if there(filepath.Join(abs, "HEAD")) && there(filepath.Join(abs, "objects")) {
		return abs, nil
	}
	for at := abs; ; at = filepath.Dir(at) {
		if there(filepath.Join(at, ".git")) {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", ErrNoClone
		}
	}
}

func there(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// isAppStatus: the report may lie in a folder of its own (status.path).
func isAppStatus(name string) bool {
	return strings.HasSuffix(name, ".yaml") && (strings.HasPrefix(name, "apps/") || strings.Contains(name, "/apps/"))
}
