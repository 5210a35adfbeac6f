package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/settings"
)

// options are the flags that every command has.
type options struct {
	config  string
	named   bool // --config was given, or ACMSYNC_CONFIG
	set     []string
	verbose bool
}

func newRoot(c console) *cobra.Command {
	o := &options{}
	root := &cobra.Command{
		Use:           "acmsync",
		Short:         "Certificates as a git repository says they should be",
		Long:          rootLong,
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRun: func(cmd *cobra.Command, _ []string) {
			o.named = cmd.Flags().Changed("config") || os.Getenv("ACMSYNC_CONFIG") != ""
		},
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	config := os.Getenv("ACMSYNC_CONFIG")
	if config == "" {
		config = "acmsync.yaml"
	}
	flags := root.PersistentFlags()
	flags.StringVar(&o.config, "config", config, "the operator's settings")
	flags.StringArrayVar(&o.set, "set", nil, "override a setting, e.g. --set platform.probePort=8080")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "log what is being done, to standard error")
	root.AddCommand(
		newSync(c, o), newRun(c, o), newPlan(c, o), newValidate(c),
		newStatus(c, o), newCerts(c, o), newVerify(c, o), newExplain(c), newApprove(c, o), newDoctor(c, o),
		newDomains(c, o), newEnable(c, o), newDisable(c, o), newRefresh(c, o), newRotate(c, o),
		newSchema(c), newVersion(c),
	)
	addDemo(root, c)
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		usage(cmd)
	}
	addLater(root)
	root.SetFlagErrorFunc(flagError)
	root.Args, root.RunE = noSuchCommand, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return root
}

const rootLong = `acmsync pulls desired state (apps.yaml) from a git repository, compares it with
what is, issues, renews and revokes certificates over ACME, hands them to the
TLS servers, and commits the status of every domain to the branch acm-status.

Exit codes: 0 success, 1 failure, 2 changes pending (plan --detailed-exitcode),
3 domains need attention, 4 desired state invalid, 5 time ran out.`

// load reads the operator's settings; its error lists everything wrong.
func (o *options) load() (settings.Settings, error) {
	flags := map[string]string{}
	for _, assignment := range o.set {
		key, value, ok := strings.Cut(assignment, "=")
		if !ok {
			return settings.Settings{}, fmt.Errorf("--set %s: must be key=value, e.g. --set platform.probePort=8080", assignment)
		}
		flags[key] = value
	}
	s, err := settings.Load(settings.Source{Path: o.config, Named: o.named, Env: environment(), Flags: flags})
	if err != nil && !o.named && !settings.Exists(o.config) {
		err = fmt.Errorf("%w\nrun this where %s is, or name the file with --config", err, o.config)
	}
	return s, err
}

// environment is the process's, as a map.
func environment() map[string]string {
	env := map[string]string{}
	for _, entry := range os.Environ() {
		key, value, _ := strings.Cut(entry, "=")
		env[key] = value
	}
	return env
}

// given reports whether there are settings to go by.
func (o *options) given() bool { return o.named || settings.Exists(o.config) }
