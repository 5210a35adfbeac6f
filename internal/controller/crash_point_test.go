package controller_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/acmsync/acmsync/internal/challenge"
	"github.com/acmsync/acmsync/internal/lab/disk"
	"github.com/acmsync/acmsync/issue"
)

// point is an instant at which a process dies: the n-th time that something of
// the class is about to happen, or has just happened.
type point struct {
	Class string
	N     int
}

func (p point) String() string { return fmt.Sprintf("%s %03d", p.Class, p.N) }

// The classes of points. Between them lies everything that a pass makes last,
// sends or is told.
const (
	storeChange   = "store"          // before a change to a file of the database
	checkpoint    = "checkpoint"     // the same, while the store is closed
	deployChange  = "deploy"         // before a change to a deploy folder
	beforeAnswer  = "response"       // before a challenge's response is put in place, or taken away
	afterAnswer   = "response after" // after that
	caUnheard     = "CA request"     // before the CA hears of it
	caUnanswered  = "CA answer"      // the CA did its work, and nobody hears of that
	gitUnheard    = "git request"    // as for the CA
	gitUnanswered = "git answer"
)

// census is how many points of each class there are.
type census map[string]int

// errDead is the answer to all that a dead process would still do.
var errDead = errors.New("the process is dead")

// mortal is a process that dies at a point: from there on it changes nothing
// any more. The nil mortal lives for ever.
type mortal struct {
	at point
	// die is called once, at the point.
	die func()

	disk *disk.Disk

	mu   sync.Mutex
	met  census
	dead bool
}

// watch counts the changes to databases below dir, which are not open yet.
func (m *mortal) watch(dir string) {
	m.disk = disk.Under(dir)
	m.disk.OnFault(m.end)
	m.failDisk(storeChange)
}

// failDisk makes the point's change fail, and all that follow.
func (m *mortal) failDisk(class string) {
	if m.at.Class == class {
		m.disk.Fail(m.at.N, disk.IO, true)
	}
}

// closing is told when the pass is over and the store is closed.
func (m *mortal) closing() {
	if m == nil || m.gone() {
		return
	}
	changes := len(m.disk.Changes())
	m.mu.Lock()
	m.count(storeChange, changes)
	m.mu.Unlock()
	m.disk.Heal()
	m.failDisk(checkpoint)
}

// count is called with the lock held.
func (m *mortal) count(class string, n int) {
	if m.met == nil {
		m.met = census{}
	}
	m.met[class] += n
}

func (m *mortal) gone() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dead
}

// seen is what was met so far.
func (m *mortal) seen() census {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.met)
}

// meet says that something of the class is next.
func (m *mortal) meet(class string) error {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	m.count(class, 1)
	strikes := m.at == point{class, m.met[class]}
	m.mu.Unlock()
	if strikes {
		m.end()
	}
	if m.gone() {
		return errDead
	}
	return nil
}

// end is death. The disk calls it too, and then refuses by itself.
func (m *mortal) end() {
	m.mu.Lock()
	was := m.dead
	m.dead = true
	m.mu.Unlock()
	if was {
		return
	}
	if m.at.Class != storeChange && m.at.Class != checkpoint {
		m.disk.Fail(1, disk.IO, true)
	}
	m.die()
}

// deploys is what a target asks before every change.
func (m *mortal) deploys() func(change, path string) error {
	if m == nil {
		return nil
	}
	return func(string, string) error { return m.meet(deployChange) }
}

func (m *mortal) webroot(w challenge.Webroot) issue.Responder {
	if m == nil {
		return w
	}
	return dyingWebroot{w, m}
}

func (m *mortal) dns(d *challenge.DNS) issue.Responder {
	if m == nil {
		return d
	}
	return dyingDNS{d, m}
}

// around is meet before and after.
func (m *mortal) around(do func() error) error {
	if err := m.meet(beforeAnswer); err != nil {
		return err
	}
	return errors.Join(do(), m.meet(afterAnswer))
}

type dyingWebroot struct {
	challenge.Webroot
	m *mortal
}

func (d dyingWebroot) Hold(ctx context.Context) (release func(), err error) {
	err = d.m.around(func() (err error) {
		release, err = d.Webroot.Hold(ctx)
		return err
	})
	return release, err
}

func (d dyingWebroot) Present(ctx context.Context, name, token, keyAuth string) error {
	return d.m.around(func() error { return d.Webroot.Present(ctx, name, token, keyAuth) })
}

func (d dyingWebroot) CleanUp(ctx context.Context, name, token string) error {
	return d.m.around(func() error { return d.Webroot.CleanUp(ctx, name, token) })
}

type dyingDNS struct {
	*challenge.DNS
	m *mortal
}

func (d dyingDNS) Present(ctx context.Context, name, token, keyAuth string) error {
	return d.m.around(func() error { return d.DNS.Present(ctx, name, token, keyAuth) })
}

func (d dyingDNS) CleanUp(ctx context.Context, name, token string) error {
	return d.m.around(func() error { return d.DNS.CleanUp(ctx, name, token) })
}
