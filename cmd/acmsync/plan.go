package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/internal/status"
	"github.com/acmsync/acmsync/spec"
)

func newPlan(c console, o *options) *cobra.Command {
	var flags planFlags
	cmd := &cobra.Command{
		Use:   "plan [DIR]",
		Short: "Show what sync would do, and do nothing",
		Long: `Show what sync would do now for the repository's branch, or, with DIR, what it
would do if the desired state in that folder were pushed. Nothing is written
anywhere: not to the store, not to the repository, not to the CA.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return flags.run(cmd, c, o, args) },
	}
	cmd.Flags().StringVarP(&flags.output, "output", "o", "text", "text or json")
	cmd.Flags().BoolVar(&flags.detailed, "detailed-exitcode", false, "exit 2 when there is something to do")
	return cmd
}

type planFlags struct {
	output   string
	detailed bool
}

func (f planFlags) run(cmd *cobra.Command, c console, o *options, args []string) error {
	if f.output == "markdown" {
		return errors.New("-o markdown is not in this release; use text or json")
	}
	if !slices.Contains([]string{"text", "json"}, f.output) {
		return fmt.Errorf("-o %s: must be text or json", f.output)
	}
	files, err := planFiles(args)
	if err != nil {
		return err
	}
	live := newProgress(c, terminalOf(c.err))
	p, err := o.open(cmd.Context(), c, access{}, live.event)
	if err != nil {
		return err
	}
	defer p.close()
	planned, err := p.controller.Plan(cmd.Context(), files)
	live.done()
	if err != nil {
		return err
	}
	return f.print(c, planned)
}

// planFiles are the files of a folder; nil: the branch's tip is meant.
func planFiles(args []string) ([]spec.File, error) {
	if len(args) == 0 {
		return nil, nil
	}
	if info, err := os.Stat(args[0]); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder; name one that holds apps.yaml or apps/ (planning for a revision is not in this release)", args[0])
	}
	return operate.FolderWithCertificates(args[0])
}

func (f planFlags) print(c console, planned controller.Planned) error {
	plan := status.NewPlan(planned.Plan)
	if f.output == "json" {
		out := json.NewEncoder(c.out)
		out.SetIndent("", "  ")
		if err := out.Encode(plan); err != nil {
			return err
		}
	} else if err := status.PlanText(c.out, plan, terminalOf(c.out).color); err != nil {
		return err
	}
	printInvalid(c, planned.Invalid)
	switch {
	case len(planned.Invalid) > 0:
		return exitWith(exitInvalid)
	case f.detailed && plan.Changes > 0:
		return exitWith(exitChanges)
	}
	return nil
}
