package controller

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/keypair"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/signature"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/issue"
	"github.com/acmsync/acmsync/reconcile"
)

// Observer looks at the world for one name.
type Observer interface {
	Observe(ctx context.Context, q record.Question) record.Observation
}

// Revocations find out whether the first certificate of a chain was revoked. An
// error says that nobody could be asked.
type Revocations interface {
	Revoked(ctx context.Context, chainPEM []byte, now time.Time) (record.Revocation, bool, error)
}

// Target is a place that certificates are handed to.
type Target interface {
	Name() string
	Install(ctx context.Context, p record.Pair) error
	// Holds reports whether the name's pair is there and is this certificate;
	// an error says that nobody knows.
	Holds(name, sha256 string) (bool, error)
	// Remove takes the name's pair away if its fingerprint is one of known.
	Remove(ctx context.Context, name string, known []string) error
}

// Keeper is a Target that can give back what it was handed. Without it a pair
// that only the target has is never adopted.
type Keeper interface {
	// Installed is the pair as it lies there, unchecked, and when it was kept.
	Installed(name string) (pair record.Pair, found bool, err error)
	// Names are the names that something is installed for.
	Names() ([]string, error)
}

// Config is what a Controller works with and on. Everything in it is used
// concurrently.
type Config struct {
	Repo   *gitrepo.Repo
	Source Source
	Status Status
	Store  *store.Store
	CA     *issue.CA
	// Fallback are the CAs of Policy.Fallback.
	Fallback []*issue.CA
	Form     issue.Form
	Observer Observer
	// Revocations is asked about healthy certificates; nil: nobody is.
	Revocations Revocations
	Responder   issue.Responder
	// DNSResponder answers dns-01; nil: nobody does.
	DNSResponder issue.Responder
	Targets      []Target
	// Identity decrypts the keys that owners bring along; nil: there is none.
	Identity *keypair.Identity
	// Signers are whoever may sign changes of desired state, as the operator's
	// file has them now; nil: nobody is asked for a signature.
	Signers func() (*signature.Allowed, error)
	// OwnKey is the fingerprint of the key behind Status.Sign; "": there is none.
	OwnKey string
	// Policy is the operator's; what the CA says of itself is filled in.
	Policy reconcile.Policy
	// SettingsHash changes when a setting that decisions depend on does.
	SettingsHash string
	Concurrency  int
	// Lease is how long a row stays ours if this process stops without a word;
	// it is extended while work goes on. 0: 45 s.
	Lease time.Duration
	// Deadline is how long one domain may be worked on in one go, and any call
	// that is made for it; 0: ten minutes, and more for many names or a hook that
	// may take longer, and for each call as long as is usual for its kind.
	Deadline time.Duration
	// Now is the clock.
	Now func() time.Time
	Log *slog.Logger
	// Progress is told what happens while it happens; it must be quick.
	Progress func(Event)
}

// Source is where desired state lies.
type Source struct {
	Branch, Path string
}

// Status is where the report goes.
type Status struct {
	Branch, Path string
	Shard        string
	Author       gitrepo.Author
	// Sign signs each commit; nil: none is signed.
	Sign func(payload []byte) (string, error)
	// SameBranch: Branch is the branch of desired state.
	SameBranch bool
}

// Event is a step of one domain, for people who watch.
type Event struct {
	Domain string
	State  record.State
	Text   string
}

// Controller runs passes. One pass at a time; several processes may share a
// store.
type Controller struct {
	Config
	published published
	answers   answers
	strays    strays
	// early is when all reports that came before their time would have been due.
	early time.Time
}

// New returns a Controller. It touches nothing.
func New(c Config) *Controller {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Progress == nil {
		c.Progress = func(Event) {}
	}
	c.Concurrency = max(c.Concurrency, 1)
	if c.Lease == 0 {
		c.Lease = 45 * time.Second
	}
	// What could not be decrypted by one identity may be by another.
	c.SettingsHash = fmt.Sprint(c.SettingsHash, " ", c.Identity)
	// Where desired state is read and where status goes are settings too.
	c.SettingsHash = fmt.Sprintf("%s %q %q %q %q", c.SettingsHash, c.Source.Branch, c.Source.Path, c.Status.Branch, c.Status.Path)
	return &Controller{Config: c}
}
