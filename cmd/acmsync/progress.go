package main

import (
	"fmt"
	"strings"
	"sync"
	"unicode"
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

// maxLine bounds what is printed of an error, in bytes.
const maxLine = 4000

// printable is text that may quote strangers, fit for one line of a terminal: it
// keeps its spaces, and nothing that a terminal would obey or not show.
func printable(s string) string {
	if len(s) > maxLine {
		s = s[:maxLine] + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != utf8.RuneError {
			return r
		}
		return -1
	}, s)
}
