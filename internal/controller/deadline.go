package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

const (
	// stepTime is how long one domain may be worked on in one go, and nameTime
	// how much more for each of its names: a certificate of many takes many
	// requests.
	stepTime = 10 * time.Minute
	nameTime = 10 * time.Second
)

// errOverdue ends a step that takes too long.
var errOverdue = errors.New("working on the domain takes too long")

// inTime advances a row, within the time that one domain may have. What is over
// time has failed, and is tried again like what fails otherwise; an order stays
// as the journal has it.
func (p *pass) inTime(ctx context.Context, l store.Lease) (record.Domain, error) {
	limit := p.allowed(l.Domain)
	work, stop := context.WithCancelCause(ctx)
	timer := time.AfterFunc(limit, func() { stop(errOverdue) })
	defer func() { timer.Stop(); stop(nil) }()
	d, err := p.advance(work, l)
	late := errors.Is(context.Cause(work), errOverdue) && ctx.Err() == nil
	switch {
	case !late, err == nil && d.Due.After(p.Now()), err != nil && !p.interrupted(err):
		return d, err
	}
	why := fmt.Sprintf("%s took longer than the %s that one domain may take", p.told(d), limit)
	p.Log.Error("a domain took too long", "domain", d.Name(), "at", p.told(d), "limit", limit)
	return p.broken(l, d, why)
}

// allowed is how long the row may be worked on.
func (p *pass) allowed(d record.Domain) time.Duration {
	if p.Deadline > 0 {
		return p.Deadline
	}
	limit := stepTime + time.Duration(len(d.Names))*nameTime
	for _, t := range p.Targets {
		limit = max(limit, stepTime+2*installTime(t))
	}
	return limit
}

// tell says what happens with a row, and remembers it in case it does not end.
func (p *pass) tell(d record.Domain, text string) {
	p.mu.Lock()
	if p.doing == nil {
		p.doing = map[string]string{}
	}
	p.doing[d.Key] = text
	p.mu.Unlock()
	p.Progress(Event{Domain: d.Name(), State: d.State, Text: text})
}

// told is what was last said of a row.
func (p *pass) told(d record.Domain) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.doing[d.Key]
}

// leftBehind logs a call that hangs and cannot be ended, and says for whom.
func (p *pass) leftBehind(name string, stuck *stuckError) string {
	p.Log.Error("a call hangs and was left behind", "domain", name, "who", stuck.who, "after", stuck.after)
	return stuck.Error()
}
