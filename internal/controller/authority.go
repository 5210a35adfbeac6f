package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/issue"
)

// maxSkew is how far our clock may be from the CA's. With a wrong clock every
// date on a certificate means something else.
const maxSkew = 5 * time.Minute

// ClockError says that the local clock cannot be trusted. Nothing is issued,
// revoked or forgotten while it stands.
type ClockError struct {
	// Skew is how far the local clock is ahead of Reference; negative: behind.
	Skew time.Duration
	// Reference is what it was compared with.
	Reference string
}

func (e *ClockError) Error() string {
	direction := "ahead of"
	skew := e.Skew
	if skew < 0 {
		direction, skew = "behind", -skew
	}
	// Dates of HTTP are whole seconds, and an answer takes time.
	return fmt.Sprintf("the local clock is %s %s %s: nothing is issued, revoked or forgotten; set the clock (NTP) and run again",
		skew.Round(10*time.Second), direction, e.Reference)
}

// authority is what a pass finds out about one CA: it asks for the directory
// once, before the first request that matters.
type authority struct {
	*issue.CA
	account sync.Once  // remembers the account's URL
	meeting sync.Mutex // held by who asks for the directory

	mu            sync.Mutex // held for no request, since all look at these
	asked         bool
	at            instant // when it was
	err           error   // a *ClockError, or why the directory cannot be had
	tries, missed int
	last          error
}

// authorities are the CAs of a pass, the operator's first one first.
func (c *Controller) authorities() []*authority {
	var all []*authority
	for _, ca := range append([]*issue.CA{c.CA}, c.Fallback...) {
		if ca != nil {
			all = append(all, &authority{CA: ca})
		}
	}
	return all
}

// at is the CA of a directory; empty: the first. Nil: there is none.
func (p *pass) at(directory string) *authority {
	for _, a := range p.cas {
		if directory == "" || a.URL() == directory {
			return a
		}
	}
	return nil
}

// errNoCA: the settings name no CA with this directory.
var errNoCA = errors.New("no CA of acme.directory or acme.fallback has that directory")

// ready reports whether a CA may be asked for anything: its directory answers,
// and its clock agrees with ours. It is asked once, and again if our clock was
// set since.
func (p *pass) ready(ctx context.Context, directory string) error {
	a := p.at(directory)
	if a == nil {
		return fmt.Errorf("%s: %w", directory, errNoCA)
	}
	a.meeting.Lock()
	defer a.meeting.Unlock()
	if known, err := p.met(a); known {
		return err
	}
	at := p.instant()
	err := p.meet(ctx, a)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked, a.at, a.err = true, at, err
	var clock *ClockError
	switch {
	case errors.As(err, &clock):
		p.fail(err)
	case err != nil: // a directory that answers says nothing about the rest
		a.note(err)
	}
	return err
}

// met is what came of asking the CA, unless our clock was set since.
func (p *pass) met(a *authority) (known bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked && !p.leapt(a.at), a.err
}

// open is ready for a new order: where the CA wants none for a while, nothing is
// booked for one that would not be sent.
func (p *pass) open(ctx context.Context, directory string) error {
	if err := p.ready(ctx, directory); err != nil {
		return err
	}
	return p.at(directory).Paused()
}

// confirm reports whether some CA agrees about the time, which those that are
// out of reach cannot say. It asks in turn.
func (p *pass) confirm(ctx context.Context) error {
	var first error
	for _, a := range p.cas {
		err := p.ready(ctx, a.URL())
		var clock *ClockError
		if err == nil || errors.As(err, &clock) {
			return err
		}
		first = cmp.Or(first, err)
	}
	return first
}

// misdated reports whether the clock was found to be wrong.
func (p *pass) misdated() bool { return p.wrong() != nil }

// wrong is by how much; nil: nobody found it to be.
func (p *pass) wrong() *ClockError {
	for _, a := range p.cas {
		a.mu.Lock()
		err := a.err
		a.mu.Unlock()
		var clock *ClockError
		if errors.As(err, &clock) {
			return clock
		}
	}
	return nil
}

// confirmed reports whether a CA agreed about the time in this pass.
func (p *pass) confirmed() bool {
	return slices.ContainsFunc(p.cas, func(a *authority) bool {
		known, err := p.met(a)
		return known && err == nil
	})
}

// meet gets the directory and remembers what it says.
func (p *pass) meet(ctx context.Context, a *authority) error {
	dir, date, err := a.Directory(ctx)
	if err != nil {
		return err
	}
	if err := p.compareClocks(ctx, date); err != nil {
		return err
	}
	return p.remember(ctx, a.URL(), record.Issuer{CAAIdentities: dir.CAAIdentities})
}

// remember keeps what a CA says of itself.
func (p *pass) remember(ctx context.Context, directory string, said record.Issuer) error {
	return p.Store.SetMeta(ctx, store.Meta{CAs: map[string]record.Issuer{directory: said}})
}

// notePauses remembers for how long the CAs want no requests, so that a restart
// does not make them say so again.
func (p *pass) notePauses() error {
	pauses := map[string]map[string]time.Time{}
	for _, a := range p.cas {
		if until := a.Pauses(); until != nil {
			pauses[a.URL()] = until
		}
	}
	if len(pauses) == 0 {
		return nil
	}
	return p.Store.SetMeta(p.last, store.Meta{Pauses: pauses})
}

// compareClocks holds ours against the CA's date (zero: unknown) and against
// what is stored. The error of a wrong clock is a *ClockError.
func (p *pass) compareClocks(ctx context.Context, date time.Time) error {
	now := p.Now()
	if skew := now.Sub(date); !date.IsZero() && (skew > maxSkew || skew < -maxSkew) {
		return &ClockError{Skew: skew, Reference: "the CA's"}
	}
	newest, err := p.Store.Newest(ctx)
	if err != nil {
		return err
	}
	if skew := now.Sub(newest); skew < -maxSkew {
		return &ClockError{Skew: skew, Reference: "the newest record in the store"}
	}
	return nil
}

// glance is how long the CA's directory is waited for where it would only be
// good to have.
const glance = 5 * time.Second

// introduce makes sure that the CAs' identities are known before domains are
// looked at. Failing is fine: what depends on them is then unknown.
func (p *pass) introduce(ctx context.Context) error {
	next, err := p.Store.NextDue(ctx)
	if err != nil || next.IsZero() || next.After(p.Now()) {
		return err
	}
	asked := false
	for i, a := range p.cas {
		if len(p.meta.CAs[a.URL()].CAAIdentities) > 0 {
			continue
		}
		asked = true
		brief, cancel := context.WithTimeout(ctx, glance)
		if i == 0 {
			err = p.ready(brief, a.URL())
		} else {
			err = p.meet(brief, a) // that a fallback is out of reach matters when it is needed
		}
		cancel()
		if err != nil {
			p.Log.Warn("the CA's directory cannot be read; CAA records are not judged for it", "directory", a.URL(), "error", err)
		}
	}
	if !asked {
		return nil
	}
	if p.meta, err = p.Store.Meta(ctx); err == nil {
		p.policy = withCA(p.Controller.Policy, p.meta)
	}
	return err
}

// heard counts an answer of a CA, or its absence.
func (a *authority) heard(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.note(err)
}

func (a *authority) note(err error) {
	a.tries++
	if outage(err) != nil {
		a.missed++
		a.last = err
	}
}

// outage is the error if it says that the CA is out of order; else nil.
func outage(err error) *record.Problem {
	var problem *record.Problem
	if errors.As(err, &problem) && problem.Outage() {
		return problem
	}
	return nil
}

// absence is that of every CA that was needed: not once did one answer.
func (p *pass) absence() error {
	tries, missed := 0, 0
	var last error
	for _, a := range p.cas {
		a.mu.Lock()
		tries, missed = tries+a.tries, missed+a.missed
		last = cmp.Or(last, a.last)
		a.mu.Unlock()
	}
	if tries == 0 || missed < tries {
		return nil
	}
	return fmt.Errorf("the CA cannot be reached, so nothing was issued: %w; check acme.directory, acme.caFile and the network; certificates in use are not affected", last)
}
