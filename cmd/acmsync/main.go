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
	"syscall"
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
	var exit *exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit):
		if exit.err != nil {
			fmt.Fprintln(c.err, "acmsync: "+exit.err.Error())
		}
		return exit.code
	default:
		fmt.Fprintln(c.err, "acmsync: "+err.Error())
		return exitFailure
	}
}
