package main

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/settings"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/issue"
	"github.com/acmsync/acmsync/spec"
	"github.com/acmsync/acmsync/verify"
)

// scene is what names are held against, and with what they are looked at.
type scene struct {
	config   verify.Config
	platform record.Platform
	// challenge is the platform's default.
	challenge string
	// claims are by the canonical name.
	claims map[string]operate.Subject
}

// subject is a name with what is known of it.
func (s scene) subject(written string) operate.Subject {
	name, _, err := spec.CanonicalName(written)
	claim, claimed := s.claims[name]
	if err != nil || !claimed {
		return operate.Subject{Name: written, Challenge: s.challenge}
	}
	claim.Name = written
	return claim
}

// surroundings are the settings' if there are any, else the clone's around us,
// and what flags say.
func (f verifyFlags) surroundings(ctx context.Context, o *options) (scene, error) {
	s := scene{
		config:   verify.Config{Resolvers: []string{"8.8.8.8:53", "1.1.1.1:53"}},
		platform: record.Platform{ProbePort: 80, ServedPort: 443}, claims: map[string]operate.Subject{},
	}
	if o.given() {
		if err := s.installed(ctx, o); err != nil {
			return s, err
		}
	} else if said, known := operate.ClonePlatform(ctx, ".", "acm-status"); known {
		s.platform, s.challenge = said.Platform, said.DefaultChallenge
		s.checkedOut(ctx)
	} else {
		s.platform.CAAIdentities = []string{"letsencrypt.org"}
	}
	if f.target != "" {
		for name, claim := range s.claims {
			claim.Target = ""
			s.claims[name] = claim
		}
	}
	if err := f.override(&s.platform); err != nil {
		return s, err
	}
	if len(f.resolvers) > 0 {
		s.config.Resolvers = nil
	}
	for _, text := range f.resolvers {
		resolver, err := settings.ParseResolver(text)
		if err != nil {
			return s, fmt.Errorf("--resolver: %w", err)
		}
		s.config.Resolvers = append(s.config.Resolvers, resolver)
	}
	return s, nil
}

// installed is what settings and store say.
func (s *scene) installed(ctx context.Context, o *options) error {
	p, err := o.platform(ctx)
	if err != nil {
		return err
	}
	s.platform = p.policy(nil).Platform
	if len(s.platform.CAAIdentities) == 0 && letsEncrypt(p.settings.ACME.Directory) {
		s.platform.CAAIdentities = []string{"letsencrypt.org"} // until its directory was read
	}
	s.config.Resolvers, s.config.ProbeAllow = p.settings.Platform.Resolvers, p.settings.Platform.ProbeAllow
	s.challenge = p.settings.Challenge.Default
	for _, d := range rows(ctx, p.settings.Store.URL) {
		for _, name := range d.Names {
			s.claims[name] = operate.Subject{App: d.App, Target: d.Target, Challenge: cmp.Or(d.Challenge, s.challenge), Proven: d.Proven.App == d.App}
		}
	}
	return nil
}

// rows are what the store knows of domains; none where it cannot be read, which
// others tell.
func rows(ctx context.Context, url string) []record.Domain {
	db, err := store.Open(ctx, url, store.Options{ReadOnly: true})
	if err != nil {
		return nil
	}
	defer db.Close()
	domains, _, _ := db.Domains(ctx)
	return domains
}

// checkedOut is what the files of this folder say; those that cannot be read say
// nothing.
func (s *scene) checkedOut(ctx context.Context) {
	files, err := operate.Folder(".")
	if err != nil {
		return
	}
	proven := operate.CloneProven(ctx, ".", "acm-status")
	for _, parsed := range spec.Parse(files, spec.Options{}) {
		for _, app := range parsed.Apps {
			for _, d := range app.Domains {
				claim := operate.SubjectOf(app, d, s.challenge)
				claim.Proven = proven[d.Name] == app.Name
				s.claims[d.Name] = claim
			}
		}
	}
}

// override puts what flags say of the platform in the place of what was known.
func (f verifyFlags) override(p *record.Platform) (err error) {
	for _, text := range f.addresses {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return fmt.Errorf("--address %s: must be an IP address, like 203.0.113.10", text)
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
			return fmt.Errorf("--thumbprint %s: must be the 43 characters that acmsync doctor shows of the account key", f.thumbprint)
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
