package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/status"
	"github.com/acmsync/acmsync/spec"
)

// editor is a command that changes one field of desired state.
type editor struct {
	use, short, long string
	// change makes the change and the commit's message, which says what is done
	// to what.
	change func(now time.Time, app, of string) (spec.Change, string)
	// did and already say what holds now, of an app or a domain.
	did, already string
	// tell says what follows from it.
	tell func(operate.Done, operate.Report, operate.Terms, time.Time) []string
}

const editLong = `

The app's file is edited where the value stands, at the tip of the branch that
desired state is on; comments and layout stay. The change is committed and
pushed. With settings the repository is reached as they say; without, through
the git clone you are in, by your own git. What you have checked out is not
touched. If the branch is protected, --branch pushes to another one.`

func (e editor) command(c console, o *options) *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use: e.use + " APP [DOMAIN]", Short: e.short, Long: e.long + editLong,
		Args: cobra.RangeArgs(1, 2), ValidArgsFunction: completeDesired,
		RunE: func(cmd *cobra.Command, args []string) error { return e.run(cmd.Context(), c, o, args, to) },
	}
	cmd.Flags().StringVar(&to, "branch", "", "push to this branch, made from the tip when it is missing")
	return cmd
}

func (e editor) run(ctx context.Context, c console, o *options, args []string, to string) error {
	at, err := o.surroundings(ctx, args[0])
	if err != nil {
		return err
	}
	defer at.close()
	now := time.Now().UTC().Truncate(time.Second)
	domain, what := "", args[0]
	if len(args) == 2 {
		if domain, _, err = spec.CanonicalName(args[1]); err != nil {
			return err
		}
		what = domain
	}
	change, message := e.change(now, args[0], domain)
	change.App, change.Domain = args[0], domain
	done, err := at.origin.Edit(ctx, operate.Order{Change: change, Message: message, To: to, Now: now}, at.report)
	if err != nil {
		return invalid(err)
	}
	if !done.Changed {
		return say(c, fmt.Sprintf("%s: %s already; nothing was changed", what, e.already))
	}
	lines := append([]string{fmt.Sprintf("%s: %s; pushed %.10s to %s", what, e.did, done.Commit, done.Branch)}, e.next(done, at)...)
	return say(c, append(lines, e.tell(done, at.report, at.terms, now)...)...)
}

// next is what the user has to do about the push.
func (e editor) next(d operate.Done, at *surroundings) []string {
	switch {
	case d.Branch != d.Base && d.Open != "":
		return []string{fmt.Sprintf("Open a merge request from %s into %s: %s", d.Branch, d.Base, d.Open)}
	case d.Branch != d.Base:
		return []string{fmt.Sprintf("Open a merge request from %s into %s; nothing happens before it is merged.", d.Branch, d.Base)}
	case at.origin.Cloned():
		return []string{"Your checkout is as it was; git pull brings the change."}
	}
	return nil
}

func say(c console, lines ...string) error {
	for _, line := range lines {
		if _, err := fmt.Fprintln(c.out, printable(line)); err != nil {
			return err
		}
	}
	return nil
}

// invalid gives errors of desired state their exit code.
func invalid(err error) error {
	var refused *spec.RefusedError
	if errors.As(err, &refused) {
		return &exitError{code: exitInvalid, err: err}
	}
	return err
}

// surroundings are what owners' commands work with: from the settings, or from
// the clone and the report that is committed beside it.
type surroundings struct {
	origin   *operate.Origin
	report   operate.Report
	terms    operate.Terms
	platform record.Platform
	known    bool // platform is
	closers  []func() error
}

func (s *surroundings) close() {
	for _, shut := range s.closers {
		_ = shut() // nothing is pending
	}
}

func (o *options) surroundings(ctx context.Context, app string) (*surroundings, error) {
	s, err := o.reach(ctx)
	if err != nil {
		return nil, err
	}
	if s.report, err = s.origin.Report(ctx, app); err != nil {
		s.close()
		return nil, fmt.Errorf("reading the status branch %s: %w", s.origin.StatusBranch, err)
	}
	if p := s.report.Platform; p != nil && !s.known {
		s.platform, s.known = p.Policy().Platform, true
		s.terms = operate.Terms{Grace: p.Limits.RevokeAfter, Limits: published(p.Directory)}
	}
	return s, nil
}

// reach opens the repository by the settings, or the clone around us.
func (o *options) reach(ctx context.Context) (*surroundings, error) {
	if !o.given() {
		origin, err := operate.CloneOrigin(ctx, ".")
		if err != nil {
			return nil, fmt.Errorf("there is no %s here, so the repository must be found through a clone: %w", o.config, err)
		}
		return &surroundings{origin: origin, closers: []func() error{origin.Close}}, nil
	}
	p, err := o.platform(ctx)
	if err != nil {
		return nil, err
	}
	repo, err := p.repository(access{})
	if err != nil {
		return nil, err
	}
	set, policy := p.settings, p.policy(nil)
	origin := operate.NewOrigin(repo, set.Repository.URL)
	if origin.Sign, _, err = p.signer(); err != nil {
		return nil, err
	}
	origin.Branch, origin.Path = set.Repository.Branch, set.Repository.Path
	origin.StatusBranch, origin.StatusPath = set.Status.Branch, set.Status.Path
	origin.Author.Name, origin.Author.Email = set.Repository.Author.Name, set.Repository.Author.Email
	return &surroundings{
		origin: origin, platform: policy.Platform, known: true, closers: p.closers,
		terms: operate.Terms{Grace: status.Grace(policy), Limits: policy.Limits},
	}, nil
}

// completeDesired offers the apps, then the app's domains, of the files in this
// folder. The network is not asked.
func completeDesired(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	files, err := operate.Folder(".")
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var offered []string
	for _, parsed := range spec.Parse(files, spec.Options{}) {
		for _, app := range parsed.Apps {
			if len(args) == 0 {
				offered = append(offered, app.Name)
			}
			for _, d := range app.Domains {
				if len(args) == 1 && app.Name == args[0] {
					offered = append(offered, d.Name)
				}
			}
		}
	}
	return offered, cobra.ShellCompDirectiveNoFileComp
}
