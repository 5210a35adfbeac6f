package issue

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/go-acme/lego/v4/acme"

	"github.com/acmsync/acmsync/internal/record"
)

// account is the URL of the account that belongs to the key.
type account struct {
	turn turn

	mu      sync.Mutex
	url     string
	refused error
	at      time.Time
}

// refusalLife is how long a refusal of the account is repeated instead of asked
// for again: all orders of a pass need the account, and new accounts are limited.
const refusalLife = time.Minute

// settled is what need not be asked: the URL, or a recent failure. since is
// when the caller began to wait; what failed after that failed for it too.
func (a *account) settled(since time.Time) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.url != "" || a.refused == nil {
		return a.url, nil
	}
	var p *record.Problem
	recent := errors.As(a.refused, &p) && !p.Outage() && time.Since(a.at) < refusalLife
	if recent || a.at.After(since) {
		return "", a.refused
	}
	return "", nil
}

func (a *account) keep(url string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.url, a.refused, a.at = url, err, time.Now()
}

// forget makes the next call ask again.
func (a *account) forget() { a.keep("", nil) }

// Account returns the URL of the account that belongs to the key, registering
// it if the CA does not know the key. It is asked for once, however many wait.
func (c *CA) Account(ctx context.Context) (string, error) {
	since := time.Now()
	if url, err := c.account.settled(since); url != "" || err != nil {
		return url, err
	}
	if err := c.account.turn.take(ctx); err != nil {
		return "", fmt.Errorf("account: %w", err)
	}
	defer c.account.turn.give()
	if url, err := c.account.settled(since); url != "" || err != nil {
		return url, err
	}
	url, err := c.findAccount(ctx)
	if ctx.Err() == nil {
		c.account.keep(url, err)
	}
	return url, err
}

// findAccount sends newAccount, which for a key that the CA knows returns the
// account it has (RFC 8555, section 7.3.1), so it may be sent again.
func (c *CA) findAccount(ctx context.Context) (string, error) {
	said, err := c.knownDirectory(ctx)
	if err != nil {
		return "", err
	}
	if err := c.mayRegister(said); err != nil {
		return "", err
	}
	s, err := c.open(ctx, "", time.Now())
	if err != nil {
		return "", err
	}
	request := acme.Account{TermsOfServiceAgreed: true}
	if c.config.Email != "" {
		request.Contact = []string{"mailto:" + c.config.Email}
	}
	var found acme.ExtendedAccount
	if c.config.EAB.KeyID == "" {
		found, err = s.core.Accounts.New(request)
	} else {
		found, err = s.core.Accounts.NewEAB(request, c.config.EAB.KeyID, c.config.EAB.HMAC)
	}
	switch {
	case err != nil && s.last.status == 0 && s.last.err == nil && ctx.Err() == nil:
		// Nothing was sent: lego could not use the MAC key, and must not quote it.
		return "", ours(externalAccountRequired, "acme.eab: the MAC key "+flaw(c.config.EAB.HMAC))
	case err != nil:
		return "", s.failure("account", err)
	case found.Location == "":
		return "", &record.Problem{During: "account", Status: s.last.status, Detail: "the CA did not say where the account is (RFC 8555, section 7.3)"}
	}
	return found.Location, nil
}

// flaw is what is wrong with a MAC key (RFC 7518, section 3.2, asks for 256 bits).
func flaw(mac string) string {
	key, err := base64.RawURLEncoding.DecodeString(mac)
	if err != nil {
		return "is not base64url"
	}
	return fmt.Sprintf("has %d bytes; the CA hands out one of 32 or more", len(key))
}

// mayRegister finds out without asking what the CA would refuse.
func (c *CA) mayRegister(said acme.Directory) error {
	if !c.config.AcceptTerms {
		return ours(userActionRequired, fmt.Sprintf("the CA's terms of service (%s) are not accepted: set acme.acceptTerms", cut(said.Meta.TermsOfService, maxWord)))
	}
	if said.Meta.ExternalAccountRequired && c.config.EAB.KeyID == "" {
		return ours(externalAccountRequired, "the CA wants an external account: set acme.eab")
	}
	return nil
}

// ours is a refusal that spares the CA a request it can only refuse.
func ours(kind, detail string) *record.Problem {
	return &record.Problem{Type: record.ErrorURN + kind, Status: http.StatusForbidden, Detail: detail, During: "account"}
}
