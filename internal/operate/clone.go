package operate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/status"
)

// maxStatus is the largest status file that is read.
const maxStatus = 16 << 20

// CloneStatus reads the apps' statuses from the status branch of the git clone
// at dir, sorted by app. A branch that was fetched but never checked out is
// found under its remote's name.
func CloneStatus(ctx context.Context, dir, branch string) ([]status.AppStatus, error) {
	repo, err := gitrepo.Open(gitrepo.Config{URL: dir})
	if err != nil {
		return nil, err
	}
	defer repo.Close()
	snap, err := repo.Fetch(ctx, branch, "")
	if err != nil {
		return nil, err
	}
	files, err := snap.Files(ctx, ".", isAppStatus, maxStatus)
	if err != nil {
		return nil, err
	}
	var apps []status.AppStatus
	for _, f := range files {
		if f.Err != nil {
			return nil, f.Err
		}
		app, err := status.Parse(f.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s on branch %s: %w", f.Path, branch, err)
		}
		apps = append(apps, app)
	}
	slices.SortFunc(apps, func(a, b status.AppStatus) int { return strings.Compare(a.App, b.App) })
	return apps, nil
}

// isAppStatus: the report may lie in a folder of its own (status.path).
func isAppStatus(name string) bool {
	return strings.HasSuffix(name, ".yaml") && (strings.HasPrefix(name, "apps/") || strings.Contains(name, "/apps/"))
}
