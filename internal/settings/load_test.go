package settings_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/acmsync/acmsync/internal/settings"
)

const minimal = `repository: {url: "https://git.example.com/platform/domains.git"}
acme: {email: ops@example.com, acceptTerms: true}
platform: {target: "{domain}.dns.example.net"}
`

var sameAddresses = cmp.Options{
	cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}),
}

func load(t *testing.T, text string) (settings.Settings, error) {
	t.Helper()
	return settings.Load(settings.Source{Path: "acmsync.yaml", Bytes: []byte(text)})
}

func mustLoad(t *testing.T, src settings.Source) settings.Settings {
	t.Helper()
	s, err := settings.Load(src)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMinimumGetsTheDefaults(t *testing.T) {
	t.Parallel()
	got := mustLoad(t, settings.Source{Path: "acmsync.yaml", Bytes: []byte(minimal)})
	want := settings.Settings{
		Path: "acmsync.yaml",
		Repository: settings.Repository{
			URL: "https://git.example.com/platform/domains.git", Branch: "main", Path: ".",
			Author: settings.Author{Name: "acmsync", Email: "acmsync@localhost"},
		},
		Status: settings.Status{Branch: "acm-status", Path: ".", Shard: "auto"},
		ACME: settings.ACME{
			Directory: "https://acme-v02.api.letsencrypt.org/directory", Email: "ops@example.com", AcceptTerms: true,
			AccountKeyFile: "/var/lib/acmsync/account.pem", KeyType: "ec256",
		},
		Challenge: settings.Challenge{Default: "http-01", Mode: "stateless", Listen: ":80", DNS01: settings.DNS01{PropagationTimeout: 5 * time.Minute}},
		Platform: settings.Platform{
			Target: "{domain}.dns.example.net", IneligiblePlans: []string{"free"},
			Resolvers: []string{"8.8.8.8:53"}, ProbePort: 80, ServedPort: 443,
		},
		Policy: settings.Policy{
			FailAfter: time.Hour, NotifyAfter: 72 * time.Hour, RevokeAfter: 24 * time.Hour,
			MaxRemovals: 0.10, AllowWildcards: true, Concurrency: 16,
		},
		Store:  settings.Store{URL: "sqlite:///var/lib/acmsync/acmsync.db", IsDefault: true},
		Daemon: settings.Daemon{Interval: 5 * time.Minute},
	}
	if diff := cmp.Diff(want, got, sameAddresses); diff != "" {
		t.Error(diff)
	}
}

// everything sets every setting to what is not its default.
const everything = `
repository:
  url: git@git.example.com:platform/domains.git
  branch: live
  path: config/acm/
  auth: {username: bot, tokenFile: token, sshKeyFile: ssh, knownHostsFile: hosts, caFile: git-ca}
  author: {name: Bot, email: bot@example.com}
status: {branch: st, path: report, shard: true}
acme:
  directory: letsencrypt-staging
  email: ops@example.com
  acceptTerms: true
  accountKeyFile: keys/account.pem
  profile: ""
  keyType: rsa2048
  commonName: true
  caFile: acme-ca
  eab: {kid: k1, hmacFile: hmac}
  limits: {newOrders: 10/1h, certificatesPerDomain: 5/7d, sameNames: none, failedAuthorizations: 2/90m}
challenge:
  default: dns-01
  http01: {mode: webroot, listen: "127.0.0.1:8080", dir: www}
  dns01: {provider: rfc2136, env: {DNSUPDATE_NAMESERVER: ns1.example.net, DNSUPDATE_TSIG_SECRET_FILE: token}, propagationTimeout: 90s}
platform:
  target: Edge.Example.NET.
  addresses: [203.0.113.10, "2001:db8::1"]
  legacyTargets: ["*.old.example", gone.example]
  ineligiblePlans: []
  resolvers: [9.9.9.9, "127.0.0.1:5353", "::1"]
  probePort: 8080
  servedPort: 8443
  probeAllow: [10.1.2.3/8]
policy: {renewAt: 1/2, failAfter: 2h, notifyAfter: 0s, revokeAfter: never, maxRemovals: 25%, maxDomainsPerApp: 100, allowWildcards: false, verifyOwnership: true, concurrency: 4}
store: {url: "sqlite://state/acmsync.db"}
deploy:
  - {name: edge, files: {dir: live}, hook: [nginx, -s, reload], hookTimeout: 5s}
  - {name: spare, files: {dir: /srv/spare}}
daemon: {interval: 1d}
`

func TestEverySettingIsRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"token", "ssh", "hosts", "git-ca", "acme-ca", "hmac"} {
		write(t, filepath.Join(dir, name), "x")
	}
	if err := os.Mkdir(filepath.Join(dir, "www"), 0o700); err != nil {
		t.Fatal(err)
	}
	got := mustLoad(t, settings.Source{Path: filepath.Join(dir, "acmsync.yaml"), Bytes: []byte(everything)})
	if diff := cmp.Diff(everythingIn(dir), got, sameAddresses); diff != "" {
		t.Error(diff)
	}
}

// everythingIn is what the text means in a file in dir.
func everythingIn(dir string) settings.Settings {
	in := func(name string) string { return filepath.Join(dir, name) }
	return settings.Settings{
		Path: in("acmsync.yaml"),
		Repository: settings.Repository{
			URL: "git@git.example.com:platform/domains.git", Branch: "live", Path: "config/acm",
			Auth:   settings.Auth{Username: "bot", TokenFile: in("token"), SSHKeyFile: in("ssh"), KnownHostsFile: in("hosts"), CAFile: in("git-ca")},
			Author: settings.Author{Name: "Bot", Email: "bot@example.com"},
		},
		Status: settings.Status{Branch: "st", Path: "report", Shard: "true"},
		ACME: settings.ACME{
			Directory: "https://acme-staging-v02.api.letsencrypt.org/directory", Email: "ops@example.com", AcceptTerms: true,
			AccountKeyFile: in("keys/account.pem"), KeyType: "rsa2048", CommonName: true, CAFile: in("acme-ca"),
			EAB: settings.EAB{KID: "k1", HMACFile: in("hmac")},
			Limits: settings.Limits{
				NewOrders: settings.Limit{Count: 10, Per: time.Hour}, CertificatesPerDomain: settings.Limit{Count: 5, Per: 7 * 24 * time.Hour},
				SameNames: settings.Limit{Off: true}, FailedAuthorizations: settings.Limit{Count: 2, Per: 90 * time.Minute},
			},
		},
		Challenge: settings.Challenge{
			Default: "dns-01", Mode: "webroot", Listen: "127.0.0.1:8080", Dir: in("www"),
			DNS01: settings.DNS01{
				Provider: "rfc2136", PropagationTimeout: 90 * time.Second,
				Env: settings.Variables{"DNSUPDATE_NAMESERVER": "ns1.example.net", "DNSUPDATE_TSIG_SECRET_FILE": in("token")},
			},
		},
		Platform: settings.Platform{
			Target:    "edge.example.net",
			Addresses: []netip.Addr{netip.MustParseAddr("203.0.113.10"), netip.MustParseAddr("2001:db8::1")}, LegacyTargets: []string{"*.old.example", "gone.example"},
			IneligiblePlans: []string{}, Resolvers: []string{"9.9.9.9:53", "127.0.0.1:5353", "[::1]:53"}, ProbePort: 8080, ServedPort: 8443,
			ProbeAllow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		},
		Policy: settings.Policy{
			RenewAt: 0.5, FailAfter: 2 * time.Hour, NeverRevoke: true, MaxRemovals: 0.25,
			MaxDomainsPerApp: 100, VerifyOwnership: true, Concurrency: 4,
		},
		Store: settings.Store{URL: "sqlite://" + in("state/acmsync.db")},
		Deploy: []settings.Deploy{
			{Name: "edge", Dir: in("live"), Hook: []string{"nginx", "-s", "reload"}, HookTimeout: 5 * time.Second},
			{Name: "spare", Dir: "/srv/spare", HookTimeout: 30 * time.Second},
		},
		Daemon: settings.Daemon{Interval: 24 * time.Hour},
	}
}

func TestEnvironmentOverridesFileAndFlagsOverrideBoth(t *testing.T) {
	t.Parallel()
	got := mustLoad(t, settings.Source{
		Path: "acmsync.yaml", Bytes: []byte(minimal),
		Env: map[string]string{
			"ACMSYNC_ACME_EMAIL":            "env@example.com",
			"ACMSYNC_ACME_ACCOUNT_KEY_FILE": "/run/account.pem",
			"ACMSYNC_PLATFORM_ADDRESSES":    "203.0.113.1, 203.0.113.2",
			"ACMSYNC_POLICY_REVOKE_AFTER":   "0s",
			"ACMSYNC_PORT":                  "tcp://10.0.0.1:8402",
			"ACMSYNC_CONFIG":                "elsewhere.yaml",
			"HOME":                          "/root",
		},
		Flags: map[string]string{"acme.email": "flag@example.com"},
	})
	if got.ACME.Email != "flag@example.com" || got.ACME.AccountKeyFile != "/run/account.pem" ||
		len(got.Platform.Addresses) != 2 || got.Policy.RevokeAfter != 0 || got.Policy.NeverRevoke {
		t.Errorf("got %+v", got.ACME)
	}
}

// TestEmptyVariablesAreNotSet: `ACMSYNC_X=` leaves the file's value, or the
// default, alone, and is no typo either.
func TestEmptyVariablesAreNotSet(t *testing.T) {
	t.Parallel()
	env := map[string]string{"ACMSYNC_ACME_EMIAL": ""}
	src := settings.Source{Path: "acmsync.yaml", Bytes: []byte(minimal + "policy: {concurrency: 4}\n")}
	want := mustLoad(t, src)
	for _, key := range settings.Keys() {
		env[settings.EnvName(key)] = ""
	}
	src.Env = env
	if diff := cmp.Diff(want, mustLoad(t, src), sameAddresses); diff != "" {
		t.Errorf("empty variables change the settings: %s", diff)
	}
}

func TestWithoutAFileTheEnvironmentMustHoldTheMinimum(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "acmsync.yaml")
	_, err := settings.Load(settings.Source{Path: path})
	if err == nil || !strings.Contains(err.Error(), "there is no "+path) || strings.Count(err.Error(), "\n") != 3 {
		t.Errorf("no file, no environment: %v", err)
	}
	mustLoad(t, settings.Source{Path: path, Env: map[string]string{
		"ACMSYNC_REPOSITORY_URL": "https://git.example.com/x.git", "ACMSYNC_ACME_EMAIL": "a@example.com",
		"ACMSYNC_ACME_ACCEPT_TERMS": "true", "ACMSYNC_PLATFORM_TARGET": "edge.example.net",
	}})
	if _, err := settings.Load(settings.Source{Path: path, Named: true}); err == nil || strings.Count(err.Error(), "\n") != 0 {
		t.Errorf("a named file that does not exist: %v", err)
	}
}

func TestEnvNamesAreUnique(t *testing.T) {
	t.Parallel()
	by := map[string]string{}
	for _, key := range settings.Keys() {
		name := settings.EnvName(key)
		if other, taken := by[name]; taken {
			t.Errorf("%s and %s are both %s", key, other, name)
		}
		by[name] = key
	}
	if by["ACMSYNC_CHALLENGE_HTTP01_MODE"] != "challenge.http01.mode" {
		t.Error("challenge.http01.mode is not ACMSYNC_CHALLENGE_HTTP01_MODE")
	}
}

func TestFingerprintFollowsDecisionsOnly(t *testing.T) {
	t.Parallel()
	base := mustLoad(t, settings.Source{Path: "acmsync.yaml", Bytes: []byte(minimal)}).Fingerprint()
	for flag, changes := range map[string]bool{
		"policy.renewAt=1/2": true, "policy.revokeAfter=never": true, "platform.addresses=203.0.113.9": true,
		"acme.directory=letsencrypt-staging": true, "platform.legacyTargets=a.example": true, "acme.limits.newOrders=1/1h": true,
		"policy.concurrency=3": false, "acme.email=x@example.com": false, "daemon.interval=1h": false, "acme.keyType=rsa2048": false,
		"acme.limits.requests.newOrder=30/1s": false,
	} {
		key, val, _ := strings.Cut(flag, "=")
		got := mustLoad(t, settings.Source{Path: "acmsync.yaml", Bytes: []byte(minimal), Flags: map[string]string{key: val}})
		if (got.Fingerprint() != base) != changes {
			t.Errorf("%s: changed %v, want %v", flag, !changes, changes)
		}
	}
}

// Another folder has nothing yet, whatever the target is called.
func TestFingerprintFollowsTheFolder(t *testing.T) {
	t.Parallel()
	in := func(dir string) string {
		text := minimal + "deploy: [{name: edge, files: {dir: " + dir + "}}]\n"
		return mustLoad(t, settings.Source{Path: "acmsync.yaml", Bytes: []byte(text)}).Fingerprint()
	}
	if in("/live") == in("/elsewhere") {
		t.Error("the fingerprint does not follow files.dir")
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(minimal))
	f.Add([]byte("a: &x [*x]\n---\n<<: 1"))
	f.Add([]byte("deploy: [{name: a, files: {dir: b}, hook: []}, 5, null]"))
	f.Fuzz(func(t *testing.T, content []byte) {
		_, err := settings.Load(settings.Source{Path: "acmsync.yaml", Bytes: append([]byte{}, content...)})
		if err != nil && strings.TrimSpace(err.Error()) == "" {
			t.Error("an error without a message")
		}
	})
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
