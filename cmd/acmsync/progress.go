package main

import (
	"fmt"
	"sync"
	"unicode/utf8"

	"github.com/acmsync/acmsync/internal/controller"
)

// progress shows what a pass is doing: on a terminal one line that changes,
// elsewhere nothing, since a log of passing states helps nobody.
type progress struct {
	mu    sync.Mutex
	c     console
	t     terminal
	steps map[string]bool
	shown bool
}

func newProgress(c console, t terminal) *progress {
	return &progress{c: c, t: t, steps: map[string]bool{}}
}

func (p *progress) event(e controller.Event) {
	if !p.t.tty {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps[e.Domain] = true
	line := []rune(fmt.Sprintf("%s: %s  %s", count(len(p.steps), "domain"), e.Domain, e.Text))
	if limit := p.t.width - 1; len(line) > limit && limit > 1 {
		line = append(line[:limit-1], '…')
	}
	fmt.Fprint(p.c.err, "\r\x1b[K"+printable(string(line)))
	p.shown = true
}

// done takes the line away, so that what follows starts clean.
func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.c.err, "\r\x1b[K")
		p.shown = false
	}
}

// printable drops what a terminal would obey.
func printable(s string) string {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		if r >= ' ' && r != 0x7f && r != utf8.RuneError && (r < 0x80 || r > 0x9f) {
			out = append(out, r)
		}
	}
	return string(out)
}
