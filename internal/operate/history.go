package operate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/status"
)

// maxVersions is how many commits of an app's status are looked through.
const maxVersions = 200

// AppHistory is what became of an app's domains, by the status branch of the
// clone that dir lies in, brought up to date first.
func AppHistory(ctx context.Context, dir, branch, app string) ([]status.Event, error) {
	clone, ref, err := fetched(ctx, dir, branch)
	if err != nil {
		return nil, err
	}
	versions, err := clone.History(ctx, ref, app+".yaml", maxVersions)
	if err != nil {
		return nil, fmt.Errorf("reading the history of %s on branch %s: %w", app, branch, err)
	}
	var past []status.Past
	for _, v := range versions {
		p := status.Past{At: v.At}
		if parsed, err := status.Parse(v.Content); err == nil && v.Content != nil && parsed.App == app {
			p.App = &parsed
		} else if v.Content != nil {
			continue // some other file of that name
		}
		past = append(past, p)
	}
	if len(past) == 0 {
		return nil, fmt.Errorf("branch %s has no history of an app %q; run acmsync status to see all", branch, app)
	}
	return status.Timeline(past), nil
}

// fetched brings the status branch of the clone around dir up to date.
func fetched(ctx context.Context, dir, branch string) (*gitrepo.Clone, string, error) {
	root, err := cloneRoot(dir)
	if err != nil {
		return nil, "", err
	}
	clone := gitrepo.OpenClone(root)
	ref, err := clone.Fetch(ctx, branch)
	return clone, ref, err
}

// FreshStatus is CloneStatus of the branch as it is at the origin now.
func FreshStatus(ctx context.Context, dir, branch string) (apps []status.AppStatus, hash string, err error) {
	if _, _, err := fetched(ctx, dir, branch); err != nil {
		return nil, "", err
	}
	return CloneStatus(ctx, dir, branch)
}

// Await reads at once and at every tick until done says that it is over, and
// returns what was read last. show is told of every change of a domain. over is
// false when ctx ended first. What cannot be read any more is read again; an
// error at the first or the last time is returned.
func Await(ctx context.Context, read func(context.Context) ([]status.AppStatus, error), done func([]status.AppStatus) bool,
	ticks <-chan time.Time, show func(app string, e status.Event),
) (apps []status.AppStatus, over bool, err error) {
	for first := true; ; {
		next, err := read(ctx)
		if ctx.Err() != nil {
			return apps, false, nil //nolint:nilerr // what was cut off says nothing
		}
		if err != nil && first {
			return nil, false, err
		}
		if err == nil {
			if !first {
				moved(apps, next, show)
			}
			first = false
			if apps = next; done(apps) {
				return apps, true, nil
			}
		}
		select {
		case <-ticks:
		case <-ctx.Done():
			return apps, false, err
		}
	}
}

// moved shows the changes from one reading to the next.
func moved(before, after []status.AppStatus, show func(app string, e status.Event)) {
	for i := range after {
		var earlier *status.AppStatus
		if was := slices.IndexFunc(before, func(a status.AppStatus) bool { return a.App == after[i].App }); was >= 0 {
			earlier = &before[was]
		}
		for _, e := range status.Changes(earlier, &after[i]) {
			show(after[i].App, e)
		}
	}
}
