package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/settings"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/issue"
	"github.com/acmsync/acmsync/verify"
)

func newVerify(c console, o *options) *cobra.Command {
	var flags verifyFlags
	cmd := &cobra.Command{
		Use:   "verify NAME...",
		Short: "Check names now: DNS, CAA, HTTP, the certificate served",
		Long: `Look at names as the CA would and say what must be changed before it would
issue. No repository is needed. With settings it is also checked that the name
leads to this platform; without, use --target or --address to say where it
should lead. Exit code 3 means that something must be mended.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return flags.run(cmd.Context(), c, o, args) },
	}
	f := cmd.Flags()
	f.StringVarP(&flags.output, "output", "o", "text", "text or json")
	f.StringVar(&flags.target, "target", "", "the CNAME target names should have, e.g. {domain}.dns.example.net")
	f.StringSliceVar(&flags.addresses, "address", nil, "an address names should have")
	f.StringSliceVar(&flags.resolvers, "resolver", nil, "ask this resolver (IP address, perhaps with a port)")
	return cmd
}

type verifyFlags struct {
	output, target       string
	addresses, resolvers []string
}

func (f verifyFlags) run(ctx context.Context, c console, o *options, names []string) error {
	if !slices.Contains([]string{"text", "json"}, f.output) {
		return fmt.Errorf("-o %s: must be text or json", f.output)
	}
	config, platform, err := f.surroundings(ctx, o)
	if err != nil {
		return err
	}
	verdicts, err := verifyAll(ctx, verify.New(config), platform, names)
	if err != nil {
		return err
	}
	if err := f.print(c, verdicts); err != nil {
		return err
	}
	if slices.ContainsFunc(verdicts, operate.Verdict.Blocked) {
		return exitWith(exitAttention)
	}
	return nil
}

// surroundings are the settings' if there are any, and what flags say.
func (f verifyFlags) surroundings(ctx context.Context, o *options) (verify.Config, record.Platform, error) {
	platform := record.Platform{ProbePort: 80, ServedPort: 443}
	config := verify.Config{Resolvers: []string{"8.8.8.8:53"}}
	if o.given() {
		p, err := o.platform(ctx)
		if err != nil {
			return config, platform, err
		}
		platform = p.policy(nil).Platform
		config.Resolvers, config.ProbeAllow = p.settings.Platform.Resolvers, p.settings.Platform.ProbeAllow
	}
	for _, text := range f.addresses {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return config, platform, fmt.Errorf("--address %s: not an IP address", text)
		}
		platform.Addresses = append(platform.Addresses, address)
	}
	var err error
	if f.target != "" {
		if platform.Target, err = settings.ParseTarget(f.target); err != nil {
			return config, platform, fmt.Errorf("--target: %w", err)
		}
	}
	if len(f.resolvers) > 0 {
		config.Resolvers = nil
	}
	for _, text := range f.resolvers {
		resolver, err := settings.ParseResolver(text)
		if err != nil {
			return config, platform, fmt.Errorf("--resolver: %w", err)
		}
		config.Resolvers = append(config.Resolvers, resolver)
	}
	return config, platform, nil
}

// platform reads what verify can use of the settings. Neither key nor store
// need to be there.
func (o *options) platform(ctx context.Context) (*parts, error) {
	s, err := o.load()
	if err != nil {
		return nil, err
	}
	p := &parts{settings: s}
	if key, err := issue.LoadAccountKey(s.ACME.AccountKeyFile); err == nil {
		if p.thumbprint, err = issue.Thumbprint(key); err != nil {
			return nil, err
		}
	}
	if db, err := store.Open(ctx, s.Store.URL, store.Options{ReadOnly: true}); err == nil {
		defer db.Close()
		if p.meta, err = db.Meta(ctx); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// verifyAll checks the names side by side and answers in their order.
func verifyAll(ctx context.Context, observer operate.Observer, platform record.Platform, names []string) ([]operate.Verdict, error) {
	verdicts := make([]operate.Verdict, len(names))
	errs := make([]error, len(names))
	var group sync.WaitGroup
	slots := make(chan struct{}, 16)
	for i, name := range names {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			verdicts[i], errs[i] = operate.Verify(ctx, observer, platform, name)
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
		if err := operate.WriteVerdict(c.out, v, terminalOf(c.out).color); err != nil {
			return err
		}
	}
	return nil
}
