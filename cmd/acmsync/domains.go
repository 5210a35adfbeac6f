package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/operate"
)

func newDomains(c console, o *options) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "domains APP",
		Short: "List the DNS records to add for an app",
		Long: `List, for every domain of an app, the DNS records that lead it to this platform,
and what the last look at it said. With settings the platform is what they say,
and the app what was pushed last; without, the platform is platform.yaml on the
status branch, and the app is as in the files of the git clone you are in, so
that you can set the records before you push.`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: completeApps,
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "text" && output != "json" {
				return fmt.Errorf("-o %s: must be text or json", output)
			}
			return listRecords(cmd.Context(), c, o, args[0], output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	return cmd
}

func listRecords(ctx context.Context, c console, o *options, name, output string) error {
	at, err := o.surroundings(ctx, name)
	if err != nil {
		return err
	}
	defer at.close()
	if !at.known {
		return errors.New("the status branch " + at.origin.StatusBranch + " has no platform.yaml, which says where domains must point; the operator's first acmsync sync writes it")
	}
	app, err := at.origin.Desired(ctx, name, ".", at.report)
	if err != nil {
		return invalid(err)
	}
	records := operate.Records(app, at.platform, at.report.App)
	identities := at.platform.CAAIdentities
	if len(identities) == 0 && at.report.Platform != nil {
		identities = at.report.Platform.CAAIdentities // asked of the CA by the last sync
	}
	if output == "json" {
		return operate.WriteRecordsJSON(c.out, name, records, identities)
	}
	return operate.WriteRecords(c.out, records, identities)
}

func completeApps(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return completeDesired(cmd, args, typed)
}
