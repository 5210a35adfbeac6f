package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// Config says where a repository is and how to get in.
type Config struct {
	// URL is https://, ssh://, user@host:path, a local path to a bare
	// repository or a checkout, or http:// to loopback. It holds no password.
	URL  string
	Auth Auth
	// Dir keeps what was fetched for the next start; "" keeps it in memory
	// only. It must be empty, or have been made by this package: it is emptied
	// when it is damaged.
	Dir string
	// Timeout bounds every exchange with the server; 0 is two minutes.
	Timeout time.Duration
	// MaxBytes bounds one answer, packed and unpacked; 0 is 512 MiB.
	MaxBytes int64
	// Tries is how often a commit is made when others keep pushing; 0 is 30,
	// which takes about 20 seconds.
	Tries int
}

// Auth names the files of credentials. They are read at each use, so that they
// may be rotated.
type Auth struct {
	// Username goes with the token over HTTPS; "" takes the URL's, else "git".
	Username string
	// TokenFile holds the token or password for HTTPS; a line end is ignored.
	TokenFile string
	// SSHKeyFile is an unencrypted private key.
	SSHKeyFile string
	// KnownHostsFile is in OpenSSH's format; "" takes the user's and the
	// system's.
	KnownHostsFile string
	// CAFile holds PEM certificates that may vouch for the HTTPS server, beside
	// the system's.
	CAFile string
}

const (
	defaultTimeout  = 2 * time.Minute
	defaultMaxBytes = 512 << 20
	defaultTries    = 30
)

// Repo is one repository. Its methods may be called from any goroutine; they
// wait for each other.
type Repo struct {
	config Config
	remote remote
	http   *httpTransport

	// busy is a lock that can be waited for with a context. It guards store.
	busy  chan struct{}
	store *store
}

// Open checks the address. It asks nobody, and does not read Config.Dir yet.
func Open(c Config) (*Repo, error) {
	address, err := parseURL(c.URL)
	if err != nil {
		return nil, err
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.MaxBytes <= 0 {
		c.MaxBytes = defaultMaxBytes
	}
	if c.Tries <= 0 {
		c.Tries = defaultTries
	}
	return &Repo{config: c, remote: address, http: &httpTransport{}, busy: make(chan struct{}, 1)}, nil
}

// Close lets go of idle connections. The Repo can still be used.
func (r *Repo) Close() error {
	r.http.close()
	return nil
}

// String is the repository's address without credentials.
func (r *Repo) String() string { return r.remote.String() }

// Tip is the commit a branch points at; ok is false when there is no such
// branch. It costs one request and fetches nothing.
func (r *Repo) Tip(ctx context.Context, branch string) (commit string, ok bool, err error) {
	ref, err := refName(branch)
	if err != nil {
		return "", false, err
	}
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	hash, err := r.readRef(ctx, ref)
	return hash.String(), !hash.IsZero(), r.explain(ctx, err)
}

// Tips are the commits that branches point at; one that does not exist is left
// out. It costs one request, like Tip.
func (r *Repo) Tips(ctx context.Context, branches ...string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	l := r.newLink()
	defer l.close()
	if err := l.open(ctx); err != nil {
		return nil, r.explain(ctx, err)
	}
	tips := make(map[string]string, len(branches))
	for _, branch := range branches {
		ref, err := refName(branch)
		if err != nil {
			return nil, err
		}
		if hash := l.refs[ref.String()]; !hash.IsZero() {
			tips[branch] = hash.String()
		}
	}
	return tips, nil
}

// readRef is what the server says a reference points at; zero: it has none.
func (r *Repo) readRef(ctx context.Context, ref plumbing.ReferenceName) (plumbing.Hash, error) {
	l := r.newLink()
	defer l.close()
	if err := l.open(ctx); err != nil {
		return plumbing.ZeroHash, err
	}
	return l.refs[ref.String()], nil
}

// refName is a branch's full name. One that is full already is taken as it is,
// so that what a clone knows of its origin can be read.
func refName(branch string) (plumbing.ReferenceName, error) {
	ref := plumbing.NewBranchReferenceName(branch)
	if strings.HasPrefix(branch, "refs/") {
		ref = plumbing.ReferenceName(branch)
	}
	if err := ref.Validate(); err != nil {
		return "", fmt.Errorf("%q is not a branch name: %w", branch, err)
	}
	return ref, nil
}

// exclusive runs one operation on the store, alone. When the store turns out to
// lack what it should have, it is emptied and the operation run once more.
func (r *Repo) exclusive(ctx context.Context, do func(context.Context) error) error {
	select {
	case r.busy <- struct{}{}:
		defer func() { <-r.busy }()
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	if err := r.prepare(); err != nil {
		return err
	}
	err := do(ctx)
	if errors.Is(err, errBroken) {
		if err := r.store.wipe(); err != nil {
			return err
		}
		err = do(ctx)
	}
	return r.explain(ctx, err)
}

// prepare opens the store on first use.
func (r *Repo) prepare() error {
	if r.store != nil {
		return nil
	}
	s, err := openStore(r.config.Dir, r.remote.String(), r.config.MaxBytes)
	if err == nil {
		r.store = s
	}
	return err
}
