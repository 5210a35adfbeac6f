package operate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/issue"
)

// Check is one look at the installation.
type Check struct {
	// Name is what was looked at: store, account key, target NAME, CA, ...
	Name string `json:"check"`
	OK   bool   `json:"ok"`
	// Detail is what was found, in a sentence.
	Detail string `json:"detail,omitempty"`
	// Remedy is what to do about it; empty when all is well.
	Remedy string `json:"remedy,omitempty"`
}

// Place is a deploy target, as far as it is looked at.
type Place interface {
	Name() string
	Holds(name, sha256 string) (bool, error)
}

// Authority is a CA, as far as it is looked at.
type Authority interface {
	Directory(ctx context.Context) (record.Directory, time.Time, error)
}

// Remote is a git repository, as far as it is looked at.
type Remote interface {
	Tip(ctx context.Context, branch string) (commit string, ok bool, err error)
}

// Installation is what a doctor looks at.
type Installation struct {
	StoreURL       string
	AccountKeyFile string
	Branch         string
	Places         []Place
	CA             Authority
	// Fallback are the CAs of acme.fallback.
	Fallback []Authority
	Repo     Remote
	// Resolvers are platform.resolvers, each to be asked by itself.
	Resolvers []Resolver
	// Edges observes by all of them.
	Edges Observer
	// Platform is what the settings say of it.
	Platform record.Platform
	Now      func() time.Time
}

// mostSkew is how far the local clock may be from the CA's.
const mostSkew = 5 * time.Minute

// Examine looks at every part of the installation, without changing any. It
// does not judge domains.
func (i Installation) Examine(ctx context.Context) []Check {
	checks, domains := i.store(ctx)
	key, thumbprint := i.accountKey()
	checks = append(checks, key)
	for _, p := range i.Places {
		checks = append(checks, place(p, domains))
	}
	checks = append(checks, i.resolvers(ctx, domains)...)
	if thumbprint != "" && i.Platform.ChallengeMode == "stateless" {
		checks = append(checks, i.edges(ctx, domains, thumbprint))
	}
	checks = append(checks, i.ca(ctx)...)
	for n, ca := range i.Fallback {
		checks = append(checks, fallback(ctx, n, ca))
	}
	return append(checks, i.repository(ctx))
}

const repair = "stop acmsync and run: acmsync doctor --repair (or restore a backup)"

func (i Installation) store(ctx context.Context) ([]Check, []record.Domain) {
	in, err := store.Inspect(ctx, i.StoreURL)
	if err != nil {
		return []Check{unopened(err)}, nil
	}
	var checks []Check
	for _, d := range in.Damage {
		detail := damage(d.Err)
		if d.Key != "" {
			detail = d.Key + ": " + detail
		}
		checks = append(checks, Check{Name: "store", Detail: record.Clean(detail, 600), Remedy: repair})
	}
	if len(checks) == 0 {
		checks = []Check{{Name: "store", OK: true, Detail: counted(len(in.Domains), "domain") + ", every row and pair intact"}}
	}
	return checks, in.Domains
}

// unopened is a store that nothing can be said of.
func unopened(err error) Check {
	c := Check{Name: "store", Detail: err.Error(), Remedy: "mend what store.url names"}
	var folder *store.FolderError
	if errors.As(err, &folder) {
		c.Detail, c.Remedy = fmt.Sprintf("cannot keep state in %s: %v", folder.Path, folder.Err), folder.Remedy
	}
	return c
}

// damage leaves out what sends the reader here.
func damage(err error) string {
	var corrupt *store.CorruptError
	if errors.As(err, &corrupt) {
		return fmt.Sprintf("%s is damaged: %v", corrupt.Path, corrupt.Err)
	}
	return err.Error()
}

func (i Installation) accountKey() (c Check, thumbprint string) {
	c = Check{Name: "account key", Remedy: "restore " + i.AccountKeyFile + " (acme.accountKeyFile) from its backup"}
	key, err := issue.LoadAccountKey(i.AccountKeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return Check{Name: c.Name, Detail: i.AccountKeyFile + " does not exist", Remedy: c.Remedy + "; before the first sync there is none"}, ""
	}
	if err == nil {
		thumbprint, err = issue.Thumbprint(key)
	}
	if err != nil {
		c.Detail = err.Error()
		return c, ""
	}
	return Check{Name: c.Name, OK: true, Detail: "thumbprint " + thumbprint}, thumbprint
}

// place: what a target acknowledged must be there, whole.
func place(p Place, domains []record.Domain) Check {
	c := Check{Name: "target " + p.Name()}
	held, lost := 0, []string(nil)
	for _, d := range domains {
		for _, at := range d.Deployed {
			if d.Certificate == nil || at.Target != p.Name() || at.SHA256 != d.Certificate.SHA256 {
				continue
			}
			holds, err := p.Holds(d.Name(), at.SHA256)
			switch {
			case err != nil:
				c.Detail, c.Remedy = err.Error(), "let acmsync's user read the target's folder (deploy)"
				return c
			case !holds:
				lost = append(lost, d.Name())
			default:
				held++
			}
		}
	}
	if len(lost) > 0 {
		c.Detail = listed(lost) + ": what is deployed is not the pair in the store, or not whole"
		c.Remedy = "run: acmsync doctor --repair, or wait for the next look at the domain"
		return c
	}
	c.OK, c.Detail = true, counted(held, "pair")+" as in the store"
	return c
}

// listed names the first few.
func listed(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (i Installation) ca(ctx context.Context) []Check {
	_, date, err := i.CA.Directory(ctx)
	if err != nil {
		return []Check{{Name: "CA", Detail: err.Error(), Remedy: "see acme.directory, acme.caFile and this machine's network"}}
	}
	checks := []Check{{Name: "CA", OK: true, Detail: "answers"}}
	if date.IsZero() {
		return checks
	}
	skew := i.Now().Sub(date).Truncate(time.Second)
	clock := Check{Name: "clock", OK: skew.Abs() <= mostSkew, Detail: fmt.Sprintf("%s from the CA's", skew.Abs())}
	if !clock.OK {
		clock.Remedy = "set this machine's clock; until then nothing is issued, revoked or forgotten"
	}
	return append(checks, clock)
}

func fallback(ctx context.Context, n int, ca Authority) Check {
	c := Check{Name: fmt.Sprintf("CA acme.fallback[%d]", n), OK: true, Detail: "answers"}
	if _, _, err := ca.Directory(ctx); err != nil {
		c.OK, c.Detail, c.Remedy = false, err.Error(), "see its directory and caFile in the settings"
	}
	return c
}

func (i Installation) repository(ctx context.Context) Check {
	tip, ok, err := i.Repo.Tip(ctx, i.Branch)
	switch {
	case err != nil:
		return Check{Name: "repository", Detail: err.Error(), Remedy: "see repository.url and repository.auth"}
	case !ok:
		return Check{Name: "repository", Detail: "there is no branch " + i.Branch, Remedy: "push it, or set repository.branch"}
	}
	return Check{Name: "repository", OK: true, Detail: i.Branch + " is at " + tip}
}
