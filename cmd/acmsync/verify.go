package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

func newVerify(c console, o *options) *cobra.Command {
	var flags verifyFlags
	cmd := &cobra.Command{
		Use:   "verify NAME...",
		Short: "Check names now: DNS, CAA, HTTP, the certificate served",
		Long: `Look at names as the CA would and say what must be changed before it would
issue. No repository is needed. With settings it is also checked that the name
leads to this platform, as its entry in desired state wants it, if it has one; in
a clone the platform is what its status branch says; else --target, --address,
--thumbprint and --ca say what to hold the name against. A check that passes does
so as seen from here; a CA looks from several places in the network. Exit code 3
means that something must be mended, 1 that nothing could be seen.`,
		Example: `  acmsync verify www.shop.example
  acmsync verify --ca digicert.com www.shop.example
  acmsync verify --watch www.shop.example         until it is mended
  acmsync verify -o terraform www.shop.example    the fix as configuration`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return flags.run(cmd.Context(), c, o, args) },
	}
	f := cmd.Flags()
	f.StringVarP(&flags.output, "output", "o", "text", "text, json or terraform")
	f.StringVar(&flags.target, "target", "", "the CNAME target names should have, e.g. {domain}.dns.example.net")
	f.StringSliceVar(&flags.addresses, "address", nil, "an address names should have")
	f.StringSliceVar(&flags.resolvers, "resolver", nil, "ask this resolver (IP address, perhaps with a port)")
	f.StringVar(&flags.ca, "ca", "", "the CA's name in CAA records (default: the platform's, or letsencrypt.org)")
	f.StringVar(&flags.thumbprint, "thumbprint", "", "the ACME account that challenges should be answered for")
	f.BoolVar(&flags.watch, "watch", false, "look again until nothing has to be mended")
	f.DurationVar(&flags.every, "every", 10*time.Second, "how often --watch looks")
	return cmd
}

type verifyFlags struct {
	output, target       string
	ca, thumbprint       string
	addresses, resolvers []string
	watch                bool
	every                time.Duration
}

func (f verifyFlags) run(ctx context.Context, c console, o *options, names []string) error {
	if !slices.Contains([]string{"text", "json", "terraform"}, f.output) {
		return fmt.Errorf("-o %s: must be text, json or terraform", f.output)
	}
	if f.every < time.Second {
		return fmt.Errorf("--every %s: must be a second or longer", f.every)
	}
	at, err := f.surroundings(ctx, o)
	if err != nil {
		return err
	}
	shown := newProgress(c, terminalOf(c.err))
	defer shown.done()
	at.config.Ended = func(name, check string) { shown.event(controller.Event{Domain: name, Text: check + " looked at"}) }
	var last operate.Round
	if f.watch {
		last, err = f.follow(ctx, c, at, names, shown)
	} else {
		last.Verdicts, err = verifyAll(ctx, at, names, operate.Verify)
		shown.done()
		if err == nil {
			err = f.print(c, last.Verdicts)
		}
	}
	if err != nil {
		return err
	}
	switch {
	case last.Unseen():
		return fmt.Errorf("DNS could not be asked by %s; look at the network here, or name another resolver with --resolver", strings.Join(at.config.Resolvers, ", "))
	case last.Blocked():
		return exitWith(exitAttention)
	}
	return nil
}

// follow looks until it is mended, and prints what has changed. Each look is a
// new observer's, which remembers nothing.
func (f verifyFlags) follow(ctx context.Context, c console, at scene, names []string, shown *progress) (operate.Round, error) {
	ticker := time.NewTicker(f.every)
	defer ticker.Stop()
	look := func(ctx context.Context) ([]operate.Verdict, error) {
		return verifyAll(ctx, at, names, operate.VerifyFresh)
	}
	return operate.Watch(ctx, look, ticker.C, func(r operate.Round) error {
		shown.done()
		if !r.Changed {
			shown.event(controller.Event{Domain: strings.Join(names, ", "), Text: fmt.Sprintf("as before at look %d, next in %s", r.Number, f.every)})
			return nil
		}
		if r.Number > 1 && f.output == "text" {
			fmt.Fprintf(c.out, "\n── look %d ──\n", r.Number)
		}
		return f.print(c, r.Verdicts)
	})
}

type verifier func(ctx context.Context, o operate.Observer, p record.Platform, s operate.Subject) (operate.Verdict, error)

// verifyAll checks the names side by side and answers in their order.
func verifyAll(ctx context.Context, at scene, names []string, one verifier) ([]operate.Verdict, error) {
	observer := verify.New(at.config)
	verdicts := make([]operate.Verdict, len(names))
	errs := make([]error, len(names))
	var group sync.WaitGroup
	slots := make(chan struct{}, 16)
	for i, name := range names {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			verdicts[i], errs[i] = one(ctx, observer, at.platform, at.subject(name))
		})
	}
	group.Wait()
	return verdicts, errors.Join(errs...)
}

func (f verifyFlags) print(c console, verdicts []operate.Verdict) error {
	if f.output == "json" {
		out := json.NewEncoder(c.out)
		out.SetIndent("", "  ")
		return out.Encode(verdicts)
	}
	for i, v := range verdicts {
		if i > 0 {
			fmt.Fprintln(c.out)
		}
		if err := f.printOne(c, v); err != nil {
			return err
		}
	}
	if f.output == "text" {
		return operate.WriteTally(c.out, verdicts, terminalOf(c.out).color)
	}
	return nil
}

func (f verifyFlags) printOne(c console, v operate.Verdict) error {
	if f.output == "terraform" {
		return operate.WriteTerraform(c.out, v)
	}
	return operate.WriteVerdict(c.out, v, terminalOf(c.out).color)
}
