package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/acmsync/acmsync/internal/challenge"
	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/deploy"
	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/settings"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/issue"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/verify"
)

// access is what a command may do to what it opens.
type access struct {
	// write: the command works, instead of only looking.
	write bool
	// newAccount: a new ACME account may stand beside certificates of a lost one.
	newAccount bool
}

// parts are what a command works with, made from the settings.
type parts struct {
	settings   settings.Settings
	log        *slog.Logger
	store      *store.Store
	thumbprint string
	meta       store.Meta // what verify may know of the CA
	controller *controller.Controller
	closers    []func() error
}

func (p *parts) close() {
	for i := len(p.closers) - 1; i >= 0; i-- {
		if err := p.closers[i](); err != nil {
			p.log.Warn("closing", "error", err)
		}
	}
}

// open makes the parts. Nothing is asked of anybody yet, so that neither a CA
// nor a git server that is down keeps a command from starting.
func (o *options) open(ctx context.Context, c console, a access, progress func(controller.Event)) (*parts, error) {
	s, err := o.load()
	if err != nil {
		return nil, err
	}
	p := &parts{settings: s, log: o.logger(c)}
	for _, warning := range s.Warnings {
		p.log.Warn(warning)
	}
	config, err := p.config(ctx, a)
	if err != nil {
		p.close()
		return nil, err
	}
	config.Progress = progress
	p.controller = controller.New(config)
	return p, nil
}

func (o *options) logger(c console) *slog.Logger {
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: level}))
}

func (p *parts) config(ctx context.Context, a access) (controller.Config, error) {
	s := p.settings
	var err error
	if p.store, err = store.Open(ctx, s.Store.URL, store.Options{ReadOnly: !a.write}); err != nil {
		return controller.Config{}, err
	}
	p.closers = append(p.closers, p.store.Close)
	repo, err := p.repository(a)
	if err != nil {
		return controller.Config{}, err
	}
	key, err := p.accountKey(ctx, a)
	if err != nil {
		return controller.Config{}, err
	}
	cas, err := p.authorities(key)
	if err != nil {
		return controller.Config{}, err
	}
	responder, err := p.responder(a)
	if err != nil {
		return controller.Config{}, err
	}
	watcher := p.watcher(s.Platform.Resolvers...)
	dnsResponder, err := p.dnsResponder(watcher)
	if err != nil {
		return controller.Config{}, err
	}
	identity, err := p.identity()
	if err != nil {
		return controller.Config{}, err
	}
	sign, own, err := p.signer()
	if err != nil {
		return controller.Config{}, err
	}
	targets, names := p.targets()
	policy := p.policy(names)
	policy.Platform.Recipients = identity.Recipients()
	return controller.Config{
		Repo: repo, Store: p.store, CA: cas[0], Fallback: cas[1:], Form: issue.Form{KeyType: s.ACME.KeyType, CommonName: s.ACME.CommonName},
		Source: controller.Source{Branch: s.Repository.Branch, Path: s.Repository.Path},
		Status: controller.Status{
			Branch: s.Status.Branch, Path: s.Status.Path, Shard: s.Status.Shard, SameBranch: s.SameBranch(),
			Author: gitrepo.Author{Name: s.Repository.Author.Name, Email: s.Repository.Author.Email},
			Sign:   sign,
		},
		OwnKey: own, Signers: p.signers(),
		Observer: watcher, Revocations: verify.NewRevocations(verify.RevocationConfig{ProbeAllow: s.Platform.ProbeAllow}),
		Responder: responder, DNSResponder: dnsResponder, Targets: targets, Identity: identity,
		Policy:       policy,
		SettingsHash: s.Fingerprint() + " " + p.thumbprint,
		Concurrency:  s.Policy.Concurrency, Log: p.log,
	}, nil
}

// stateFolder is the folder of the store, which is also where fetched git
// objects are kept; empty: nowhere.
func (p *parts) stateFolder() string {
	path, ok := strings.CutPrefix(p.settings.Store.URL, "sqlite://")
	if !ok {
		return ""
	}
	return filepath.Dir(path)
}

// repository opens the remote. A command that only looks keeps what it
// fetches in memory.
func (p *parts) repository(a access) (*gitrepo.Repo, error) {
	s := p.settings.Repository
	dir := ""
	if folder := p.stateFolder(); a.write && folder != "" {
		dir = filepath.Join(folder, "git")
	}
	repo, err := gitrepo.Open(gitrepo.Config{
		URL: s.URL, Dir: dir,
		Auth: gitrepo.Auth{
			Username: s.Auth.Username, TokenFile: s.Auth.TokenFile, SSHKeyFile: s.Auth.SSHKeyFile,
			KnownHostsFile: s.Auth.KnownHostsFile, CAFile: s.Auth.CAFile,
		},
	})
	if err == nil {
		p.closers = append(p.closers, repo.Close)
	}
	return repo, err
}

// watcher looks at the world by these resolvers.
func (p *parts) watcher(resolvers ...string) *verify.Verifier {
	return verify.New(verify.Config{Resolvers: resolvers, ProbeAllow: p.settings.Platform.ProbeAllow, Logger: p.log})
}

// responder answers challenges in the operator's mode. Only a command that
// works opens the listener's port.
func (p *parts) responder(a access) (issue.Responder, error) {
	s := p.settings.Challenge
	switch {
	case s.Mode == "listen" && a.write:
		listener, err := challenge.NewListener(s.Listen)
		if err != nil {
			return nil, fmt.Errorf("challenge.http01.listen: %w", err)
		}
		p.closers = append(p.closers, listener.Close)
		return listener, nil
	case s.Mode == "webroot":
		return challenge.Webroot{Dir: s.Dir}, nil
	default:
		return challenge.Stateless{}, nil
	}
}

// dnsResponder answers dns-01 by the operator's provider; nil without one.
func (p *parts) dnsResponder(zones challenge.Zones) (issue.Responder, error) {
	s := p.settings.Challenge.DNS01
	if s.Provider == "" {
		return nil, nil //nolint:nilnil // nobody answers dns-01
	}
	provider, err := challenge.NewProvider(s.Provider, s.Env)
	if err != nil {
		return nil, err
	}
	return challenge.NewDNS(challenge.DNSConfig{
		Provider: provider, Zones: zones, Thumbprint: p.thumbprint, Propagation: s.PropagationTimeout, Log: p.log,
	}), nil
}

func (p *parts) targets() ([]controller.Target, []string) {
	var targets []controller.Target
	var names []string
	for _, d := range p.settings.Deploy {
		targets = append(targets, deploy.NewFiles(deploy.FilesConfig{
			Name: d.Name, Dir: d.Dir, Hook: d.Hook, HookTimeout: d.HookTimeout,
		}))
		names = append(names, d.Name)
	}
	return targets, names
}

func (p *parts) policy(targets []string) reconcile.Policy {
	s := p.settings
	policy := reconcile.Policy{
		RenewAt: s.Policy.RenewAt, FailAfter: s.Policy.FailAfter, NotifyAfter: s.Policy.NotifyAfter,
		RevokeAfter: s.Policy.RevokeAfter, NeverRevoke: s.Policy.NeverRevoke,
		MaxRemovals: s.Policy.MaxRemovals, RemovalFloor: 3,
		MaxDomainsPerApp: s.Policy.MaxDomainsPerApp, AllowWildcards: s.Policy.AllowWildcards, CommonName: s.ACME.CommonName,
		IneligiblePlans: s.Platform.IneligiblePlans, DefaultChallenge: s.Challenge.Default, DNSProvider: s.Challenge.DNS01.Provider != "",
		Targets: targets, Directory: s.ACME.Directory, Limits: limits(s.ACME.Directory, s.ACME.Limits),
		Platform: record.Platform{
			Target: s.Platform.Target, Addresses: s.Platform.Addresses, LegacyTargets: s.Platform.LegacyTargets,
			ProbeAllow: s.Platform.ProbeAllow, VerifyOwnership: s.Policy.VerifyOwnership,
			Thumbprint: p.thumbprint, ChallengeMode: s.Challenge.Mode,
			ProbePort: s.Platform.ProbePort, ServedPort: s.Platform.ServedPort,
		},
	}
	for _, f := range s.ACME.Fallback {
		policy.Fallback = append(policy.Fallback, reconcile.CA{Directory: f.Directory, Limits: limits(f.Directory, f.Limits)})
	}
	for directory, said := range p.meta.CAs {
		policy = policy.Know(directory, said)
	}
	return policy
}
