package controller

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/status"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/reconcile"
)

// pushShare is how long the repository may take to be told of the status, in all:
// the next pass, with what becomes due meanwhile, waits for it.
const pushShare = 2 * time.Minute

// report commits the status of every app, if anything changed since the last
// report. The store is the truth; losing the report costs nothing.
func (p *pass) report() error {
	ctx := p.last
	meta, err := p.Store.Meta(ctx)
	if err != nil || meta.Changes == meta.Published && !p.strayed(meta) {
		return err
	}
	view, err := p.view(ctx, meta)
	if err != nil {
		return err
	}
	files, err := status.Render(view)
	if err != nil {
		return fmt.Errorf("rendering the status: %w", err)
	}
	brief, cancel := context.WithTimeout(p.lastPush, pushShare)
	defer cancel()
	if err := p.publish(brief, view, files, meta); err != nil {
		return fmt.Errorf("committing the status to branch %s: %w", p.Status.Branch, err)
	}
	return p.Store.SetMeta(ctx, store.Meta{
		Published: meta.Changes, StatusTip: p.statusTip, Sharded: strconv.FormatBool(view.Shard),
	})
}

// strayed reports whether the status branch is not where we left it: lost, or
// edited by hand. It is put right.
func (p *pass) strayed(meta store.Meta) bool {
	return p.tipsKnown && !p.Status.SameBranch && p.statusTip != meta.StatusTip
}

// View is what status shows, as the store has it now.
func (c *Controller) View(ctx context.Context) (status.Report, error) {
	p, err := c.begin(ctx)
	if err != nil {
		return status.Report{}, err
	}
	defer p.let()
	return p.view(ctx, p.meta)
}

func (p *pass) view(ctx context.Context, meta store.Meta) (status.Report, error) {
	domains, apps, err := p.shown(ctx)
	if err != nil {
		return status.Report{}, err
	}
	revision, hash := observed(meta)
	return status.Report{
		Apps: reconcile.LiveApps(apps, domains), Domains: domains, Errors: meta.Errors,
		Revision: revision, DesiredHash: hash, Branch: p.Source.Branch,
		HeldHash: heldHash(domains), Policy: withCA(p.Controller.Policy, meta), Shard: p.sharded(meta, len(apps)),
	}, nil
}

// shown are all apps and domains, with those that are set aside because their
// rows cannot be read. One whose app cannot be told is only logged.
func (c *Controller) shown(ctx context.Context) ([]record.Domain, []record.App, error) {
	domains, broken, err := c.Store.Domains(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range c.setAside(broken) {
		if d.App != "" {
			domains = append(domains, d)
		}
	}
	apps, err := c.Store.Apps(ctx)
	return domains, apps, err
}

func (c *Controller) setAside(broken []store.Unreadable) []record.Domain {
	var out []record.Domain
	for _, b := range broken {
		c.Log.Error("a stored domain cannot be read and is left alone; run: acmsync doctor", "domain", b.Key, "error", b.Err)
		out = append(out, reconcile.SetAside(b.Key, b.App, b.Mode))
	}
	return out
}

// shardFrom is how many apps make one folder of status files too wide: each
// push sends the whole folder's listing.
const shardFrom = 1000

// sharded: once the branch was written, its layout stays.
func (p *pass) sharded(meta store.Meta, apps int) bool {
	switch {
	case p.Status.Shard != "auto":
		return p.Status.Shard == "true"
	case meta.Sharded != "":
		return meta.Sharded == "true"
	default:
		return apps >= shardFrom
	}
}

func heldHash(domains []record.Domain) string {
	holds := reconcile.Holds(domains)
	if len(holds) == 0 {
		return ""
	}
	return holds[0].Hash
}

// publish commits the files, unless the branch already says just that.
func (p *pass) publish(ctx context.Context, view status.Report, files map[string][]byte, meta store.Meta) error {
	if maps.EqualFunc(files, p.published.files, bytes.Equal) && !p.strayed(meta) {
		return nil
	}
	apps := status.Apps(view)
	before := p.published.apps
	if p.published.files == nil {
		before = p.branchApps(ctx)
	}
	commit, changed, err := p.Repo.Commit(ctx, gitrepo.Commit{
		Branch: p.Status.Branch, Orphan: !p.Status.SameBranch, Root: p.Status.Path,
		Files: files, Prune: status.Owned,
		Message: status.Message(before, apps, status.Commit{Revision: meta.Revision, SkipCI: p.Status.SameBranch}),
		Author:  p.Status.Author, When: p.Now(), Sign: p.Status.Sign,
	})
	if err != nil {
		return err
	}
	p.published = published{files: files, apps: apps}
	p.statusTip = commit
	if changed {
		p.committed(commit)
	}
	return nil
}

func (p *pass) committed(commit string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.result.Committed = commit
	p.Log.Info("status committed", "branch", p.Status.Branch, "commit", commit)
}

// published is the status as this process last committed it.
type published struct {
	files map[string][]byte
	apps  []status.AppStatus
}

// branchApps are the apps' statuses as the branch has them, to say what
// changed. Without them the message says what is.
func (p *pass) branchApps(ctx context.Context) []status.AppStatus {
	snap, err := p.Repo.Fetch(ctx, p.Status.Branch, "")
	if err != nil {
		return nil
	}
	files, err := snap.Files(ctx, p.Status.Path, func(name string) bool { return strings.HasPrefix(name, "apps/") }, maxFile)
	if err != nil {
		return nil
	}
	var apps []status.AppStatus
	for _, f := range files {
		if app, err := status.Parse(f.Bytes); f.Err == nil && err == nil {
			apps = append(apps, app)
		}
	}
	return apps
}

// Attention counts who must act, over all that the store knows.
type Attention struct {
	Owner, Operator int
	// Failed and Held count domains in those states.
	Failed, Held int
}

// Attention says who must act now.
func (c *Controller) Attention(ctx context.Context) (Attention, error) {
	domains, apps, err := c.shown(ctx)
	if err != nil {
		return Attention{}, err
	}
	var sum Attention
	for _, d := range domains {
		sum.add(reconcile.Attention(d), d.State)
		if d.Held {
			sum.Held++
		}
	}
	for _, app := range apps {
		for range app.Refusals {
			sum.add(reconcile.AppAttention(record.App{Refusals: app.Refusals}, nil), record.Failing)
		}
	}
	return sum, nil
}

func (a *Attention) add(who string, state record.State) {
	switch who {
	case "owner":
		a.Owner++
	case "operator":
		a.Operator++
	}
	if state == record.Failed {
		a.Failed++
	}
}
