package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
)

const (
	// maxHaves bounds how many commits the server is told of.
	maxHaves = 32
	// fetchTries is how often a branch that moves while it is read is read again.
	fetchTries = 3
)

// Snapshot is the tip of a branch at one moment.
type Snapshot struct {
	// Commit is the full id of the tip.
	Commit string
	// Descends: the commit seen last is the tip or one of its ancestors, or there
	// is none. False after history was rewritten.
	Descends bool

	link *link
	tree plumbing.Hash
}

// Fetch reads a branch's tip: its commit and folders, but no files yet. lastSeen
// is the commit seen last, or "". The error is ErrNoBranch when there is no such
// branch.
func (r *Repo) Fetch(ctx context.Context, branch, lastSeen string) (Snapshot, error) {
	ref, err := refName(branch)
	if err != nil {
		return Snapshot{}, err
	}
	if lastSeen != "" && !plumbing.IsHash(lastSeen) {
		return Snapshot{}, fmt.Errorf("the commit seen last, %q, is not a full commit id", lastSeen)
	}
	var snapshot Snapshot
	err = r.exclusive(ctx, func(ctx context.Context) error {
		if r.store.packs > maxPacks {
			if err := r.store.wipe(); err != nil {
				return err
			}
		}
		for range fetchTries {
			var moved bool
			if snapshot, moved, err = r.fetchTip(ctx, ref, lastSeen); !moved {
				break
			}
		}
		return err
	})
	return snapshot, err
}

// fetchTip reads where the branch is and fetches that. moved says that it failed
// and the branch is elsewhere by now: servers hand out only what is a tip.
func (r *Repo) fetchTip(ctx context.Context, ref plumbing.ReferenceName, lastSeen string) (s Snapshot, moved bool, err error) {
	l := r.newLink()
	defer l.close()
	if err := l.open(ctx); err != nil {
		return Snapshot{}, false, err
	}
	tip, ok := l.refs[ref.String()]
	if !ok {
		return Snapshot{}, false, fmt.Errorf("%s: %w: %s", r, ErrNoBranch, ref.Short())
	}
	descends, err := r.descends(ctx, l, tip, lastSeen)
	if err == nil {
		var commit *object.Commit
		if commit, err = r.complete(ctx, l, tip); err == nil {
			return Snapshot{Commit: tip.String(), Descends: descends, link: l, tree: commit.TreeHash}, false, nil
		}
	}
	now, again := r.readRef(ctx, ref)
	return Snapshot{}, again == nil && now != tip, err
}

// descends asks for the commits that lead from lastSeen to the tip. A server
// that has the whole history of the tip and does not know lastSeen proves that
// it is no ancestor.
func (r *Repo) descends(ctx context.Context, l *link, tip plumbing.Hash, lastSeen string) (bool, error) {
	last := plumbing.NewHash(lastSeen)
	if lastSeen == "" || last == tip || r.leadsTo(tip, last) {
		return true, nil
	}
	o := order{want: []plumbing.Hash{tip}, have: []plumbing.Hash{last}, filter: packp.FilterTreeDepth(0), onlyKnown: true}
	if r.store.tips[last] {
		// Its trees are here: what comes with the commits completes the tip.
		o.filter = packp.FilterBlobNone()
	}
	known, err := l.fetch(ctx, o)
	if err != nil || !known {
		return false, err
	}
	return r.leadsTo(tip, last), nil
}

// leadsTo follows parents through the commits that are here.
func (r *Repo) leadsTo(from, to plumbing.Hash) bool {
	next := []plumbing.Hash{from}
	seen := map[plumbing.Hash]bool{from: true}
	for len(next) > 0 {
		commit, err := commitOf(r.store.objects, next[0])
		next = next[1:]
		if err != nil {
			continue
		}
		for _, parent := range commit.ParentHashes {
			if parent == to {
				return true
			}
			if !seen[parent] {
				seen[parent] = true
				next = append(next, parent)
			}
		}
	}
	return false
}

// complete makes sure that a commit is here with all its trees. First the server
// is told what is here already; should that leave gaps, everything is asked for.
func (r *Repo) complete(ctx context.Context, l *link, tip plumbing.Hash) (*object.Commit, error) {
	ok, err := r.store.settle(tip)
	for _, have := range [][]plumbing.Hash{r.haves(), nil} {
		if ok || err != nil {
			break
		}
		_, err = l.fetch(ctx, order{want: []plumbing.Hash{tip}, have: have, depth: 1, filter: packp.FilterBlobNone()})
		if err == nil {
			ok, err = r.store.settle(tip)
		}
	}
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%w commit %s", errLeftOut, tip)
	}
	commit, err := commitOf(r.store.objects, tip)
	if err != nil {
		return nil, errors.Join(errBroken, err)
	}
	return commit, nil
}

// haves are commits whose trees are here.
func (r *Repo) haves() []plumbing.Hash {
	var haves []plumbing.Hash
	for tip := range r.store.tips {
		if len(haves) == maxHaves {
			break
		}
		haves = append(haves, tip)
	}
	return haves
}

// completeBlobs makes sure that files are here. Where the server hands out single
// ones, no more is unpacked than they may have together: beyond that the error is
// errHuge. A server that does not is asked for the whole tip.
func (r *Repo) completeBlobs(ctx context.Context, l *link, tip plumbing.Hash, wanted []plumbing.Hash, maxBytes int64) error {
	missing := r.missing(wanted)
	if len(missing) == 0 {
		return nil
	}
	defer l.close()
	if err := l.open(ctx); err != nil {
		return err
	}
	if l.partial() {
		_, err := l.fetch(ctx, order{want: missing, limit: maxBytes * int64(len(missing))})
		switch {
		case err == nil && len(r.missing(wanted)) == 0:
			return nil
		case errors.Is(err, errTooLarge):
			return errHuge
		case err != nil && !notHandedOut(err):
			return err
		}
	}
	if _, err := l.fetch(ctx, order{want: []plumbing.Hash{tip}, depth: 1}); err != nil {
		return err
	}
	if len(r.missing(wanted)) > 0 {
		return fmt.Errorf("%w commit %s: files are missing", errLeftOut, tip)
	}
	return nil
}

// notHandedOut says that the server would not give an object that is no tip. The
// words are those of git and of JGit; the library passes on no more than words.
func notHandedOut(err error) bool {
	return strings.Contains(err.Error(), "not our ref") || strings.Contains(err.Error(), "not valid")
}

func (r *Repo) missing(wanted []plumbing.Hash) []plumbing.Hash {
	var missing []plumbing.Hash
	for _, hash := range wanted {
		if !r.store.has(hash) {
			missing = append(missing, hash)
		}
	}
	return missing
}
