package reconcile

import (
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/spec"
)

// appRecords is what status needs to know of every app, sorted by name: those
// of desired state, and those that left it but still have rows.
func (p Policy) appRecords(apps []DesiredApp, denied []denial, known Known, wants map[string]record.Want, now time.Time) []record.App {
	before := make(map[string]record.App, len(known.Apps))
	for _, a := range known.Apps {
		before[a.Name] = a
	}
	lost := make(map[string][]denial, len(denied))
	for _, d := range denied {
		lost[d.app] = append(lost[d.app], d)
	}
	out := make([]record.App, 0, len(apps))
	for _, a := range apps {
		was, exists := before[a.Name]
		delete(before, a.Name)
		if a.Refused != nil {
			out = append(out, p.refusedApp(a, was, exists))
			continue
		}
		next := p.acceptedApp(a.App, was, known)
		next.Refusals = refusals(lost[a.Name], was.Refusals, now)
		out = append(out, next)
	}
	for _, a := range before {
		if next, left := goneApp(a, wants); left {
			out = append(out, next)
		}
	}
	slices.SortFunc(out, func(x, y record.App) int { return strings.Compare(x.Name, y.Name) })
	return out
}

// acceptedApp is an app whose file is good. Its revision is that of its last
// change, not of the last commit.
func (p Policy) acceptedApp(a spec.App, was record.App, known Known) record.App {
	next := record.App{
		Name: a.Name, File: a.File, ACM: p.acm(a), Refresh: a.Refresh,
		Digest: spec.Digest(a), Revision: was.Revision,
	}
	if next.Digest != was.Digest || was.Gone {
		next.Revision = known.Branch + "@sha1:" + known.Revision
	}
	return next
}

// refusedApp is an app as it was last accepted, with the error of its file.
func (p Policy) refusedApp(a DesiredApp, was record.App, exists bool) record.App {
	if !exists {
		was = record.App{
			Name: a.Name, File: a.File, ACM: p.acm(a.App), Refresh: a.Refresh, Digest: spec.Digest(a.App),
		}
	}
	was.Error, was.Gone = a.Refused, false
	return was
}

// goneApp is an app that is no longer desired; left reports whether it still
// has rows.
func goneApp(a record.App, wants map[string]record.Want) (next record.App, left bool) {
	for _, w := range wants {
		if w.App == a.Name {
			a.Gone, a.Error, a.Refusals = true, nil, nil
			return a, true
		}
	}
	return a, false
}

// refusals keeps the time since when each claim has been failing.
func refusals(denied []denial, before []record.Refusal, now time.Time) []record.Refusal {
	var out []record.Refusal
	for _, d := range denied {
		since := now
		for _, r := range before {
			if r.Name == d.name {
				since = r.Since
			}
		}
		out = append(out, record.Refusal{Name: d.name, Finding: d.finding(), Since: since})
	}
	return out
}

// LiveApps leaves out the apps that left desired state and whose rows are gone
// by now.
func LiveApps(apps []record.App, rows []record.Domain) []record.App {
	busy := make(map[string]bool, len(apps))
	for _, d := range rows {
		busy[d.App] = true
	}
	return slices.DeleteFunc(slices.Clone(apps), func(a record.App) bool { return a.Gone && !busy[a.Name] })
}
