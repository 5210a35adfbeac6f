package operate

import (
	"context"
	"slices"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/status"
	"github.com/acmsync/acmsync/spec"
)

// maxCertificate is the largest file of a certificate that a pass reads.
const maxCertificate = 256 << 10

// Push is desired state as it was pushed last. A report is about it, or about an
// earlier one.
type Push struct {
	// Commit is the full id of the tip, Branch where it is.
	Commit, Branch string

	origin *Origin
	app    *status.AppStatus
	hash   string
	// seen is the hash that the report was last asked with.
	seen *string
}

// Push is what stands at the tip now; app, if there is one, tells the branch.
func (o *Origin) Push(ctx context.Context, app *status.AppStatus) (*Push, error) {
	p := &Push{origin: o, app: app}
	return p, p.look(ctx)
}

// TakenUp reports whether a report with that hash of desired state
// (observed.desiredHash) is about the push, or a later one.
func (p *Push) TakenUp(ctx context.Context, hash string) (bool, error) {
	// A report that moved may have passed this push over for one after it.
	if p.seen != nil && *p.seen != hash && hash != p.hash {
		if err := p.look(ctx); err != nil {
			return false, err
		}
	}
	p.seen = &hash
	return hash == p.hash, nil
}

// look reads the tip and hashes it as a pass does.
func (p *Push) look(ctx context.Context) error {
	branch, err := p.origin.branch(ctx, p.app)
	if err != nil {
		return err
	}
	snap, err := p.origin.tip(ctx, branch)
	if err != nil {
		return err
	}
	p.Branch, p.Commit = branch, snap.Commit
	dir, parsable, _, err := p.origin.desired(ctx, snap)
	if err != nil {
		return err
	}
	desired, err := snap.Files(ctx, dir, spec.IsDesired, maxBytes)
	if err != nil {
		return err
	}
	named := certificateNames(parsable)
	brought, err := snap.Files(ctx, dir, func(path string) bool { return slices.Contains(named, path) }, maxCertificate)
	p.hash = gitrepo.Digest(desired, brought)
	return err
}
