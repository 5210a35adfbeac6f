//go:build !demo

package main

import "github.com/spf13/cobra"

// addDemo adds nothing: the demo needs a CA, a DNS server and a git server in
// process, and those stay out of the released binary (see make demo).
func addDemo(*cobra.Command, console) {}
