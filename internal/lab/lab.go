package lab

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/issue"
)

// Issuer is the CA's identity in CAA records.
const Issuer = "ca.test"

// Options shape a Lab. The zero value is a healthy one.
type Options struct {
	// Dir holds settings, account key, store and certificates. It must exist.
	Dir string
	// Validity of what the CA issues; 0: 90 days.
	Validity time.Duration
	// Profiles are offered instead of the default one, with their validity.
	Profiles map[string]time.Duration
	// AlwaysValid lets the CA skip its own validation.
	AlwaysValid bool
	// CRL: certificates name a list of what the CA revoked.
	CRL bool
}

// Lab is a running lab.
type Lab struct {
	CA   *ca.CA
	DNS  *dns.Server
	Git  *git.HTTP
	Edge *edge.Edge
	// Dir is the folder of the Options.
	Dir string
	// Extra is put at the end of the settings by [Lab.WriteSettings].
	Extra string

	others  []*ca.CA
	trusted []byte // further roots, as PEM
	parts   []io.Closer
}

// New starts a lab in which the name of every app resolves nowhere yet; see
// [Lab.Point].
func New(o Options) (*Lab, error) {
	l := &Lab{Dir: o.Dir}
	if err := l.start(o); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the lab: %w", err), l.Close())
	}
	l.DNS.Set("*.dns.platform.example", "A 127.0.0.1")
	return l, nil
}

func (l *Lab) start(o Options) (err error) {
	if l.DNS, err = dns.New(); err != nil {
		return err
	}
	l.parts = append(l.parts, l.DNS)
	key, err := issue.CreateAccountKey(l.path("account.pem"))
	if err != nil {
		return err
	}
	thumbprint, err := issue.Thumbprint(key)
	if err != nil {
		return err
	}
	if l.Edge, err = edge.New(edge.Options{Thumbprint: thumbprint, Dir: l.LiveDir()}); err != nil {
		return err
	}
	l.parts = append(l.parts, l.Edge)
	l.CA, err = ca.New(ca.Options{
		Resolver: l.DNS.Addr(), HTTPPort: l.Edge.HTTPPort(), TLSPort: l.Edge.TLSPort(),
		ValidityPeriod: o.Validity, Profiles: o.Profiles, AlwaysValid: o.AlwaysValid, CRL: o.CRL, CAAIdentities: []string{Issuer},
	})
	if err != nil {
		return err
	}
	l.parts = append(l.parts, l.CA)
	if l.Git, err = git.NewHTTP(git.Options{User: "acmsync", Password: password}); err != nil {
		return err
	}
	l.parts = append(l.parts, l.Git)
	return errors.Join(
		os.WriteFile(l.path("git-token"), []byte(password+"\n"), 0o600),
		os.WriteFile(l.path("ca.pem"), l.CA.RootPEM(), 0o600),
	)
}

// Another starts a CA beside the first, that looks where that one does. It ends
// with the lab.
func (l *Lab) Another(o ca.Options) (*ca.CA, error) {
	o.Resolver, o.HTTPPort, o.TLSPort = l.DNS.Addr(), l.Edge.HTTPPort(), l.Edge.TLSPort()
	other, err := ca.New(o)
	if err == nil {
		l.parts, l.others = append(l.parts, other), append(l.others, other)
	}
	return other, err
}

// Trust has [Lab.Handshake] trust a further root, in PEM.
func (l *Lab) Trust(root []byte) { l.trusted = append(l.trusted, root...) }

// password opens the lab's git server, and nothing else anywhere.
const password = "lab-token"

// Close stops everything. What lies in Dir stays.
func (l *Lab) Close() error {
	var errs []error
	for i := len(l.parts) - 1; i >= 0; i-- {
		errs = append(errs, l.parts[i].Close())
	}
	l.parts = nil
	return errors.Join(errs...)
}

func (l *Lab) path(name string) string { return filepath.Join(l.Dir, name) }

// LiveDir is the deploy folder, which the edge serves from.
func (l *Lab) LiveDir() string { return l.path("live") }

// StoreURL is the store of the settings.
func (l *Lab) StoreURL() string { return "sqlite://" + l.path("state/acmsync.db") }

// SettingsPath is where [Lab.WriteSettings] writes.
func (l *Lab) SettingsPath() string { return l.path("acmsync.yaml") }

// Point gives names the CNAME that the platform asks for.
func (l *Lab) Point(names ...string) {
	for _, name := range names {
		l.DNS.Set(name, "CNAME "+name+".dns.platform.example.")
	}
}

// PointApex gives names the platform's address, as an apex needs it.
func (l *Lab) PointApex(names ...string) {
	for _, name := range names {
		l.DNS.Set(name, "A 127.0.0.1")
	}
}

// WriteSettings writes the acmsync.yaml of this lab and returns its path.
func (l *Lab) WriteSettings() (string, error) {
	return l.SettingsPath(), os.WriteFile(l.SettingsPath(), []byte(l.Settings()), 0o600)
}

// Settings are the operator's settings that fit the lab.
func (l *Lab) Settings() string {
	return fmt.Sprintf(`repository:
  url: %s
  auth: {username: acmsync, tokenFile: %s}
acme:
  directory: %s
  email: ops@platform.example
  acceptTerms: true
  accountKeyFile: %s
  caFile: %s
platform:
  target: "{domain}.dns.platform.example"
  addresses: [127.0.0.1]
  legacyTargets: ["*.oldplatform.example"]
  resolvers: ["%s"]
  probePort: %d
  servedPort: %d
  probeAllow: [127.0.0.0/8]
store: {url: "%s"}
deploy:
  - {name: edge, files: {dir: %s}}
%s`, l.Git.URL(), l.path("git-token"), l.CA.URL(), l.path("account.pem"), l.path("ca.pem"),
		l.DNS.Addr(), l.Edge.HTTPPort(), l.Edge.TLSPort(), l.StoreURL(), l.LiveDir(), l.Extra)
}
