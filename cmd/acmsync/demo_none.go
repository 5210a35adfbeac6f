//go:build !demo

package main

import (
	"errors"

	"github.com/spf13/cobra"
)

// addDemo says where the demo is: it needs a CA, a DNS server and a git server
// in process, and those stay out of the released binary.
func addDemo(root *cobra.Command, _ console) {
	root.AddCommand(&cobra.Command{
		Use: "demo", Hidden: true, DisableFlagParsing: true,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("this binary has no demo in it; run make demo where acmsync's source is")
		},
	})
}
