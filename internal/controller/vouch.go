package controller

import (
	"context"
	"fmt"
	"slices"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/spec"
)

// objections are why a reading may not be taken: it is not what was accepted
// last, and not all that changed it is signed by somebody who may. fresh are the
// files of certificates that desired state did not name before.
func (p *pass) objections(ctx context.Context, snap gitrepo.Snapshot, r reading, certificates []spec.Certificate, fresh []string) ([]record.FileError, error) {
	if p.Signers == nil || r.hash == p.meta.DesiredHash || r.commit == p.meta.Tip {
		return nil, nil
	}
	allowed, err := p.Signers()
	if err != nil {
		return nil, fmt.Errorf("reading repository.allowedSignersFile; nothing is taken from the repository without it: %w", err)
	}
	named := inFiles(certificates)
	since := gitrepo.Since{Dir: p.Source.Path, Allowed: allowed, Want: func(path string) bool { return spec.IsDesired(path) || named(path) }}
	for _, base := range []string{p.meta.Tip, p.meta.ApprovedTip} {
		if base != "" {
			since.Bases = append(since.Bases, base)
		}
	}
	trail, err := snap.Trail(ctx, since)
	if err != nil {
		return nil, fmt.Errorf("looking at who signed what leads to %s: %w", snap.Commit, err)
	}
	t := reconcile.Trail{
		Tip: trail.Tip, Last: p.meta.Tip, Leads: trail.Leads, Changes: trail.Changes, Cut: trail.Cut,
		File: r.someFile(), Branch: p.Source.Branch, Own: p.OwnKey,
	}
	if r.commit != p.meta.ApprovedTip {
		t.Fresh = fresh
	}
	return reconcile.Vouch(t), nil
}

// unnamed are the files that desired state did not name when it was accepted last.
func unnamed(files []gitrepo.File, accepted []store.AcceptedFile) []string {
	before := inFiles(wereNamed(accepted))
	var out []string
	for _, f := range files {
		if !before(f.Path) {
			out = append(out, f.Path)
		}
	}
	return out
}

// someFile is where an error is put that concerns no file in particular.
func (r reading) someFile() string {
	if len(r.parsed) > 0 {
		return r.parsed[0].Path
	}
	return "apps.yaml"
}

// heldBefore reports whether the same is held for the same reasons as before.
func (r reading) heldBefore(meta store.Meta) bool {
	return len(r.held) > 0 && meta.HeldTip == r.commit && slices.Equal(meta.Errors, r.held)
}

// asAccepted is desired state as it was accepted last, every file of it, while
// what came after is held.
func asAccepted(accepted []store.AcceptedFile, held []record.FileError) (reconcile.Desired, []store.AcceptedFile, []record.FileError) {
	var d reconcile.Desired
	for _, file := range accepted {
		d.Apps = append(d.Apps, standing(file, &held[0])...)
	}
	return d, accepted, held
}

// mark says which commit an admission is of. What is held moves nothing but what
// is known of it.
func (p *pass) mark(r reading, a store.Admission) store.Admission {
	if len(r.held) > 0 {
		a.DesiredHash, a.Revision, a.Tip = p.meta.DesiredHash, p.meta.Revision, p.meta.Tip
		a.HeldTip, a.HeldHash = r.commit, r.hash
		return a
	}
	a.DesiredHash, a.Revision, a.Tip, a.Pairs = r.hash, p.revision(r), r.commit, r.brought.pairs
	return a
}

// observed is the desired state that a report is about: that of a push that is
// held, too, since it says so.
func observed(meta store.Meta) (revision, hash string) {
	if meta.HeldTip != "" {
		return meta.HeldTip, meta.HeldHash
	}
	return meta.Revision, meta.DesiredHash
}
