package controller

import (
	"sync"
	"time"

	"github.com/acmsync/acmsync/internal/beside"
)

const (
	// brisk is how long one thing may be waited for at least before the next domain
	// is begun beside it; see briskly.
	brisk = 200 * time.Millisecond
	// hanging is what takes so long that it says nothing about what is usual.
	hanging = 5 * time.Second
	// asideEach is how many domains a slot has aside at most: each may have
	// sockets open.
	asideEach = 16
)

// crew are the workers of a pass. So many domains as there are slots are worked
// on at once. One that waits for something slow gives its slot to another, so
// that domains whose DNS, edge or order hangs delay nobody however many they
// are; to go on it takes a slot again.
type crew struct {
	slots chan struct{}
	// work is a worker's life; it reports whether it ended as a spare one.
	work  func() (spare bool)
	group beside.Group
	// idle gets a token when only domains aside are left.
	idle chan struct{}

	mu sync.Mutex
	// workers are those who are there, aside those of them without a slot.
	workers, aside int
	// looks, hands and requests are how long looking, handing over and a step at
	// the CA take usually.
	looks, hands, requests usual
}

// usual is about how long something takes.
type usual time.Duration

func newCrew(size int) *crew {
	return &crew{slots: make(chan struct{}, size), idle: make(chan struct{}, 1)}
}

// muster begins with a worker for each slot, and returns when all have ended.
func (c *crew) muster(work func() (spare bool)) {
	c.work = work
	for range cap(c.slots) {
		c.join()
	}
	c.group.Wait()
}

func (c *crew) join() {
	c.mu.Lock()
	c.workers++
	c.mu.Unlock()
	c.group.Go(func() {
		spare := false
		defer func() {
			if !spare {
				c.quit(false)
			}
		}()
		spare = c.work()
	})
}

// quit takes a worker off the list; a spare one only where there is one.
func (c *crew) quit(spare bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if spare && c.workers-c.aside <= cap(c.slots) {
		return false
	}
	c.workers--
	return true
}

// seat waits for a slot; the worker has it until rise.
func (c *crew) seat() { c.slots <- struct{}{} }

func (c *crew) rise() { <-c.slots }

// patiently does something of one domain, whose worker has a slot, and gives
// the slot away when that takes longer than so long.
func (c *crew) patiently(long time.Duration, do func()) {
	gave, decided := false, make(chan struct{})
	timer := time.AfterFunc(long, func() {
		defer close(decided)
		gave = c.giveWay()
	})
	defer func() {
		if timer.Stop() {
			return
		}
		if <-decided; gave {
			c.seat()
			c.mu.Lock()
			c.aside--
			c.mu.Unlock()
		}
	}()
	do()
}

// briskly is patiently with what is long for the like of it now, on this machine,
// in this network and at this CA: one that is slow for all is not to be asked for
// more at a time.
func (c *crew) briskly(of *usual, do func()) {
	c.mu.Lock()
	long := min(max(brisk, 3*time.Duration(*of)), hanging)
	c.mu.Unlock()
	began := time.Now()
	c.patiently(long, do)
	if took := time.Since(began); took < hanging {
		c.mu.Lock()
		*of += (usual(took) - *of) / 8
		c.mu.Unlock()
	}
}

// giveWay lets somebody else have the slot, unless too many did so already.
func (c *crew) giveWay() bool {
	c.mu.Lock()
	room := c.aside < asideEach*cap(c.slots)
	if room {
		c.aside++
	}
	c.mu.Unlock()
	if room {
		c.rise()
		c.join()
	}
	return room
}

// waiting reports whether nothing is left to do but to wait for domains aside.
func (c *crew) waiting() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.aside > 0 && len(c.slots) == 0
}

// look tells whoever watches if that is so now.
func (c *crew) look() {
	if !c.waiting() {
		return
	}
	select {
	case c.idle <- struct{}{}:
	default:
	}
}
