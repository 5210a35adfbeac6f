package issue

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/go-acme/lego/v4/acme"

	"github.com/acmsync/acmsync/internal/record"
)

// present looks what there is to prove and puts the responses in place.
func (j *journal) present() error {
	for i := range j.Authorizations {
		if err := j.look(&j.Authorizations[i]); err != nil {
			return err
		}
	}
	for i := range j.Authorizations {
		a := &j.Authorizations[i]
		if a.Status == acme.StatusValid {
			continue
		}
		if j.watched() != nil {
			a.Presented = true // as soon as that is durable
			continue
		}
		if err := j.respond(a); err != nil {
			return err
		}
	}
	j.Polls = 0
	j.enter(record.OrderPresented)
	if j.proven() {
		j.cleanUp()
		j.enter(record.OrderFinalizing)
	}
	return nil
}

func (j *journal) proven() bool {
	return !slices.ContainsFunc(j.Authorizations, func(a record.Authorization) bool { return a.Status != acme.StatusValid })
}

// look GETs an authorization. One that failed is the order's end.
func (j *journal) look(a *record.Authorization) error {
	said, err := j.core.Authorizations.Get(a.URL)
	if err != nil {
		err = j.failure("authorization", err)
		var p *record.Problem
		if errors.As(err, &p) {
			p.Name = cmp.Or(p.Name, a.Name)
		}
		return err
	}
	p := authorizationProblem(said)
	if p == nil {
		p = j.givenUp(*a, said)
	}
	if p != nil || said.Status != acme.StatusPending {
		j.recall(a, said)
	}
	if p != nil {
		return over(p)
	}
	a.Name, a.Status = identifier(said), said.Status
	if said.Status != acme.StatusPending {
		return nil
	}
	return j.choose(a, said)
}

// recall notes a response that a process which was killed may have left in
// place, so that it is taken away. What decided an authorization is the one
// challenge that it still names (RFC 8555, section 7.1.4). Responses in DNS are
// on record before they are put in place.
func (j *journal) recall(a *record.Authorization, said acme.Authorization) {
	if a.Presented || j.watched() != nil {
		return
	}
	for _, decided := range said.Challenges {
		if decided.Type == j.Challenge && record.ValidToken(decided.Token) {
			a.Name, a.Token, a.Presented = identifier(said), decided.Token, true
		}
	}
}

// choose takes the challenge that the order wants to use.
func (j *journal) choose(a *record.Authorization, said acme.Authorization) error {
	for _, offered := range said.Challenges {
		if offered.Type != j.Challenge {
			continue
		}
		if !record.ValidToken(offered.Token) {
			return over(&record.Problem{
				During: "authorization", Status: http.StatusBadGateway, Type: record.ErrorURN + malformed, Name: a.Name,
				Detail: fmt.Sprintf("the CA's token %.140q is none (RFC 8555, section 8.3)", offered.Token),
			})
		}
		a.ChallengeURL, a.Token = offered.URL, offered.Token
		a.Posted = a.Posted || offered.Status == acme.StatusProcessing
		return nil
	}
	return over(&record.Problem{
		During: "authorization", Status: http.StatusForbidden, Name: a.Name,
		Detail: fmt.Sprintf("the CA offers no %s challenge for %s", j.Challenge, a.Name),
	})
}

// identifier is the name as it stands in the certificate; the CA strips a
// wildcard's asterisk (RFC 8555, section 7.1.4).
func identifier(said acme.Authorization) string {
	if said.Wildcard {
		return "*." + said.Identifier.Value
	}
	return said.Identifier.Value
}

// standing is a status in words, one that RFC 8555, section 7.1.6, does not have
// in quotes.
func standing(status string) string {
	switch status {
	case acme.StatusInvalid, acme.StatusDeactivated, acme.StatusExpired, acme.StatusRevoked:
		return status
	}
	return fmt.Sprintf("in the status %q, which RFC 8555 does not have", cut(status, maxWord))
}

// authorizationProblem is why an authorization failed; nil: it did not.
func authorizationProblem(said acme.Authorization) *record.Problem {
	if said.Status == acme.StatusPending || said.Status == acme.StatusValid || said.Status == acme.StatusProcessing {
		return nil
	}
	p := &record.Problem{
		During: "authorization", Status: http.StatusForbidden,
		Detail: "the authorization is " + standing(said.Status),
	}
	for _, c := range said.Challenges {
		if c.Error != nil {
			p = translate(*c.Error, "challenge")
			break
		}
	}
	p.Name = identifier(said)
	return p
}

// givenUp is why the challenge that the CA was told of failed, where the
// authorization does not say so. step-ca leaves it pending: it would look again if
// told again (RFC 8555, section 8.2), and one that is invalid it never takes back.
// Waiting for either is waiting until the order expires.
func (j *journal) givenUp(a record.Authorization, said acme.Authorization) *record.Problem {
	if !a.Posted || said.Status != acme.StatusPending {
		return nil
	}
	for _, c := range said.Challenges {
		over := c.Status == acme.StatusInvalid || c.Status == acme.StatusPending
		if c.Token == a.Token && c.Type == j.Challenge && c.Error != nil && over {
			p := translate(*c.Error, "challenge")
			p.Name = identifier(said)
			return p
		}
	}
	return nil
}

// respond puts the response in place, again if need be: a listener's memory
// does not survive a restart.
func (j *journal) respond(a *record.Authorization) error {
	if j.watched() != nil && !a.PresentedAt.IsZero() {
		return nil
	}
	keyAuth, err := j.core.GetKeyAuthorization(a.Token)
	if err != nil {
		return fmt.Errorf("the key authorization for %s: %w", a.Name, err)
	}
	if err := j.responder.Present(j.ctx, a.Name, a.Token, keyAuth); err != nil {
		return fmt.Errorf("putting the response for %s in place: %w", a.Name, err)
	}
	a.Presented = true
	if j.watched() != nil {
		a.PresentedAt = j.now
	}
	return nil
}

// tell tells the CA of one response. If it was told before, it says malformed
// (the challenge is not pending any more), and looking will tell.
func (j *journal) tell() error {
	if arrived, err := j.arrived(); err != nil || !arrived {
		return err
	}
	next := slices.IndexFunc(j.Authorizations, untold)
	if next >= 0 {
		a := &j.Authorizations[next]
		if err := j.respond(a); err != nil {
			return err
		}
		if _, err := j.core.Challenges.New(a.ChallengeURL); err != nil {
			err = j.failure("challenge", err)
			if kindOf(err) != malformed || j.last.status == http.StatusNotFound {
				return err
			}
		}
		a.Posted = true
	}
	if slices.ContainsFunc(j.Authorizations, untold) {
		return nil
	}
	j.Polls = 0
	j.State = record.OrderValidating
	return j.wait()
}

func untold(a record.Authorization) bool { return a.Status != acme.StatusValid && !a.Posted }

// watch looks until every name is proven.
func (j *journal) watch() error {
	for i := range j.Authorizations {
		a := &j.Authorizations[i]
		if a.Status == acme.StatusValid {
			continue
		}
		if err := j.look(a); err != nil {
			return err
		}
		if a.Status == acme.StatusValid {
			continue
		}
		if err := j.respond(a); err != nil {
			return err
		}
	}
	if !j.proven() {
		return j.wait()
	}
	j.cleanUp()
	// Polls goes on counting, so that going to and fro slows down.
	j.enter(record.OrderFinalizing)
	return nil
}
