package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// terminal says how to write for whoever reads w.
type terminal struct {
	tty   bool
	color bool
	width int
}

// terminalOf looks at w: tables and colour are for people at a terminal; a
// pipe gets plain lines. NO_COLOR is honoured (no-color.org).
func terminalOf(w io.Writer) terminal {
	f, ok := w.(interface{ Fd() uintptr })
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return terminal{}
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		width = 80
	}
	return terminal{tty: true, color: os.Getenv("NO_COLOR") == "", width: width}
}
