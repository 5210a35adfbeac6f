package gitrepo

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/signature"
)

// maxTrail bounds how many commits are looked at.
const maxTrail = 10_000

// Since says what a trail is about.
type Since struct {
	// Bases are full commit ids: what they and their ancestors did is settled.
	Bases []string
	// Dir and Want are as for Files.
	Dir  string
	Want func(path string) bool
	// Allowed judges the signatures.
	Allowed *signature.Allowed
}

// Trail is how a snapshot came about.
type Trail struct {
	// Tip is the snapshot's own commit. Its Files are left out.
	Tip record.Change
	// Leads: the tip is one of the bases, or descends from one. Otherwise Changes
	// is empty.
	Leads bool
	// Changes are the commits, newest first, after which a wanted file was not as
	// it had been in each of their parents. Of a chain of commits without such a
	// change the last has the same wanted files as the first; so what the
	// snapshot wants is what a base, or one of these, had.
	Changes []record.Change
	// Cut: there are more commits than are looked at.
	Cut bool
}

// Trail follows the snapshot back to the bases. What is missing of the commits
// and folders on the way is fetched; that something is not here never counts as
// its not being there.
func (s Snapshot) Trail(ctx context.Context, since Since) (Trail, error) {
	var t Trail
	err := s.link.repo.exclusive(ctx, func(ctx context.Context) error {
		if err := s.restore(ctx); err != nil {
			return err
		}
		defer s.link.close()
		var err error
		t, err = s.trail(ctx, since)
		return err
	})
	return t, err
}

func (s Snapshot) trail(ctx context.Context, since Since) (t Trail, err error) {
	r, tip := s.link.repo, plumbing.NewHash(s.Commit)
	bases := map[plumbing.Hash]bool{}
	for _, base := range since.Bases {
		bases[plumbing.NewHash(base)] = true
	}
	head, err := commitOf(r.store.objects, tip)
	if err != nil {
		return t, fmt.Errorf("%w: commit %s: %w", errBroken, tip, err)
	}
	if t.Tip, err = r.change(head, nil, since.Allowed); err != nil {
		return t, err
	}
	stretch, err := r.stretch(ctx, s.link, tip, bases)
	t.Leads, t.Cut = len(stretch.met) > 0, len(stretch.commits) > maxTrail
	if err != nil || !t.Leads || t.Cut {
		return t, err
	}
	if err := r.bringTrees(ctx, s.link, tip, stretch); err != nil {
		return t, err
	}
	for _, c := range stretch.commits {
		files, err := r.changed(c, since)
		if err != nil {
			return t, err
		}
		if len(files) == 0 {
			continue
		}
		one, err := r.change(c, files, since.Allowed)
		if err != nil {
			return t, err
		}
		t.Changes = append(t.Changes, one)
	}
	return t, nil
}

func (r *Repo) change(c *object.Commit, files []string, allowed *signature.Allowed) (record.Change, error) {
	judged, err := r.judge(c, allowed)
	return record.Change{
		Commit: c.Hash.String(), Author: c.Author.Name + " <" + c.Author.Email + ">", When: c.Committer.When.UTC(),
		Files: files, Signature: judged,
	}, err
}

// changed lists the wanted files that are not as in some parent. A commit
// without parents has them from nowhere.
func (r *Repo) changed(c *object.Commit, since Since) ([]string, error) {
	d := &difference{walk: walk{trees: r.store.objects, want: since.Want, read: map[plumbing.Hash]*object.Tree{}}, paths: map[string]bool{}}
	now, err := d.folder(c.TreeHash, since.Dir)
	if err != nil {
		return nil, err
	}
	if len(c.ParentHashes) == 0 {
		err = d.compare(plumbing.ZeroHash, now, "", 0)
	}
	for _, hash := range c.ParentHashes {
		parent, err := commitOf(r.store.objects, hash)
		if err != nil {
			return nil, fmt.Errorf("%w: commit %s: %w", errBroken, hash, err)
		}
		before, err := d.folder(parent.TreeHash, since.Dir)
		if err != nil {
			return nil, err
		}
		if err := d.compare(before, now, "", 0); err != nil {
			return nil, err
		}
	}
	return slices.Sorted(maps.Keys(d.paths)), err
}
