package gitrepo

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
)

// stretch is the part of history that a tip has and the bases have not.
type stretch struct {
	commits []*object.Commit // newest first
	// met are the bases that the tip is, or descends from.
	met map[plumbing.Hash]bool
	// gaps are commits that should be here and are not; forks: some commit has
	// several parents, so that a path may end below a base without meeting it.
	gaps, forks bool
}

// stretch finds it, and asks for all of the history where what is here does not
// tell: a branch that was made before a base and merged after it ends in commits
// that are the base's own past, or, if a server leaves some out, somebody's
// change.
func (r *Repo) stretch(ctx context.Context, l *link, tip plumbing.Hash, bases map[plumbing.Hash]bool) (stretch, error) {
	s, sure, err := r.known(tip, bases)
	if sure || err != nil {
		return s, err
	}
	if _, err := l.fetch(ctx, order{want: []plumbing.Hash{tip}, filter: packp.FilterTreeDepth(0)}); err != nil {
		return s, err
	}
	if s, _, err = r.known(tip, bases); err == nil && s.gaps {
		err = fmt.Errorf("%w commit %s: its history is not whole", errLeftOut, tip)
	}
	return s, err
}

// known is the stretch as far as commits are here; sure: nothing was left open.
// Only the past of bases that were met is settled: a tip that was set back to
// before a base does not come from it.
func (r *Repo) known(tip plumbing.Hash, bases map[plumbing.Hash]bool) (s stretch, sure bool, err error) {
	s, err = r.follow(tip, bases)
	if err != nil || !s.forks {
		return s, !s.gaps, err
	}
	below, whole := r.ancestors(s.met)
	met := s.met
	s, err = r.follow(tip, below)
	s.met = met
	return s, !s.gaps && whole, err
}

// follow walks from a tip to commits where it ends.
func (r *Repo) follow(tip plumbing.Hash, ends map[plumbing.Hash]bool) (stretch, error) {
	s := stretch{met: map[plumbing.Hash]bool{}}
	next := []plumbing.Hash{tip}
	seen := map[plumbing.Hash]bool{tip: true}
	for len(next) > 0 && len(s.commits) <= maxTrail {
		hash := next[0]
		next = next[1:]
		if ends[hash] {
			s.met[hash] = true
			continue
		}
		commit, err := commitOf(r.store.objects, hash)
		switch {
		case errors.Is(err, plumbing.ErrObjectNotFound):
			s.gaps = true
			continue
		case err != nil:
			return s, err
		}
		s.commits = append(s.commits, commit)
		s.forks = s.forks || len(commit.ParentHashes) > 1
		for _, parent := range commit.ParentHashes {
			if !seen[parent] {
				seen[parent] = true
				next = append(next, parent)
			}
		}
	}
	return s, nil
}

// ancestors are commits and what they descend from; whole: all of that is here.
func (r *Repo) ancestors(of map[plumbing.Hash]bool) (all map[plumbing.Hash]bool, whole bool) {
	all, whole = map[plumbing.Hash]bool{}, true
	var next []plumbing.Hash
	for hash := range of {
		all[hash], next = true, append(next, hash)
	}
	for len(next) > 0 {
		commit, err := commitOf(r.store.objects, next[0])
		next = next[1:]
		if err != nil {
			whole = false
			continue
		}
		for _, parent := range commit.ParentHashes {
			if !all[parent] {
				all[parent], next = true, append(next, parent)
			}
		}
	}
	return all, whole
}

// bringTrees makes sure that the commits of a stretch and their parents are here
// with all their trees.
func (r *Repo) bringTrees(ctx context.Context, l *link, tip plumbing.Hash, s stretch) error {
	missing := r.withoutTrees(s)
	if len(missing) == 0 {
		return nil
	}
	_, err := l.fetch(ctx, order{want: missing, have: r.haves(), depth: 1, filter: packp.FilterBlobNone()})
	if err != nil && !notHandedOut(err) {
		return err
	}
	if err == nil && len(r.withoutTrees(s)) == 0 {
		return nil
	}
	// A server that hands out tips only, or a pack that did not complete them.
	if _, err := l.fetch(ctx, order{want: []plumbing.Hash{tip}, filter: packp.FilterBlobNone()}); err != nil {
		return err
	}
	if len(r.withoutTrees(s)) > 0 {
		return fmt.Errorf("%w commit %s: folders of its history are missing", errLeftOut, tip)
	}
	return nil
}

func (r *Repo) withoutTrees(s stretch) []plumbing.Hash {
	var missing []plumbing.Hash
	asked := map[plumbing.Hash]bool{}
	look := func(hash plumbing.Hash) {
		if asked[hash] {
			return
		}
		asked[hash] = true
		commit, err := commitOf(r.store.objects, hash)
		if err != nil || !r.store.closed(commit.TreeHash) {
			missing = append(missing, hash)
		}
	}
	for _, c := range s.commits {
		look(c.Hash)
		for _, parent := range c.ParentHashes {
			look(parent)
		}
	}
	return missing
}
