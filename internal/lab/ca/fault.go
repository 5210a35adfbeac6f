package ca

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// Fault is what goes wrong with a request. What is not set goes right: a Fault
// of only a Delay is a slow CA.
type Fault struct {
	// Times is how often it goes wrong before it heals. 0: always.
	Times int
	// Delay passes before anything else, or until the client gives up.
	Delay time.Duration
	// Drop cuts the connection before the CA sees the request; DropAnswer lets
	// the CA do its work and cuts the connection instead of answering.
	Drop, DropAnswer bool
	// Status, Header and Body are answered instead of the CA's answer, which
	// does not see the request. Header alone adds to the CA's own answer.
	Status int
	Header http.Header
	Body   string
	// Respond answers instead of the CA.
	Respond http.HandlerFunc
	// SkewDate is added to the answer's Date.
	SkewDate time.Duration
}

// Problem is a problem document (RFC 7807 as used by RFC 8555, section 6.7).
type Problem struct {
	// Type is without its URN prefix: "rateLimited".
	Type        string
	Detail      string
	Status      int
	Subproblems []Subproblem
}

// Subproblem is one name's part of a compound problem.
type Subproblem struct {
	Type, Detail, Name string
}

// Refusal is the fault that answers with the problem.
func Refusal(p Problem) Fault {
	return Fault{
		Status: p.Status,
		Header: http.Header{"Content-Type": {"application/problem+json"}},
		Body:   p.document(),
	}
}

func (p Problem) document() string {
	type identifier struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	}
	type document struct {
		Type        string      `json:"type"`
		Detail      string      `json:"detail"`
		Status      int         `json:"status,omitempty"`
		Identifier  *identifier `json:"identifier,omitempty"`
		Subproblems []document  `json:"subproblems,omitempty"`
	}
	d := document{Type: record.ErrorURN + p.Type, Detail: p.Detail, Status: p.Status}
	for _, s := range p.Subproblems {
		d.Subproblems = append(d.Subproblems, document{
			Type: record.ErrorURN + s.Type, Detail: s.Detail, Identifier: &identifier{"dns", s.Name},
		})
	}
	raw, err := json.Marshal(d)
	if err != nil {
		panic(err) // plain strings always marshal
	}
	return string(raw)
}

// Of matches requests of these kinds; of all kinds when none is named.
func Of(kinds ...Kind) func(*Request) bool {
	return func(r *Request) bool { return len(kinds) == 0 || slices.Contains(kinds, r.Kind) }
}

// Writes matches requests of this kind that change something.
func Writes(kind Kind) func(*Request) bool {
	return func(r *Request) bool { return r.Kind == kind && !r.Read }
}

// Reads matches requests of this kind that change nothing.
func Reads(kind Kind) func(*Request) bool {
	return func(r *Request) bool { return r.Kind == kind && r.Read }
}

// Naming narrows a match to requests about the name.
func Naming(name string, match func(*Request) bool) func(*Request) bool {
	return func(r *Request) bool { return slices.Contains(r.Names, name) && match(r) }
}

type fault struct {
	Fault
	match func(*Request) bool
	used  int
}

type hook struct {
	match func(*Request) bool
	call  func()
}

// Fault makes requests that match (nil: all) go wrong, until lift is called or
// the fault has healed. Of several that match, the oldest one counts.
func (c *CA) Fault(match func(*Request) bool, f Fault) (lift func()) {
	entry := &fault{Fault: f, match: match}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, entry)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.faults = slices.DeleteFunc(c.faults, func(f *fault) bool { return f == entry })
	}
}

// Before calls f for each request of the kind, before the CA sees it. The
// request goes on when f returns.
func (c *CA) Before(kind Kind, f func()) (remove func()) { return c.add(&c.before, kind, f) }

// After calls f for each request of the kind when the CA has done its work,
// before the client hears of it.
func (c *CA) After(kind Kind, f func()) (remove func()) { return c.add(&c.after, kind, f) }

func (c *CA) add(hooks *[]*hook, kind Kind, f func()) func() {
	entry := &hook{match: Of(kind), call: f}
	c.mu.Lock()
	defer c.mu.Unlock()
	*hooks = append(*hooks, entry)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		*hooks = slices.DeleteFunc(*hooks, func(h *hook) bool { return h == entry })
	}
}

// SkewDate sets the CA's clock, as it shows in the Date of every answer and in
// when orders and authorizations expire, off by d.
func (c *CA) SkewDate(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skew = d
	if c.lists != nil {
		c.lists.moveClock(d)
	}
}

// Dates has the CA write the Date of its answers so; empty: it writes none. Nil:
// as every server does.
func (c *CA) Dates(write func(now time.Time) string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.date = write
}

// faultFor is the fault that the request suffers; nil: none.
func (c *CA) faultFor(r *Request) *Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.faults {
		if f.Times > 0 && f.used >= f.Times || f.match != nil && !f.match(r) {
			continue
		}
		f.used++
		return &f.Fault
	}
	return nil
}

// callHooks runs outside the lock: a hook may ask the CA things.
func (c *CA) callHooks(hooks *[]*hook, r *Request) {
	c.mu.Lock()
	list := slices.Clone(*hooks)
	c.mu.Unlock()
	for _, h := range list {
		if h.match(r) {
			h.call()
		}
	}
}
