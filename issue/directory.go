package issue

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/go-acme/lego/v4/acme"

	"github.com/acmsync/acmsync/internal/record"
)

// directory is what the CA's directory said last (RFC 8555, section 7.1.1).
type directory struct {
	turn turn

	mu     sync.Mutex
	raw    []byte
	parsed acme.Directory
	got    time.Time
}

// directoryLife is how long its URLs are used without looking again.
const directoryLife = time.Hour

func (d *directory) cached() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.raw
}

func (d *directory) current() (acme.Directory, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.parsed, d.raw != nil && time.Since(d.got) < directoryLife
}

func (d *directory) keep(raw []byte, parsed acme.Directory) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.raw, d.parsed, d.got = raw, parsed, time.Now()
}

// kindOf is the kind of the requests that go to the address.
func (d *directory) kindOf(address string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch address {
	case d.parsed.NewAccountURL:
		return atNewAccount
	case d.parsed.NewOrderURL:
		return atNewOrder
	case d.parsed.RevokeCertURL:
		return atRevokeCert
	}
	return atOther
}

// Directory asks for the directory, always anew, and returns it with the Date
// of the answer: the CA's clock, zero if it does not show one.
func (c *CA) Directory(ctx context.Context) (record.Directory, time.Time, error) {
	said, date, err := c.fetchDirectory(ctx)
	if err != nil {
		return record.Directory{}, time.Time{}, err
	}
	return record.Directory{
		URL:                     c.config.Directory,
		CAAIdentities:           issuers(said.Meta.CaaIdentities),
		TermsOfService:          cut(said.Meta.TermsOfService, maxWord),
		ExternalAccountRequired: said.Meta.ExternalAccountRequired,
		Profiles:                slices.Sorted(maps.Keys(said.Meta.Profiles)),
	}, date, nil
}

// issuerName is an issuer-domain-name (RFC 8659, section 4.2).
var issuerName = regexp.MustCompile(`^(?i)[a-z0-9](-*[a-z0-9])*(\.[a-z0-9](-*[a-z0-9])*)*\.?$`)

// maxIssuers is how many names of one CA are believed.
const maxIssuers = 16

// issuers are the names that may stand in a CAA record: owners are told to put
// them there.
func issuers(said []string) []string {
	var found []string
	for _, name := range said {
		if len(name) <= 253 && len(found) < maxIssuers && issuerName.MatchString(name) {
			found = append(found, name)
		}
	}
	return found
}

// knownDirectory asks only when nothing recent is known, and then once for all
// who wait. An old one does when the CA does not answer.
func (c *CA) knownDirectory(ctx context.Context) (acme.Directory, error) {
	if known, fresh := c.directory.current(); fresh {
		return known, nil
	}
	if err := c.directory.turn.take(ctx); err != nil {
		return acme.Directory{}, fmt.Errorf("directory: %w", err)
	}
	defer c.directory.turn.give()
	known, fresh := c.directory.current()
	if fresh {
		return known, nil
	}
	said, _, err := c.fetchDirectory(ctx)
	if err != nil && c.directory.cached() != nil && ctx.Err() == nil {
		return known, nil
	}
	return said, err
}

// elsewhere: what answered the question for the directory is no ACME server, or
// has none there. No order is to blame.
func (s *session) elsewhere() bool {
	refused := s.last.status >= http.StatusInternalServerError || s.last.status == http.StatusTooManyRequests || isProblem(s.last.body)
	return s.last.err == nil && s.last.status != http.StatusOK && !refused
}

func (c *CA) fetchDirectory(ctx context.Context) (acme.Directory, time.Time, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.config.Directory, nil)
	if err != nil || req.URL.Scheme != "https" {
		return acme.Directory{}, time.Time{}, &record.Problem{
			During: "directory", Detail: fmt.Sprintf("%q is not an https URL (RFC 8555, section 6.1)", c.config.Directory),
		}
	}
	req.Header.Set("User-Agent", c.config.UserAgent)
	s := &session{ca: c, ctx: ctx, now: time.Now()}
	s.last = c.send(ctx, atDirectory, req)
	if s.last.err != nil || s.last.status >= http.StatusBadRequest && !s.elsewhere() {
		return acme.Directory{}, time.Time{}, s.failure("directory", s.last.err)
	}
	var said acme.Directory
	if s.elsewhere() || json.Unmarshal(s.last.body, &said) != nil || said.NewAccountURL == "" || said.NewOrderURL == "" || said.NewNonceURL == "" {
		return acme.Directory{}, time.Time{}, &record.Problem{
			During: "directory", Detail: fmt.Sprintf("%s answers %d, but not with an ACME directory", c.config.Directory, s.last.status),
		}
	}
	c.directory.keep(s.last.body, said)
	date, err := http.ParseTime(s.last.header.Get("Date"))
	if err != nil {
		date = time.Time{}
	}
	return said, date, nil
}
