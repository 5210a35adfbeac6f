// Command acmsync keeps TLS certificates as a git repository says they should
// be: it pulls the desired state, issues, renews and revokes over ACME, hands
// certificates to TLS servers, and commits back what is wrong and what mends it.
//
// Each subcommand has a file of its own. This file only turns an error into an
// exit code and a sentence.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/acmsync/acmsync/internal/settings"
)

// version is set by the linker (see Makefile).
var version = "devel"

func main() {
	os.Exit(runMain(os.Args[1:], console{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}

// console is where a command reads and writes.
type console struct {
	in       io.Reader
	out, err io.Writer
}

// runMain runs one command line and returns its exit code. A second signal
// ends the process at once: whoever sends it has waited long enough.
func runMain(args []string, c console) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	root := newRoot(c)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	complain(c.err, err)
	var exit *exitError
	if errors.As(err, &exit) {
		return exit.code
	}
	return exitFailure
}

// complain writes what went wrong, a line each, to standard error. Errors in
// the settings begin with their place, as editors and CI read it.
func complain(w io.Writer, err error) {
	var faults settings.Errors
	prefix := "acmsync: "
	if errors.As(err, &faults) {
		prefix = ""
	}
	told := map[string]bool{} // two parts may fail at the same thing
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if line = printable(line); line != "" && !told[line] {
			fmt.Fprintln(w, prefix+line)
		}
		told[line] = true
	}
}
