package issue

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// Responder puts responses to challenges where the CA looks, and takes them
// away. Both may be called again for the same token.
type Responder interface {
	Present(ctx context.Context, name, token, keyAuth string) error
	CleanUp(ctx context.Context, name, token string) error
}

// Watched is a Responder whose responses outlive the process and take a while
// to arrive where the CA looks, as records in DNS do. They are put in place once,
// after it has been made durable that they will be, and the CA is told of them
// only when they have arrived everywhere.
type Watched interface {
	Responder
	// Missing names the places, each in a phrase, where the response has not
	// arrived yet.
	Missing(ctx context.Context, name, token, keyAuth string) ([]string, error)
	// Propagation is how long that may take.
	Propagation() time.Duration
}

// Advance takes the order's next step, whether it is due or not, and returns
// the order as it then is; make it durable before the next call. NextAt says
// when that should be; zero: at once. Issued, done and closed orders are
// returned as they are.
//
// The error is a [*record.Problem], a [*record.Unanswered], the context's error,
// or that of the responder. The order is then as it was, or, when it can never
// become a certificate, closed; after a response that did not arrive in time the
// next call puts it in place again. Closed without an error means that it is not ours to
// pursue: it belongs to another directory or account.
func (c *CA) Advance(ctx context.Context, o record.Order, r Responder, now time.Time) (record.Order, error) {
	if !o.Open() || o.State == record.OrderIssued {
		return o, nil
	}
	if o.Directory != c.config.Directory {
		o.State, o.NextAt = record.OrderClosed, time.Time{}
		return o, nil
	}
	account, err := c.Account(ctx)
	if err != nil {
		return o, err
	}
	if o.Account != "" && o.Account != account { // the key was replaced: only the old one may ask for it
		o.State, o.NextAt = record.OrderClosed, time.Time{}
		return o, nil
	}
	s, err := c.open(ctx, account, now)
	if err != nil {
		return o, err
	}
	j := &journal{session: s, Order: o, responder: r, account: account}
	j.Authorizations = slices.Clone(o.Authorizations)
	j.NextAt = time.Time{}
	if err := j.step(); err != nil {
		return j.failed(o, err)
	}
	return j.Order, nil
}

// journal is an order during one step.
type journal struct {
	*session
	record.Order
	responder Responder
	account   string
}

func (j *journal) step() error {
	switch j.State {
	case record.OrderIntent:
		return j.order()
	case record.OrderOrdered:
		return j.present()
	case record.OrderPresented:
		return j.tell()
	case record.OrderValidating:
		return j.watch()
	case record.OrderFinalizing:
		return j.finalize()
	}
	return fmt.Errorf("order %s is in the unknown state %q", j.ID, j.State)
}

// failed decides what becomes of an order whose step failed: before is how it
// entered the step.
func (j *journal) failed(before record.Order, err error) (record.Order, error) {
	var p *record.Problem
	var u *record.Unanswered
	switch {
	case errors.As(err, &u):
		return j.Order, err
	case !errors.As(err, &p):
		return before, err
	}
	if p.Kind() == accountDoesNotExist {
		j.ca.account.forget()
		if j.State == record.OrderIntent && j.Polls == 0 {
			// The CA lost the account, or it is not at this CA: the next step
			// finds or makes it. Once; then it is a problem.
			err := j.wait()
			return j.Order, err
		}
	}
	lapsed := j.lapsed() && !p.Outage() && p.Status >= http.StatusBadRequest
	if !final(p) && !errors.Is(err, errOver) && !lapsed {
		return before, p
	}
	j.cleanUp()
	j.State, j.NextAt = record.OrderClosed, time.Time{}
	return j.Order, p
}

// errOver marks problems that end an order although final does not say so:
// they came inside an object that says the order is over.
var errOver = errors.New("the order is over")

func over(p *record.Problem) error { return fmt.Errorf("%w: %w", errOver, p) }

// wait sets when to look again: when the CA says, or at our own pace. An order
// that expired while it waited is over (RFC 8555, section 7.1.3).
func (j *journal) wait() error {
	if j.lapsed() {
		return over(&record.Problem{
			During: "order", Status: http.StatusGone,
			Detail: "the order expired at " + j.Expires.UTC().Format(time.RFC3339),
		})
	}
	if j.NextAt = j.after; j.NextAt.IsZero() {
		j.NextAt = j.now.Add(pollAfter(j.Polls))
	}
	j.Polls++
	return nil
}

// issuing is how long an order may still be processed after it expired: its
// certificate is being issued, and would be lost with it.
const issuing = 24 * time.Hour

// lapsed reports whether the CA need not know the order any longer.
func (j *journal) lapsed() bool {
	over := j.Expires
	if j.State == record.OrderFinalizing {
		over = over.Add(issuing)
	}
	return !j.Expires.IsZero() && j.now.After(over)
}

// enter goes to the next state, to be stepped at once.
func (j *journal) enter(state record.OrderState) {
	j.State, j.NextAt = state, time.Time{}
}

// cleanUp takes the responses away. That one stays behind harms nobody and
// must not cost the certificate, so errors end here.
func (j *journal) cleanUp() {
	for i := range j.Authorizations {
		a := &j.Authorizations[i]
		if a.Presented && j.responder.CleanUp(j.ctx, a.Name, a.Token) == nil {
			a.Presented, a.PresentedAt = false, time.Time{}
		}
	}
}
