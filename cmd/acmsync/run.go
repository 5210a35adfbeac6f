package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/controller"
)

func newRun(c console, o *options) *cobra.Command {
	var newAccount bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Keep certificates what the repository says",
		Long: `Like sync, again and again: the repository is looked at every daemon.interval,
and whatever becomes due in between is done when it is due. SIGTERM ends it
within ten seconds, in a state from which the next start goes on.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.verbose = true // a daemon's log is its face
			p, err := o.open(cmd.Context(), c, access{write: true, newAccount: newAccount}, nil)
			if cmd.Context().Err() != nil && cutShort(err) {
				o.logger(c).Info("stopped", "before", "the store was open")
				return nil
			}
			if err != nil {
				return err
			}
			defer p.close()
			p.log.Info("running", "version", version, "repository", p.settings.Repository.URL, "interval", p.settings.Daemon.Interval.String())
			p.controller.Run(cmd.Context(), controller.Loop{
				Interval: p.settings.Daemon.Interval,
				After:    p.logPass,
			})
			p.log.Info("stopped")
			return nil
		},
	}
	cmd.Flags().BoolVar(&newAccount, "new-account", false, "register a new ACME account although certificates of a lost one are in the store")
	return cmd
}

func (p *parts) logPass(r controller.Result) {
	for _, e := range r.Invalid {
		p.log.Warn("desired state invalid", "error", fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message))
	}
	if r.Failure != nil {
		p.log.Error("the pass could not do all of its work", "error", r.Failure)
	}
	if r.Stepped == 0 && r.Failure == nil {
		return
	}
	next := "on the next push"
	if !r.Next.IsZero() {
		next = r.Next.UTC().Format(time.RFC3339)
	}
	p.log.Info("pass", "domains", r.Stepped, "actions", r.Acted, "committed", r.Committed, "next", next)
}
