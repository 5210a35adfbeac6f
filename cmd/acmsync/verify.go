package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/controller"
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
leads to this platform; in a clone the platform is what its status branch says;
else --target, --address, --thumbprint and --ca say what to hold the name
against. A check that passes does so as seen from here; a CA looks from several
places in the network. Exit code 3 means that something must be mended, 1 that
nothing could be seen.`,
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
	config, platform, err := f.surroundings(ctx, o)
	if err != nil {
		return err
	}
	shown := newProgress(c, terminalOf(c.err))
	defer shown.done()
	config.Ended = func(name, check string) { shown.event(controller.Event{Domain: name, Text: check + " looked at"}) }
	var last operate.Round
	if f.watch {
		last, err = f.follow(ctx, c, config, platform, names, shown)
	} else {
		last.Verdicts, err = verifyAll(ctx, verify.New(config), platform, names, operate.Verify)
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
		return fmt.Errorf("DNS could not be asked by %s; look at the network here, or name another resolver with --resolver", strings.Join(config.Resolvers, ", "))
	case last.Blocked():
		return exitWith(exitAttention)
	}
	return nil
}

// follow looks until it is mended, and prints what has changed. Each look is a
// new observer's, which remembers nothing.
func (f verifyFlags) follow(ctx context.Context, c console, config verify.Config, platform record.Platform, names []string, shown *progress) (operate.Round, error) {
	ticker := time.NewTicker(f.every)
	defer ticker.Stop()
	look := func(ctx context.Context) ([]operate.Verdict, error) {
		return verifyAll(ctx, verify.New(config), platform, names, operate.VerifyFresh)
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

// surroundings are the settings' if there are any, and what flags say.
func (f verifyFlags) surroundings(ctx context.Context, o *options) (verify.Config, record.Platform, error) {
	platform := record.Platform{ProbePort: 80, ServedPort: 443}
	config := verify.Config{Resolvers: []string{"8.8.8.8:53", "1.1.1.1:53"}}
	if o.given() {
		p, err := o.platform(ctx)
		if err != nil {
			return config, platform, err
		}
		platform = p.policy(nil).Platform
		if len(platform.CAAIdentities) == 0 && letsEncrypt(p.settings.ACME.Directory) {
			platform.CAAIdentities = []string{"letsencrypt.org"} // until its directory was read
		}
		config.Resolvers, config.ProbeAllow = p.settings.Platform.Resolvers, p.settings.Platform.ProbeAllow
	} else if said, known := operate.ClonePlatform(ctx, ".", "acm-status"); known {
		platform = said
	} else {
		platform.CAAIdentities = []string{"letsencrypt.org"}
	}
	if err := f.override(&platform); err != nil {
		return config, platform, err
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

// override puts what flags say of the platform in the place of what was known.
func (f verifyFlags) override(p *record.Platform) (err error) {
	for _, text := range f.addresses {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return fmt.Errorf("--address %s: not an IP address", text)
		}
		p.Addresses = append(p.Addresses, address)
	}
	if f.target != "" {
		if p.Target, err = settings.ParseTarget(f.target); err != nil {
			return fmt.Errorf("--target: %w", err)
		}
	}
	if f.ca != "" {
		p.CAAIdentities, p.Others = []string{strings.ToLower(strings.TrimSuffix(f.ca, "."))}, nil
	}
	if f.thumbprint != "" {
		if len(f.thumbprint) != 43 { // of SHA-256, in base64url (RFC 7638)
			return fmt.Errorf("--thumbprint %s: not a thumbprint, which has 43 characters", f.thumbprint)
		}
		p.ChallengeMode, p.Thumbprint = "stateless", f.thumbprint
	}
	return nil
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

type verifier func(ctx context.Context, o operate.Observer, p record.Platform, written string) (operate.Verdict, error)

// verifyAll checks the names side by side and answers in their order.
func verifyAll(ctx context.Context, observer operate.Observer, platform record.Platform, names []string, one verifier) ([]operate.Verdict, error) {
	verdicts := make([]operate.Verdict, len(names))
	errs := make([]error, len(names))
	var group sync.WaitGroup
	slots := make(chan struct{}, 16)
	for i, name := range names {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			verdicts[i], errs[i] = one(ctx, observer, platform, name)
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
