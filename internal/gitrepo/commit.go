package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

const (
	// firstPause and longestPause bound the pause after a lost race; the second
	// caps what doubles from the first.
	firstPause   = 10 * time.Millisecond
	longestPause = time.Second
)

// Commit is a change to a branch.
type Commit struct {
	Branch string
	// Orphan makes the branch, with no history, when it is missing.
	Orphan bool
	// Base is the commit that Files were made from, in full. The branch must be
	// there, or be missing, and is then made from it; where it is elsewhere,
	// nothing is tried again and the error is *MovedError. "" takes any tip.
	Base string
	// Root is the folder that is written; "" or "." is the whole tree. Nothing
	// outside it changes.
	Root string
	// Files are contents by path below Root, with slashes.
	Files map[string][]byte
	// Prune says, of a path below Root that is not in Files, whether it goes.
	// Nil keeps all.
	Prune func(path string) bool
	// Message is the commit's; Author is also the committer.
	Message string
	Author  Author
	// When dates the commit, to the second, in its own time zone.
	When time.Time
	// Sign returns an armoured signature of the commit's bytes; nil signs not.
	Sign func(payload []byte) (string, error)
}

// Author is who commits.
type Author struct{ Name, Email string }

// Commit writes files to a branch and returns the branch's commit; changed is
// false when everything was as it should be, and then nothing is pushed. When
// somebody else pushes meanwhile, the change is made anew on top of theirs. It
// never forces: *MovedError tells that others were faster all the time,
// *RefusedError that the server declined.
func (r *Repo) Commit(ctx context.Context, c Commit) (hash string, changed bool, err error) {
	ref, err := refName(c.Branch)
	if err != nil {
		return "", false, err
	}
	change, err := newEdit(c)
	if err != nil {
		return "", false, err
	}
	err = r.exclusive(ctx, func(ctx context.Context) error {
		hash, changed, err = r.commit(ctx, ref, c, change)
		return err
	})
	return hash, changed, err
}

// errMoved says that the branch is not, or no longer, where it was thought to be.
var errMoved = errors.New("the branch moved")

func (r *Repo) commit(ctx context.Context, ref plumbing.ReferenceName, c Commit, change *edit) (string, bool, error) {
	pause := firstPause
	var lock lock
	for range r.config.Tries {
		hash, changed, err := r.tryCommit(ctx, ref, c, change)
		if !errors.Is(err, errMoved) {
			return hash.String(), changed, err
		}
		if c.Base != "" {
			return "", false, &MovedError{URL: r.String(), Branch: c.Branch, Tries: 1}
		}
		if lock.held(err) {
			return "", false, &LockedError{URL: r.String(), Branch: c.Branch, Reason: lock.reason, Tries: lock.tries}
		}
		// Half fixed, half drawn: rivals that met once must not meet again.
		if err := sleep(ctx, pause/2+rand.N(pause)); err != nil {
			return "", false, err
		}
		pause = min(2*pause, longestPause)
	}
	return "", false, &MovedError{URL: r.String(), Branch: c.Branch, Tries: r.config.Tries}
}

// lockTries is how often a branch is found locked, and where it was, before the
// lock is taken for one that nobody will let go of; some four seconds.
const lockTries = 12

// lock counts tries that the server declined while the branch stood still.
type lock struct {
	heldError
	tries int
}

func (l *lock) held(err error) bool {
	var again *heldError
	switch {
	case !errors.As(err, &again):
		*l = lock{}
	case l.tries > 0 && l.at == again.at:
		l.tries++
	default:
		*l = lock{heldError: *again, tries: 1}
	}
	return l.tries >= lockTries
}

// tryCommit reads the branch, builds on it and pushes, once.
func (r *Repo) tryCommit(ctx context.Context, ref plumbing.ReferenceName, c Commit, change *edit) (plumbing.Hash, bool, error) {
	p := &push{repo: r, ref: ref}
	if err := p.open(ctx); err != nil {
		return plumbing.ZeroHash, false, err
	}
	defer p.close()
	parent, err := r.parent(c, p.old)
	if err != nil {
		return plumbing.ZeroHash, false, err
	}
	base, err := r.baseTree(ctx, parent)
	if err != nil {
		return plumbing.ZeroHash, false, err
	}
	b := newBuilder(r.store.objects)
	tree, err := b.apply(base, change, "")
	if err != nil {
		return plumbing.ZeroHash, false, err
	}
	if tree == base {
		return parent, false, nil
	}
	if p.new, err = b.commit(c, b.orEmpty(tree), parent); err != nil {
		return plumbing.ZeroHash, false, err
	}
	if p.pack, err = b.pack(); err != nil {
		return plumbing.ZeroHash, false, err
	}
	if err := p.send(ctx); err != nil {
		return plumbing.ZeroHash, false, err
	}
	r.remember(p)
	return p.new, true, nil
}

// parent is the commit to build on, for a branch that is at old; zero: none.
func (r *Repo) parent(c Commit, old plumbing.Hash) (plumbing.Hash, error) {
	switch {
	case c.Base != "" && !plumbing.IsHash(c.Base):
		return plumbing.ZeroHash, fmt.Errorf("the commit to build on, %q, is not a full commit id", c.Base)
	case c.Base != "" && (old.IsZero() || old.String() == c.Base):
		return plumbing.NewHash(c.Base), nil
	case c.Base != "":
		return plumbing.ZeroHash, errMoved
	case old.IsZero() && !c.Orphan:
		return plumbing.ZeroHash, fmt.Errorf("%s: %w: %s", r, ErrNoBranch, c.Branch)
	}
	return old, nil
}

// baseTree is the tree of a commit, fetched if need be; zero for no commit.
func (r *Repo) baseTree(ctx context.Context, tip plumbing.Hash) (plumbing.Hash, error) {
	if tip.IsZero() {
		return plumbing.ZeroHash, nil
	}
	l := r.newLink()
	defer l.close()
	commit, err := r.complete(ctx, l, tip)
	if errors.Is(err, transport.ErrEmptyRemoteRepository) || (err != nil && ctx.Err() == nil && l.refs != nil && !advertised(l, tip)) {
		// Moved on between the two questions: the old tip is no longer handed out.
		return plumbing.ZeroHash, errMoved
	}
	if err != nil {
		return plumbing.ZeroHash, err
	}
	return commit.TreeHash, nil
}

func advertised(l *link, tip plumbing.Hash) bool {
	for _, hash := range l.refs {
		if hash == tip {
			return true
		}
	}
	return false
}

// remember keeps what was pushed, so that the next commit need not fetch it.
// Should it fail, the next commit does fetch it.
func (r *Repo) remember(p *push) {
	if err := r.store.add(p.pack, 0); err == nil {
		_, _ = r.store.settle(p.new)
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
