package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/spec"
	"github.com/acmsync/acmsync/verify"
)

func newDomains(c console, o *options) *cobra.Command {
	var f domainsFlags
	cmd := &cobra.Command{
		Use:   "domains APP",
		Short: "List the DNS records to add for an app",
		Long: `List, for every domain of an app, the DNS records that lead it to this platform,
and what the last look at it said, or, with --now, what DNS says now. With
settings the platform is what they say, and the app what was pushed last;
without, the platform is platform.yaml on the status branch, and the app is as in
the files of the git clone you are in, so that you can set the records before you
push.`,
		Example: `  acmsync domains shop
  acmsync domains shop --now         did my changes arrive?
  acmsync domains shop -o zone       as a zone file has them`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: completeApps,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains([]string{"text", "zone", "json"}, f.output) {
				return fmt.Errorf("-o %s: must be text, zone or json", f.output)
			}
			return f.list(cmd.Context(), c, o, args[0])
		},
	}
	cmd.Flags().StringVarP(&f.output, "output", "o", "text", "text, zone or json")
	cmd.Flags().BoolVar(&f.now, "now", false, "look at each domain now")
	cmd.Flags().StringSliceVar(&f.resolvers, "resolver", nil, "with --now, ask this resolver (IP address, perhaps with a port)")
	return cmd
}

type domainsFlags struct {
	output    string
	now       bool
	resolvers []string
}

func (f domainsFlags) list(ctx context.Context, c console, o *options, name string) error {
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
	if f.now {
		if err := f.look(ctx, o, at.platform, app, records); err != nil {
			return err
		}
	}
	identities := at.platform.Identities()
	if len(identities) == 0 && at.report.Platform != nil {
		identities = at.report.Platform.Policy().Platform.Identities() // asked of the CA by the last sync
	}
	switch f.output {
	case "json":
		return operate.WriteRecordsJSON(c.out, name, records, identities)
	case "zone":
		return operate.WriteRecordsZone(c.out, name, records, identities)
	}
	return operate.WriteRecords(c.out, records, identities)
}

// look asks DNS about all domains, side by side.
func (f domainsFlags) look(ctx context.Context, o *options, p record.Platform, app spec.App, records []operate.DomainRecords) error {
	at, err := verifyFlags{resolvers: f.resolvers}.surroundings(ctx, o)
	if err != nil {
		return err
	}
	observer := verify.New(at.config)
	return operate.Look(app, records, func(s operate.Subject) (operate.Verdict, error) {
		return operate.VerifyFresh(ctx, observer, p, s)
	})
}

func completeApps(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return completeDesired(cmd, args, typed)
}
