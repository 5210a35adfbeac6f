package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/operate"
)

func newExplain(c console) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [REASON]",
		Short: "Say what a reason means and how to mend it",
		Long: `Show the page of a reason, as status and verify name it: what it means, how to
see it yourself, how to mend it, what happens next. Without one, list them all.
Nothing is asked of the network.`,
		Example: "  acmsync explain caa-forbids",
		Args:    cobra.MaximumNArgs(1), ValidArgsFunction: completeReasons,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return operate.WriteReasons(c.out)
			}
			reason, err := operate.FindReason(args[0])
			if err != nil {
				return err
			}
			t := terminalOf(c.out)
			return operate.WritePage(c.out, reason, t.tty, t.color)
		},
	}
}

func completeReasons(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var codes []string
	for _, r := range failure.All() {
		codes = append(codes, fmt.Sprintf("%s\t%s", r.Code, r.Title))
	}
	return codes, cobra.ShellCompDirectiveNoFileComp
}
