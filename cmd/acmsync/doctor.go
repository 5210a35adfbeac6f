package main

import (
	"context"
	"crypto"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/deploy"
	"github.com/acmsync/acmsync/internal/operate"
)

func newDoctor(c console, o *options) *cobra.Command {
	var output string
	var repair bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check the installation; --repair mends the store and deploy targets",
		Long: `Look at settings, store, account key, deploy targets, resolvers, the edges'
answers to challenges, CA, clock and repository, and say what is wrong and what to do. Nothing is changed; domains are not
judged (acmsync status does that). Exit code 1 when a check fails.

With --repair a damaged store is rebuilt from every row that can be read, the
damaged file is kept beside it, and pairs that a target lost are deployed
again. Stop acmsync first. What was lost is ordered anew by the next sync.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains([]string{"text", "json"}, output) {
				return fmt.Errorf("-o %s: must be text or json", output)
			}
			return doctor(cmd.Context(), c, o, output, repair)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	cmd.Flags().BoolVar(&repair, "repair", false, "rebuild a damaged store and fill deploy targets again")
	return cmd
}

func doctor(ctx context.Context, c console, o *options, output string, repair bool) error {
	s, err := o.load()
	if err != nil {
		return err
	}
	p := &parts{settings: s, log: o.logger(c)}
	defer p.close()
	i, err := p.installation()
	if err != nil {
		return err
	}
	var targets []operate.Installer
	for _, d := range s.Deploy {
		t := deploy.NewFiles(deploy.FilesConfig{Name: d.Name, Dir: d.Dir, Hook: d.Hook, HookTimeout: d.HookTimeout})
		targets, i.Places = append(targets, t), append(i.Places, t)
	}
	if repair {
		if err := i.Repair(ctx, targets, c.err); err != nil {
			return err
		}
	}
	return report(c, i.Examine(ctx), output)
}

// installation is all of it but the deploy targets.
func (p *parts) installation() (operate.Installation, error) {
	s := p.settings
	i := operate.Installation{
		StoreURL: s.Store.URL, AccountKeyFile: s.ACME.AccountKeyFile, Branch: s.Repository.Branch, Now: time.Now,
		Platform: p.policy(nil).Platform, Edges: p.watcher(s.Platform.Resolvers...),
	}
	for _, addr := range s.Platform.Resolvers {
		i.Resolvers = append(i.Resolvers, operate.Resolver{Addr: addr, Observer: p.watcher(addr)})
	}
	var err error
	if i.Repo, err = p.repository(access{}); err != nil {
		return i, err
	}
	var none crypto.Signer // the directory is there for everybody
	cas, err := p.authorities(none)
	if err != nil {
		return i, err
	}
	i.CA = cas[0]
	for _, ca := range cas[1:] {
		i.Fallback = append(i.Fallback, ca)
	}
	return i, nil
}

func report(c console, checks []operate.Check, output string) error {
	var err error
	if output == "json" {
		e := json.NewEncoder(c.out)
		e.SetIndent("", "  ")
		err = e.Encode(checks)
	} else {
		_, err = fmt.Fprint(c.out, lines(checks))
	}
	if err == nil && slices.ContainsFunc(checks, func(c operate.Check) bool { return !c.OK }) {
		return exitWith(exitFailure)
	}
	return err
}

func lines(checks []operate.Check) string {
	var b strings.Builder
	for _, check := range checks {
		verdict := "ok  "
		if !check.OK {
			verdict = "FAIL"
		}
		fmt.Fprintf(&b, "%s  %s: %s\n", verdict, check.Name, check.Detail)
		if check.Remedy != "" {
			fmt.Fprintf(&b, "      %s\n", check.Remedy)
		}
	}
	return b.String()
}
