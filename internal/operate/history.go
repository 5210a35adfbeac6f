package operate

import (
	"context"
	"fmt"
	"slices"
	"strings"
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
func FreshStatus(ctx context.Context, dir, branch string) ([]status.AppStatus, error) {
	if _, _, err := fetched(ctx, dir, branch); err != nil {
		return nil, err
	}
	return CloneStatus(ctx, dir, branch)
}

// Await reads at once and at every tick until done says that it is over, and
// returns what was read last. show is told of every change of a domain. over is
// false when ctx ended first.
func Await(ctx context.Context, read func(context.Context) ([]status.AppStatus, error), done func([]status.AppStatus) bool,
	ticks <-chan time.Time, show func(status.Event),
) (apps []status.AppStatus, over bool, err error) {
	for {
		next, err := read(ctx)
		if ctx.Err() != nil {
			return apps, false, nil //nolint:nilerr // what was cut off says nothing
		}
		if err != nil {
			return apps, false, err
		}
		if apps != nil {
			for _, e := range moved(apps, next) {
				show(e)
			}
		}
		if apps = next; done(apps) {
			return apps, true, nil
		}
		select {
		case <-ticks:
		case <-ctx.Done():
			return apps, false, nil
		}
	}
}

// moved are the changes from one reading to the next.
func moved(before, after []status.AppStatus) []status.Event {
	var events []status.Event
	for i := range after {
		was := slices.IndexFunc(before, func(a status.AppStatus) bool { return a.App == after[i].App })
		var earlier *status.AppStatus
		if was >= 0 {
			earlier = &before[was]
		}
		events = append(events, status.Changes(earlier, &after[i])...)
	}
	slices.SortFunc(events, func(a, b status.Event) int { return strings.Compare(a.Domain, b.Domain) })
	return events
}
