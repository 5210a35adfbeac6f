package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/internal/status"
)

func newStatus(c console, o *options) *cobra.Command {
	var f statusFlags
	cmd := &cobra.Command{
		Use:   "status [APP [DOMAIN]]",
		Short: "Show every domain, what is wrong and what mends it",
		Long: `Show the status of all apps, or of one, who must act and the worst first. With
settings it comes from the store; without, from the status branch of the git
clone you are in. --wait follows until what was pushed last is taken up and every
domain has what it wants or needs somebody; --log tells what became of an app's
domains. Exit code 3 means that somebody has to act, 5 that --wait ran out of
time.`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), c, o, args) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.output, "output", "o", "text", "text, json or yaml")
	flags.StringVar(&f.branch, "branch", "acm-status", "the status branch, when read from a clone")
	flags.BoolVar(&f.wait, "wait", false, "follow until nothing moves by itself any more")
	flags.DurationVar(&f.timeout, "timeout", 10*time.Minute, "how long --wait follows")
	flags.BoolVar(&f.log, "log", false, "show the history of APP, or of one DOMAIN, from the clone you are in")
	return cmd
}

type statusFlags struct {
	output, branch string
	wait, log      bool
	timeout        time.Duration
}

func (f statusFlags) run(ctx context.Context, c console, o *options, args []string) error {
	if f.log {
		return f.history(ctx, c, args)
	}
	if len(args) > 1 {
		return errors.New("a DOMAIN is for --log; usage: acmsync status [APP]")
	}
	if f.wait {
		return f.follow(ctx, c, o, args)
	}
	apps, hash, err := o.statuses(ctx, c, f.branch)
	if err != nil {
		return err
	}
	if hash == "" && o.given() && f.output == "text" {
		return printUnsynced(c)
	}
	if apps, err = only(apps, args); err != nil {
		return err
	}
	if err := printStatuses(c, apps, f.output); err != nil {
		return err
	}
	return exitWith(needed(apps))
}

// history tells what became of an app's domains.
func (f statusFlags) history(ctx context.Context, c console, args []string) error {
	if len(args) == 0 {
		return errors.New("--log needs an app; usage: acmsync status APP [DOMAIN] --log")
	}
	events, err := operate.AppHistory(ctx, ".", f.branch, args[0])
	if errors.Is(err, operate.ErrNoClone) {
		return errors.New("--log reads the history from a git clone, also where there are settings; run this in a clone of the repository")
	}
	if err != nil {
		return err
	}
	if len(args) == 2 {
		events = slices.DeleteFunc(events, func(e status.Event) bool { return e.Domain != args[1] })
	}
	return status.WriteTimeline(c.out, events, terminalOf(c.out).color)
}

// statuses reads the store if there are settings, else the clone around us. hash
// is that of the desired state which the status is about; "" in a store: no sync was yet.
func (o *options) statuses(ctx context.Context, c console, branch string) (apps []status.AppStatus, hash string, err error) {
	if !o.given() {
		apps, hash, err := operate.CloneStatus(ctx, ".", branch)
		if err != nil {
			return nil, "", fmt.Errorf("there is no %s here, so the status must come from a clone: %w", o.config, err)
		}
		return apps, hash, nil
	}
	p, err := o.open(ctx, c, access{}, nil)
	if err != nil {
		return nil, "", err
	}
	defer p.close()
	view, err := p.controller.View(ctx)
	if err != nil {
		return nil, "", err
	}
	return status.Apps(view), view.DesiredHash, nil
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
	return status.Table(c.out, apps, time.Now(), t.color, t.width)
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
