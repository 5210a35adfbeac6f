package settings

import (
	"fmt"
	"net/netip"
	"time"
)

// Settings is the operator's file with the defaults filled in. But for
// [Variables] it holds no secrets, only the paths of the files that do.
type Settings struct {
	// Path is the file it was read from; empty when there was none.
	Path       string
	Repository Repository
	Status     Status
	ACME       ACME
	Challenge  Challenge
	Platform   Platform
	Policy     Policy
	Store      Store
	// Deploy are the targets, every one of which gets every certificate.
	Deploy []Deploy
	Daemon Daemon
	// Warnings are sentences worth telling that stop nothing.
	Warnings []string
}

// Repository is where desired state is read.
type Repository struct {
	// URL is https://, ssh://, scp-style, http:// to loopback, or an absolute
	// local path; it never holds a password.
	URL    string
	Branch string
	// Path is the folder of apps.yaml, with slashes; "." is the root.
	Path   string
	Auth   Auth
	Author Author
	// SigningKeyFile is the key that commits are signed with; empty: they are
	// not.
	SigningKeyFile string
	// AllowedSignersFile says whose changes of desired state are taken; empty:
	// anybody's who can push.
	AllowedSignersFile string
}

// Auth is how the repository is reached; every File is a path, or empty.
type Auth struct {
	Username, TokenFile, SSHKeyFile, KnownHostsFile, CAFile string
}

// Author signs for status commits.
type Author struct{ Name, Email string }

// Status is where the report is committed.
type Status struct {
	Branch string
	// Path is the folder of the report within the branch, with slashes.
	Path string
	// Shard is auto, true or false.
	Shard string
}

// ACME is the CA and our account there.
type ACME struct {
	// Directory is the URL of the CA's directory (RFC 8555, section 7.1.1).
	Directory      string
	Email          string
	AcceptTerms    bool
	AccountKeyFile string
	// KeyType is ec256, ec384, rsa2048, rsa3072 or rsa4096.
	KeyType string
	// CommonName asks for a common name in each certificate.
	CommonName bool
	// CAFile is the root of the directory's own TLS; empty: the system's.
	CAFile string
	EAB    EAB
	Limits Limits
	// Fallback are the CAs that are asked in turn while this one cannot serve an
	// order, by the same account key and on the same terms.
	Fallback []Fallback
}

// Fallback is one more CA. An empty Email is that of the first.
type Fallback struct {
	Directory, Email, CAFile string
	EAB                      EAB
	Limits                   Limits
}

// EAB is an external account binding (RFC 8555, section 7.3.4); the zero value
// is none.
type EAB struct{ KID, HMACFile string }

// Limits override what the CA publishes; a zero Limit keeps the published one.
type Limits struct {
	NewOrders, CertificatesPerDomain, SameNames, FailedAuthorizations, ConsecutiveFailures Limit
	// Renewals is exempt or counted; empty: exempt at Let's Encrypt only.
	Renewals string
	Requests Requests `json:",omitzero"`
}

// Requests are the limits on requests, by what they ask for.
type Requests struct {
	Directory, NewNonce, NewAccount, NewOrder, RevokeCert, RenewalInfo, Other Limit
}

// Limit is so many of a thing in so long a time, written 300/3h; Off, written
// none, switches the limit off.
type Limit struct {
	Count int
	Per   time.Duration
	Off   bool
}

// Challenge is how the CA's validation is answered.
type Challenge struct {
	// Default is the method of domains that name none; http-01.
	Default string
	// Mode is stateless, listen or webroot.
	Mode string
	// Listen is the address of mode listen.
	Listen string
	// Dir is the folder of mode webroot.
	Dir   string
	DNS01 DNS01
}

// DNS01 is who writes the TXT records of dns-01; without a Provider, nobody.
type DNS01 struct {
	// Provider is rfc2136, exec or httpreq.
	Provider string
	// Env are the provider's variables. Paths in it are absolute.
	Env Variables
	// PropagationTimeout is how long all name servers may take to have what was
	// written.
	PropagationTimeout time.Duration
}

// Variables may hold secrets, where the operator did not keep them in files.
type Variables map[string]string

// String tells how many there are, and nothing of them.
func (v Variables) String() string { return fmt.Sprintf("%d variables", len(v)) }

// GoString is String.
func (v Variables) GoString() string { return v.String() }

// Platform is what domains must point at, and how that is looked at.
type Platform struct {
	Target          string
	Addresses       []netip.Addr
	LegacyTargets   []string
	IneligiblePlans []string
	// Resolvers are host:port, asked in turn.
	Resolvers             []string
	ProbePort, ServedPort int
	// ProbeAllow are ranges the prober may dial although they are not public.
	ProbeAllow []netip.Prefix
}

// Policy is how certificates are looked after.
type Policy struct {
	// RenewAt is the fraction of its lifetime after which a certificate is
	// renewed; 0: not set, so the default for its lifetime holds.
	RenewAt                float64
	FailAfter, NotifyAfter time.Duration
	// RevokeAfter is the grace after a domain left; NeverRevoke: no revocation.
	RevokeAfter time.Duration
	NeverRevoke bool
	// MaxRemovals is a fraction: 0.10 for 10%.
	MaxRemovals      float64
	MaxDomainsPerApp int
	AllowWildcards   bool
	// VerifyOwnership asks for a TXT record before the first certificate.
	VerifyOwnership bool `json:",omitempty"`
	Concurrency     int
}

// Store is where what must survive is kept.
type Store struct {
	URL string
	// IsDefault: nobody chose the URL.
	IsDefault bool
	// IdentityFile holds the age identity that the keys of certificates which
	// owners bring along are encrypted to; empty: there is none.
	IdentityFile string
}

// Deploy is one target of kind files.
type Deploy struct {
	Name string
	Dir  string
	// Hook is a command as a list of arguments; nil: none. No shell runs it.
	Hook        []string
	HookTimeout time.Duration
}

// Daemon is how `acmsync run` goes about it.
type Daemon struct{ Interval time.Duration }

// SameBranch reports whether status is committed to the branch it is about.
func (s Settings) SameBranch() bool { return s.Status.Branch == s.Repository.Branch }

// String names the file, the repository and the CA, which is enough for a log
// line; the rest of the settings stays out of logs.
func (s Settings) String() string {
	return fmt.Sprintf("settings %s (repository %s, directory %s)", s.Path, s.Repository.URL, s.ACME.Directory)
}

// GoString is String, so that %#v shows no more than %v.
func (s Settings) GoString() string { return s.String() }

// defaults are the settings that nobody wrote.
func defaults() Settings {
	return Settings{
		Repository: Repository{Branch: "main", Path: ".", Author: Author{Name: "acmsync", Email: "acmsync@localhost"}},
		Status:     Status{Branch: "acm-status", Shard: "auto"},
		ACME: ACME{
			Directory:      directories["letsencrypt"],
			AccountKeyFile: "/var/lib/acmsync/account.pem",
			KeyType:        "ec256",
		},
		Challenge: Challenge{Default: "http-01", Mode: "stateless", Listen: ":80", DNS01: DNS01{PropagationTimeout: 5 * time.Minute}},
		Platform:  Platform{Resolvers: []string{"8.8.8.8:53"}, ProbePort: 80, ServedPort: 443, IneligiblePlans: []string{"free"}},
		Policy: Policy{
			FailAfter:      time.Hour,
			NotifyAfter:    72 * time.Hour,
			RevokeAfter:    24 * time.Hour,
			MaxRemovals:    0.10,
			AllowWildcards: true,
			Concurrency:    16,
		},
		Store:  Store{URL: "sqlite:///var/lib/acmsync/acmsync.db", IsDefault: true},
		Daemon: Daemon{Interval: 5 * time.Minute},
	}
}

// directories are the CAs that have a short name.
var directories = map[string]string{
	"letsencrypt":         "https://acme-v02.api.letsencrypt.org/directory",
	"letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
}
