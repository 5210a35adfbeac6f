package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/internal/status"
)

func newStatus(c console, o *options) *cobra.Command {
	var output, branch string
	cmd := &cobra.Command{
		Use:   "status [APP]",
		Short: "Show every domain, what is wrong and what mends it",
		Long: `Show the status of all apps, or of one. With settings it comes from the store;
without, from the status branch of the git clone you are in. Exit code 3 means
that somebody has to act.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			apps, synced, err := o.statuses(cmd.Context(), c, branch)
			if err != nil {
				return err
			}
			if !synced && output == "text" {
				return printUnsynced(c)
			}
			if apps, err = only(apps, args); err != nil {
				return err
			}
			if err := printStatuses(c, apps, output); err != nil {
				return err
			}
			return exitWith(needed(apps))
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text, json or yaml")
	cmd.Flags().StringVar(&branch, "branch", "acm-status", "the status branch, when read from a clone")
	return cmd
}

// statuses reads the store if there are settings, else the clone around us.
// synced: there was a sync that status can speak of.
func (o *options) statuses(ctx context.Context, c console, branch string) (apps []status.AppStatus, synced bool, err error) {
	if !o.given() {
		apps, err := operate.CloneStatus(ctx, ".", branch)
		if err != nil {
			return nil, false, fmt.Errorf("there is no %s here, so the status must come from a clone: %w", o.config, err)
		}
		return apps, true, nil
	}
	p, err := o.open(ctx, c, access{}, nil)
	if err != nil {
		return nil, false, err
	}
	defer p.close()
	view, err := p.controller.View(ctx)
	if err != nil {
		return nil, false, err
	}
	return status.Apps(view), view.Revision != "", nil
}

// printUnsynced says why there is nothing to show.
func printUnsynced(c console) error {
	_, err := fmt.Fprintln(c.out, "Nothing was synced yet: no desired state is in the store. acmsync plan shows what would be done, acmsync sync does it.")
	return err
}

func only(apps []status.AppStatus, args []string) ([]status.AppStatus, error) {
	if len(args) == 0 {
		return apps, nil
	}
	i := slices.IndexFunc(apps, func(a status.AppStatus) bool { return a.App == args[0] })
	if i < 0 {
		return nil, fmt.Errorf("there is no app %q; run acmsync status to see all", printable(args[0]))
	}
	return apps[i : i+1], nil
}

func printStatuses(c console, apps []status.AppStatus, output string) error {
	switch output {
	case "text":
		return printTable(c, apps)
	case "json":
		return status.WriteJSON(c.out, apps)
	case "yaml":
		return status.WriteYAML(c.out, apps)
	default:
		return errors.New("-o " + output + ": must be text, json or yaml")
	}
}

func printTable(c console, apps []status.AppStatus) error {
	t := terminalOf(c.out)
	return status.Table(c.out, apps, t.color, t.width)
}

// needed is the exit code for apps that need somebody.
func needed(apps []status.AppStatus) int {
	for _, a := range apps {
		if a.Attention == "owner" || a.Attention == "operator" {
			return exitAttention
		}
	}
	return exitOK
}
