package controller

import (
	"context"
	"errors"
	"slices"

	"github.com/acmsync/acmsync/internal/beside"
	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/spec"
)

// Planned is what a pass would do now.
type Planned struct {
	reconcile.Plan
	// Invalid are the errors of files that would be refused.
	Invalid []record.FileError
}

// Plan walks a pass in memory: the same admission, the same observations, the
// same decisions, and nothing kept. files stand in for the repository's tip,
// those of certificates that they name among them; nil takes the tip itself. The store may be open for reading only.
func (c *Controller) Plan(ctx context.Context, files []spec.File) (Planned, error) {
	p, err := c.begin(ctx)
	if err != nil {
		return Planned{}, err
	}
	defer p.let()
	p.planning = true
	r, err := p.source(ctx, files)
	if err != nil {
		return Planned{}, err
	}
	known, accepted, err := p.known(ctx, r)
	if err != nil {
		return Planned{}, err
	}
	if err := p.glimpse(ctx); err != nil {
		return Planned{}, err
	}
	desired, _, faults := r.desire(accepted)
	now := p.Now()
	admission := reconcile.Admit(desired, known, p.policy, now)
	rows := slices.DeleteFunc(reconcile.Apply(known.Domains, admission, now), p.isAside)
	decisions, err := p.decideAll(ctx, rows)
	if err != nil {
		return Planned{}, err
	}
	for _, d := range p.aside {
		decisions = append(decisions, reconcile.Aside(d))
	}
	decisions = reconcile.SharedProblem(decisions, p.wasProbed)
	return Planned{Plan: reconcile.Preview(admission, decisions), Invalid: faults}, nil
}

// isAside: admission takes a row that cannot be read for a new one.
func (p *pass) isAside(d record.Domain) bool {
	return slices.ContainsFunc(p.aside, func(a record.Domain) bool { return a.Key == d.Key })
}

// source is the desired state to plan for.
func (p *pass) source(ctx context.Context, files []spec.File) (reading, error) {
	if files == nil {
		return p.read(ctx)
	}
	r := reading{commit: "working copy", descends: true}
	var others []gitrepo.File
	for _, f := range files {
		if spec.IsDesired(f.Path) {
			r.files = append(r.files, f)
		} else {
			others = append(others, gitrepo.File{Path: f.Path, Bytes: f.Bytes})
		}
	}
	r.parsed = spec.Parse(r.files, spec.Options{})
	r.brought = p.bring(r.certificates(nil), others)
	return r, nil
}

// glimpse asks the CAs who they are and what time, for this plan only: the first,
// and those of which nothing is known. No answer is an answer: CAA may then be
// unknown. With a wrong clock a pass would do nothing, so there is nothing to
// plan.
func (p *pass) glimpse(ctx context.Context) error {
	for i, a := range p.cas {
		known := p.meta.CAs[a.URL()]
		if i > 0 && len(known.CAAIdentities) > 0 {
			continue
		}
		brief, cancel := context.WithTimeout(ctx, glance)
		dir, date, err := a.Directory(brief)
		cancel()
		if err != nil {
			p.Log.Warn("the CA's directory cannot be read; CAA records may not be judged", "directory", a.URL(), "error", err)
			continue
		}
		if err := p.compareClocks(ctx, date); err != nil {
			return err
		}
		p.policy = p.policy.Know(a.URL(), record.Issuer{CAAIdentities: dir.CAAIdentities, AccountURI: known.AccountURI})
	}
	return nil
}

// foresee looks at one row and decides. Where a pass would say that something of
// ours failed, so does the plan.
func (p *pass) foresee(ctx context.Context, d record.Domain) (dec reconcile.Decision) {
	var err error
	broke := beside.Run(func() { dec, err = p.look(ctx, d) })
	var stuck *stuckError
	switch {
	case broke != nil:
		return reconcile.Aside(p.failed(d, p.panicked(d, broke)))
	case errors.As(err, &stuck):
		return reconcile.Aside(p.failed(d, p.leftBehind(d.Name(), stuck)))
	}
	p.fail(err)
	return dec
}

// decideAll looks at every row, side by side, and then hands out what the CA's
// limits allow to the most urgent.
func (p *pass) decideAll(ctx context.Context, rows []record.Domain) ([]reconcile.Decision, error) {
	at, err := p.turnsOf(ctx, rows, p.Now())
	if err != nil {
		return nil, err
	}
	decisions := make([]reconcile.Decision, len(rows))
	next := make(chan int)
	var group beside.Group
	for range p.Concurrency {
		group.Go(func() {
			for i := range next {
				decisions[i] = p.foresee(ctx, reconcile.Call(rows[i], at[rows[i].Key], p.Now()))
			}
		})
	}
	for i := range rows {
		next <- i
	}
	close(next)
	group.Wait()
	if len(p.failures) > 0 {
		return nil, p.failures[0]
	}
	if err := p.share(ctx, decisions, p.Now()); err != nil {
		return nil, err
	}
	return decisions, ctx.Err()
}
