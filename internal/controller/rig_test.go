package controller_test

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/challenge"
	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/deploy"
	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/issue"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/verify"
)

// blueprint is all that a controller on a lab is built from. It can be handed
// to another process.
type blueprint struct {
	GitURL, TokenFile            string
	Directory, RootFile          string
	KeyFile, StoreURL, LiveDir   string
	Resolver, Profile            string
	HTTPPort, TLSPort            int
	GitTimeout, CATimeout, Ahead time.Duration
	GitMaxBytes                  int64
	RevokeAfter                  time.Duration
	RenewAt                      float64
	Webroot, Listen              string
	DNSServer                    string // takes updates; empty: no dns-01
	DNSPort                      int
	Propagation                  time.Duration
	Hook                         []string
	Concurrency                  int
	LookTimeout                  time.Duration
	Settings                     string // another text is other settings
	Death                        point  // of the process that is made from it
	mortal                       *mortal
}

func blueprintOf(l *lab.Lab) blueprint {
	return blueprint{
		GitURL: l.Git.URL(), TokenFile: filepath.Join(l.Dir, "git-token"),
		Directory: l.CA.URL(), RootFile: filepath.Join(l.Dir, "ca.pem"),
		KeyFile: filepath.Join(l.Dir, "account.pem"), StoreURL: l.StoreURL(), LiveDir: l.LiveDir(),
		Resolver: l.DNS.Addr(), HTTPPort: l.Edge.HTTPPort(), TLSPort: l.Edge.TLSPort(),
		RevokeAfter: 24 * time.Hour, Concurrency: 16,
	}
}

// rig is a controller with what it must be closed with.
type rig struct {
	*controller.Controller
	config controller.Config
	close  []func() error
}

func (r *rig) Close() error {
	var errs []error
	for _, f := range slices.Backward(r.close) {
		errs = append(errs, f())
	}
	r.close = nil
	return errors.Join(errs...)
}

// build makes a controller as the commands do.
func (b blueprint) build(ctx context.Context, now func() time.Time, change ...func(*controller.Config)) (*rig, error) {
	r := &rig{}
	err := r.open(ctx, b, now)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	r.config.Now = now
	for _, f := range change {
		f(&r.config)
	}
	r.Controller = controller.New(r.config)
	return r, nil
}

func (r *rig) open(ctx context.Context, b blueprint, now func() time.Time) error {
	s, err := store.Open(ctx, b.StoreURL, store.Options{})
	if err != nil {
		return err
	}
	r.close = append(r.close, s.Close)
	repo, err := gitrepo.Open(gitrepo.Config{
		URL: b.GitURL, Timeout: b.GitTimeout, MaxBytes: b.GitMaxBytes, Auth: gitrepo.Auth{Username: "acmsync", TokenFile: b.TokenFile},
	})
	if err != nil {
		return err
	}
	r.close = append(r.close, repo.Close)
	key, err := issue.LoadAccountKey(b.KeyFile)
	if err != nil {
		return err
	}
	thumbprint, err := issue.Thumbprint(key)
	if err != nil {
		return err
	}
	root, err := os.ReadFile(b.RootFile)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	ca := issue.New(issue.Config{
		Directory: b.Directory, Email: "ops@platform.example", AcceptTerms: true, Key: key,
		RootCAs: roots, Profile: b.Profile, Timeout: cmp.Or(b.CATimeout, 5*time.Second), Now: now, Rates: issue.Gentle(),
	})
	r.close = append(r.close, func() error { ca.Close(); return nil })
	responder, err := b.responder()
	if err != nil {
		return err
	}
	watcher := verify.New(verify.Config{
		Resolvers: []string{b.Resolver}, ProbeAllow: loopback(), AuthorityPort: b.DNSPort, Timeout: b.LookTimeout,
	})
	answers, err := b.dnsResponder(watcher, thumbprint)
	if err != nil {
		return err
	}
	r.config = controller.Config{
		Responder: responder,
		Repo:      repo, Store: s, CA: ca,
		Source: controller.Source{Branch: "main", Path: "."},
		Status: controller.Status{
			Branch: "acm-status", Path: ".", Shard: "auto", Author: gitrepo.Author{Name: "acmsync", Email: "acmsync@localhost"},
		},
		Observer: watcher, DNSResponder: answers, Revocations: verify.NewRevocations(verify.RevocationConfig{ProbeAllow: loopback()}),
		Targets: []controller.Target{deploy.NewFiles(deploy.FilesConfig{
			Name: "edge", Dir: b.LiveDir, Hook: b.Hook, Before: b.mortal.deploys(),
		})},
		Policy: b.policy(thumbprint), SettingsHash: "settings" + b.Settings, Concurrency: b.Concurrency,
	}
	return nil
}

func loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// responder answers in the mode that the blueprint asks for.
func (b blueprint) responder() (issue.Responder, error) {
	switch {
	case b.Webroot != "":
		return b.mortal.webroot(challenge.Webroot{Dir: b.Webroot}), nil
	case b.Listen != "":
		return challenge.NewListener(b.Listen)
	default:
		return challenge.Stateless{}, nil
	}
}

func (b blueprint) mode() string {
	switch {
	case b.Webroot != "":
		return "webroot"
	case b.Listen != "":
		return "listen"
	default:
		return "stateless"
	}
}

func (b blueprint) policy(thumbprint string) reconcile.Policy {
	return reconcile.Policy{
		RenewAt: b.RenewAt, FailAfter: time.Hour, NotifyAfter: 72 * time.Hour, RevokeAfter: b.RevokeAfter,
		MaxRemovals: 0.10, RemovalFloor: 3, AllowWildcards: true, IneligiblePlans: []string{"free"},
		DefaultChallenge: "http-01", DNSProvider: b.DNSServer != "", Targets: []string{"edge"}, Directory: b.Directory,
		Platform: record.Platform{
			Target: "{domain}.dns.platform.example", Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")},
			ProbeAllow: loopback(), Thumbprint: thumbprint, ChallengeMode: b.mode(),
			ProbePort: b.HTTPPort, ServedPort: b.TLSPort,
		},
	}
}

func (b blueprint) dnsResponder(zones challenge.Zones, thumbprint string) (issue.Responder, error) {
	if b.DNSServer == "" {
		return nil, nil
	}
	provider, err := challenge.NewProvider("rfc2136", map[string]string{
		"DNSUPDATE_NAMESERVER": b.DNSServer, "DNSUPDATE_TSIG_KEY": dns.UpdateKey, "DNSUPDATE_TSIG_SECRET": dns.UpdateSecret,
	})
	if err != nil {
		return nil, err
	}
	return b.mortal.dns(challenge.NewDNS(challenge.DNSConfig{
		Provider: provider, Zones: zones, Thumbprint: thumbprint, Propagation: b.Propagation,
	})), nil
}
