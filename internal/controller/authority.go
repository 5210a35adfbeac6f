package controller

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
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

// authority is what a pass finds out about the CA: it asks for the directory
// once, before the first request that matters.
type authority struct {
	mu            sync.Mutex
	asked         bool
	err           error // a *ClockError, or why the directory cannot be had
	tries, missed int
	last          error
}

// ready reports whether the CA may be asked for anything: its directory
// answers, and its clock agrees with ours.
func (p *pass) ready(ctx context.Context) error {
	p.ca.mu.Lock()
	defer p.ca.mu.Unlock()
	if p.ca.asked {
		return p.ca.err
	}
	err := p.meet(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p.ca.asked, p.ca.err = true, err
	var clock *ClockError
	switch {
	case errors.As(err, &clock):
		p.fail(err)
	case err != nil: // a directory that answers says nothing about the rest
		p.ca.note(err)
	}
	return err
}

// misdated reports whether the clock was found to be wrong.
func (p *pass) misdated() bool {
	p.ca.mu.Lock()
	defer p.ca.mu.Unlock()
	var clock *ClockError
	return errors.As(p.ca.err, &clock)
}

// confirmed reports whether the CA agreed about the time in this pass.
func (a *authority) confirmed() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked && a.err == nil
}

// meet gets the directory and remembers what it says.
func (p *pass) meet(ctx context.Context) error {
	dir, date, err := p.CA.Directory(ctx)
	if err != nil {
		return err
	}
	if err := p.compareClocks(ctx, date); err != nil {
		return err
	}
	return p.Store.SetMeta(ctx, store.Meta{Directory: p.policy.Directory, CAAIdentities: dir.CAAIdentities})
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

// introduce makes sure that the CA's identities are known before domains are
// looked at. Failing is fine: what depends on them is then unknown.
func (p *pass) introduce(ctx context.Context) error {
	next, err := p.Store.NextDue(ctx)
	if err != nil || next.IsZero() || next.After(p.Now()) || len(p.policy.Platform.CAAIdentities) > 0 {
		return err
	}
	brief, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	if err := p.ready(brief); err != nil {
		p.Log.Warn("the CA's directory cannot be read; CAA records are not judged", "error", err)
		return nil
	}
	if p.meta, err = p.Store.Meta(ctx); err == nil {
		p.policy = withCA(p.Controller.Policy, p.meta)
	}
	return err
}

// heard counts an answer of the CA, or its absence.
func (p *pass) heard(err error) {
	p.ca.mu.Lock()
	defer p.ca.mu.Unlock()
	p.ca.note(err)
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

// failure is the CA's absence: it was needed, and not once did it answer.
func (a *authority) failure() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tries == 0 || a.missed < a.tries {
		return nil
	}
	return fmt.Errorf("the CA cannot be reached, so nothing was issued: %w; check acme.directory, acme.caFile and the network; certificates in use are not affected", a.last)
}
