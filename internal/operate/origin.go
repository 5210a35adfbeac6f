package operate

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/status"
	"github.com/acmsync/acmsync/spec"
)

// Origin is the repository of desired state as a command reaches it: by the
// operator's settings, or through a clone.
type Origin struct {
	// Branch and Path are where desired state is; Path "" is to be found, from
	// within on upwards. Branch "" is to be asked for.
	Branch, Path string
	// StatusBranch and StatusPath are where the report is; StatusPath "" is
	// anywhere.
	StatusBranch, StatusPath string
	// Author commits; in a clone it is whom git knows.
	Author gitrepo.Author
	// Sign signs commits that are made without a clone; nil: none is signed.
	Sign func(payload []byte) (string, error)

	repo *gitrepo.Repo
	// clone is nil when the repository itself was opened.
	clone  *gitrepo.Clone
	within string
	url    string
}

// NewOrigin edits a repository directly.
func NewOrigin(repo *gitrepo.Repo, url string) *Origin { return &Origin{repo: repo, url: url} }

// CloneOrigin edits the origin of the clone that dir lies in, by way of the
// clone: the commit is made there, beside all branches, and pushed by the
// user's own git. What is checked out is not touched.
func CloneOrigin(ctx context.Context, dir string) (*Origin, error) {
	root, err := cloneRoot(dir)
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	within, err := filepath.Rel(root, abs)
	if err != nil {
		return nil, err
	}
	o := &Origin{StatusBranch: "acm-status", clone: gitrepo.OpenClone(root), within: filepath.ToSlash(within)}
	if o.url, err = o.clone.URL(ctx); err != nil {
		return nil, err
	}
	o.repo, err = gitrepo.Open(gitrepo.Config{URL: root})
	return o, err
}

// Cloned reports whether the user stands in a clone, which now lacks a commit.
func (o *Origin) Cloned() bool { return o.clone != nil }

// Close lets go of connections.
func (o *Origin) Close() error { return o.repo.Close() }

// tip reads a branch as it is at the origin now.
func (o *Origin) tip(ctx context.Context, branch string) (gitrepo.Snapshot, error) {
	if o.clone == nil {
		return o.repo.Fetch(ctx, branch, "")
	}
	ref, err := o.clone.Fetch(ctx, branch)
	if err != nil {
		return gitrepo.Snapshot{}, err
	}
	return o.repo.Fetch(ctx, ref, "")
}

// commit pushes a commit made from its Base. In a clone it is first made under
// a name that no branch has, and which goes again.
func (o *Origin) commit(ctx context.Context, c gitrepo.Commit) (string, error) {
	if o.clone == nil {
		hash, _, err := o.repo.Commit(ctx, c)
		return hash, err
	}
	var err error
	if c.Author, err = o.clone.Author(ctx); err != nil {
		return "", err
	}
	branch := c.Branch
	c.Branch = "refs/acmsync/" + strings.ToLower(rand.Text())
	hash, _, err := o.repo.Commit(ctx, c)
	if err != nil {
		return "", err
	}
	err = o.clone.Push(ctx, hash, branch)
	return hash, errors.Join(err, o.clone.Forget(context.WithoutCancel(ctx), c.Branch))
}

// desired are the files of desired state of a snapshot, with the folder they
// are in. Files that cannot be used come as an error each.
func (o *Origin) desired(ctx context.Context, s gitrepo.Snapshot) (dir string, files []spec.File, faults []error, err error) {
	for dir = o.start(); ; dir = path.Dir(dir) {
		found, err := s.Files(ctx, dir, spec.IsDesired, maxBytes)
		if err != nil {
			return "", nil, nil, err
		}
		for _, f := range found {
			if f.Err != nil {
				faults = append(faults, f.Err)
			} else {
				files = append(files, spec.File{Path: f.Path, Bytes: f.Bytes})
			}
		}
		switch {
		case len(found) > 0:
			return dir, files, faults, nil
		case o.Path != "":
			return "", nil, nil, fmt.Errorf("folder %s of the repository: %w; check repository.path", o.Path, ErrNoDesired)
		case dir == ".":
			return "", nil, nil, fmt.Errorf("origin, here or above: %w; run this in the folder of the clone that holds it", ErrNoDesired)
		}
	}
}

func (o *Origin) start() string {
	switch {
	case o.Path != "":
		return path.Clean(o.Path)
	case o.within == "":
		return "."
	}
	return path.Clean(o.within)
}

// branch is where desired state is edited: what is configured, else where the
// report says that the app's entry was seen, else the origin's own default.
func (o *Origin) branch(ctx context.Context, app *status.AppStatus) (string, error) {
	if o.Branch != "" {
		return o.Branch, nil
	}
	if app != nil {
		if branch, _, ok := strings.Cut(app.Revision, "@sha1:"); ok && branch != "" {
			return branch, nil
		}
	}
	return o.clone.DefaultBranch(ctx)
}

// Report is what the status branch says of one app and of the platform.
type Report struct {
	// App is nil when there is no report of it.
	App *status.AppStatus
	// Platform is nil when there is none.
	Platform *status.Platform
}

// Report reads the status branch. Where there is none, or none yet of the app,
// there is nothing to tell and no error.
func (o *Origin) Report(ctx context.Context, app string) (Report, error) {
	var r Report
	snap, err := o.tip(ctx, o.StatusBranch)
	if errors.Is(err, gitrepo.ErrNoBranch) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	wanted := func(name string) bool {
		return path.Base(name) == "platform.yaml" || isAppStatus(name) && path.Base(name) == app+".yaml"
	}
	dir := o.StatusPath
	if dir == "" {
		dir = "."
	}
	files, err := snap.Files(ctx, dir, wanted, maxStatus)
	if err != nil {
		return r, err
	}
	for _, f := range files {
		if parsed, err := status.Parse(f.Bytes); err == nil && parsed.App == app {
			r.App = &parsed
		}
		if parsed, err := status.ParsePlatform(f.Bytes); err == nil {
			r.Platform = &parsed
		}
	}
	return r, nil
}
