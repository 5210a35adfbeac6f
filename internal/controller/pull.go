package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/spec"
)

// maxFile is the largest file of desired state that is read.
const maxFile = 1 << 20

const (
	// pullShare is how long the repository may take before the rest of the pass
	// begins. It is half of the time left where that is less,
	pullShare = time.Minute
	// but no less than this: whoever leaves so little time gets no more done.
	leastPullShare = 2 * time.Second
)

// pullInTime is pull, with the repository's delay bounded: renewals must not
// wait for a git server that hangs.
func (p *pass) pullInTime(ctx context.Context) error {
	share := pullShare
	if deadline, bounded := ctx.Deadline(); bounded {
		left := time.Until(deadline)
		if share = min(share, max(left/2, leastPullShare)); share >= left {
			return p.pull(ctx)
		}
	}
	brief, cancel := context.WithTimeout(ctx, share)
	defer cancel()
	err := p.pull(brief)
	if err != nil && brief.Err() != nil && ctx.Err() == nil {
		return &gitrepo.UnreachableError{
			URL: p.Repo.String(), Setting: "repository.url and the network", Temporary: true, Err: err,
			Detail: fmt.Sprintf("did not answer within %s", share.Round(time.Second)), Remedy: "what is due is done as last accepted",
		}
	}
	return err
}

// pull brings desired state into the store. What was read is dropped where another
// process admitted something meanwhile: that may be a later push.
func (p *pass) pull(ctx context.Context) (err error) {
	for range 5 {
		if err = p.pullOnce(ctx); !errors.Is(err, store.ErrStaleAdmission) {
			return err
		}
		meta, failed := p.Store.Meta(ctx)
		if failed != nil {
			return failed
		}
		p.meta = meta
	}
	return err
}

// pullOnce is pull, undisturbed. When neither the desired files nor the settings
// nor an approval moved, it costs one look at the refs, and a fetch where the
// branch itself did.
func (p *pass) pullOnce(ctx context.Context) error {
	tip, err := p.tips(ctx)
	if err != nil {
		return err
	}
	p.result.Invalid = p.meta.Errors
	same := p.meta.DesiredHash != "" && p.meta.SettingsHash == p.SettingsHash
	if same && tip == p.meta.Tip && p.meta.HeldTip == "" {
		return nil
	}
	read, err := p.read(ctx)
	switch {
	case err != nil:
		return err
	case same && read.hash == p.meta.DesiredHash && p.meta.HeldTip == "":
		return p.Store.SetMeta(ctx, store.Meta{Tip: read.commit})
	case p.meta.SettingsHash == p.SettingsHash && read.heldBefore(p.meta):
		return nil
	}
	return p.admit(ctx, read)
}

// tips looks at the refs: the tip of desired state, and where status stands.
func (p *pass) tips(ctx context.Context) (string, error) {
	tips, err := p.Repo.Tips(ctx, p.Source.Branch, p.Status.Branch)
	if err != nil {
		return "", err
	}
	p.statusTip, p.tipsKnown = tips[p.Status.Branch], true
	tip, ok := tips[p.Source.Branch]
	if !ok {
		return "", noBranch(p.Source.Branch)
	}
	return tip, nil
}

func noBranch(branch string) error {
	return fmt.Errorf("%w: %s; push it, or mend repository.branch", gitrepo.ErrNoBranch, branch)
}

// reading is desired state as one commit has it.
type reading struct {
	commit   string
	descends bool
	hash     string
	parsed   []spec.Parsed
	files    []spec.File
	brought  brought
	// held is why nothing of it may be taken; empty: it may.
	held []record.FileError
}

// read fetches and parses the tip.
func (p *pass) read(ctx context.Context) (reading, error) {
	snap, err := p.Repo.Fetch(ctx, p.Source.Branch, p.meta.Tip)
	switch {
	case errors.Is(err, gitrepo.ErrNoBranch):
		return reading{}, noBranch(p.Source.Branch)
	case err != nil:
		return reading{}, err
	}
	files, err := snap.Files(ctx, p.Source.Path, spec.IsDesired, maxFile)
	if err != nil {
		return reading{}, fmt.Errorf("reading desired state at %s: %w", snap.Commit, err)
	}
	r := reading{commit: snap.Commit, descends: snap.Descends}
	for _, f := range files {
		r.take(f)
	}
	r.parsed = append(r.parsed, spec.Parse(r.files, spec.Options{})...)
	accepted, err := p.Store.Files(ctx)
	if err != nil {
		return reading{}, err
	}
	named := r.certificates(accepted)
	var brought []gitrepo.File
	if len(named) > 0 {
		brought, err = snap.Files(ctx, p.Source.Path, inFiles(named), maxCertificate)
		if err != nil {
			return reading{}, fmt.Errorf("reading certificates at %s: %w", snap.Commit, err)
		}
	}
	r.brought = p.bring(named, brought)
	r.hash = gitrepo.Digest(files, brought)
	r.held, err = p.objections(ctx, snap, r, named, unnamed(brought, accepted))
	return r, err
}

// take sorts a file into those that can be parsed and those that the
// repository itself refuses to hand out (links, submodules, too large).
func (r *reading) take(f gitrepo.File) {
	if f.Err != nil {
		fault := spec.Error{File: f.Path, Line: 1, Column: 1, Message: f.Err.Error()}
		r.parsed = append(r.parsed, spec.Parsed{Path: f.Path, Errors: []spec.Error{fault}})
		return
	}
	r.files = append(r.files, spec.File{Path: f.Path, Bytes: f.Bytes})
}

// admit compares a reading with what is known and stores what follows from it.
func (p *pass) admit(ctx context.Context, r reading) error {
	known, accepted, err := p.known(ctx, r)
	if err != nil {
		return err
	}
	desired, keep, faults := r.desire(accepted)
	a := reconcile.Admit(desired, known, p.policy, p.Now())
	settings := p.SettingsHash
	if slices.ContainsFunc(a.Wants, leaves) && !p.clockConfirmed(ctx) {
		// When a grace ends might be wrong: admitted again by a clock that is
		// known to be right, since these settings count as new then.
		a.Wants, settings = slices.DeleteFunc(a.Wants, leaves), ""
	}
	p.result.Invalid = faults
	p.tellStrays(reconcile.Apply(known.Domains, a, p.Now()))
	return p.Store.Admit(ctx, p.mark(r, store.Admission{
		Base: p.meta.Admissions, Wants: a.Wants, Apps: a.Apps, Files: keep, UsedApprovals: a.UsedApprovals,
		Errors:       faults,
		WakeAll:      p.meta.SettingsHash != p.SettingsHash,
		SettingsHash: settings, Now: p.Now(),
	}))
}

// leaves reports whether a certificate is to go after a grace.
func leaves(w record.Want) bool { return !w.Mode.Kept() }

// clockConfirmed reports whether the CA says that our clock is right.
func (p *pass) clockConfirmed(ctx context.Context) bool {
	brief, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	return p.confirm(brief) == nil
}

// revision is the commit at which this desired state was first seen.
func (p *pass) revision(r reading) string {
	if r.hash == p.meta.DesiredHash && p.meta.Revision != "" {
		return p.meta.Revision
	}
	return r.commit
}

func (p *pass) known(ctx context.Context, r reading) (reconcile.Known, []store.AcceptedFile, error) {
	domains, broken, err := p.Store.Domains(ctx)
	if err != nil {
		return reconcile.Known{}, nil, err
	}
	p.aside = p.setAside(broken)
	apps, err := p.Store.Apps(ctx)
	if err != nil {
		return reconcile.Known{}, nil, err
	}
	files, err := p.Store.Files(ctx)
	return reconcile.Known{
		Domains: domains, Apps: apps, Descends: r.descends,
		Revision: r.commit, Branch: p.Source.Branch, Approved: p.meta.Approved, Refused: r.refused(),
	}, files, err
}

// desire joins what was parsed with what stands in for refused files: the
// bytes that were accepted last. It returns the files to remember as accepted
// and the errors of the refused ones.
func (r reading) desire(accepted []store.AcceptedFile) (reconcile.Desired, []store.AcceptedFile, []record.FileError) {
	if len(r.held) > 0 {
		return asAccepted(accepted, r.held)
	}
	before := make(map[string]store.AcceptedFile, len(accepted))
	for _, f := range accepted {
		before[f.Path] = f
	}
	now := make(map[string][]byte, len(r.files))
	for _, f := range r.files {
		now[f.Path] = f.Bytes
	}
	var d reconcile.Desired
	var keep []store.AcceptedFile
	var faults []record.FileError
	for _, parsed := range r.parsed {
		if len(parsed.Errors) == 0 {
			d.Apps = append(d.Apps, wanted(parsed.Apps, r.brought.read, nil)...)
			keep = append(keep, store.AcceptedFile{Path: parsed.Path, Revision: r.commit, Bytes: now[parsed.Path]})
			continue
		}
		why := fileErrors(parsed.Errors)
		faults = append(faults, why...)
		if old, ok := before[parsed.Path]; ok {
			d.Apps = append(d.Apps, standing(old, &why[0])...)
			keep = append(keep, old)
		}
	}
	return d, keep, faults
}

// standing are the apps of a file as it was accepted last.
func standing(old store.AcceptedFile, why *record.FileError) []reconcile.DesiredApp {
	return wanted(parse(old).Apps, nil, why)
}

func parse(f store.AcceptedFile) spec.Parsed {
	return spec.Parse([]spec.File{{Path: f.Path, Bytes: f.Bytes}}, spec.Options{})[0]
}

func wanted(apps []spec.App, read map[spec.Certificate]record.Brought, refused *record.FileError) []reconcile.DesiredApp {
	out := make([]reconcile.DesiredApp, 0, len(apps))
	for _, app := range apps {
		out = append(out, reconcile.DesiredApp{App: app, Refused: refused, Certificates: read})
	}
	return out
}

func fileErrors(errs []spec.Error) []record.FileError {
	out := make([]record.FileError, 0, len(errs))
	for _, e := range errs {
		out = append(out, record.FileError{File: e.File, Line: e.Line, Column: e.Column, Message: e.Message})
	}
	return out
}

// refused reports whether some file of the reading, or all of it, is refused.
func (r reading) refused() bool {
	return len(r.held) > 0 || slices.ContainsFunc(r.parsed, func(f spec.Parsed) bool { return len(f.Errors) > 0 })
}
