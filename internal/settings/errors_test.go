package settings_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/settings"
)

func TestAllErrorsAtOnceInTheOrderOfTheFile(t *testing.T) {
	t.Parallel()
	_, err := load(t, `repository: {url: "https://bot:secret@git.example.com/x.git", brunch: main}
acme:
  email: nobody
  acceptTerms: yes
  keyTyp: ec256
polcy: {renewAt: 2/3}
policy:
  renewAt: 3/2
  failAfter: 60
  concurrency: 0
  concurrency: 5
  maxRemovals: 10
platform: [a]
`)
	want := []string{
		`acmsync.yaml:1:19: repository.url: must not hold a password: put it into a file and name that in repository.auth.tokenFile`,
		`acmsync.yaml:1:63: repository.brunch: no such setting; did you mean repository.branch?`,
		`acmsync.yaml:3:10: acme.email: must be one mail address, like ops@example.com, got "nobody"`,
		`acmsync.yaml:4:16: acme.acceptTerms: must be true or false, got "yes"`,
		`acmsync.yaml:5:3: acme.keyTyp: no such setting; did you mean acme.keyType?`,
		`acmsync.yaml:6:1: polcy: no such setting; did you mean policy?`,
		`acmsync.yaml:8:12: policy.renewAt: must be a fraction between 0 and 1, like 2/3 or 0.66, got "3/2"`,
		`acmsync.yaml:9:14: policy.failAfter: must be a duration with a unit, like 30s, 5m, 72h or 7d, got "60"`,
		`acmsync.yaml:10:16: policy.concurrency: must be a whole number from 1 to 1000, got "0"`,
		`acmsync.yaml:11:3: policy.concurrency: is already written on line 10: keep one of the two`,
		`acmsync.yaml:12:16: policy.maxRemovals: must be a percentage from 0% to 100%, like 10%, got "10"`,
		`acmsync.yaml:13:11: platform: must be a group of fields, not a list`,
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), err.Error()); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Error("the password is in the message")
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ add, want string }{
		"unknown at the top":        {"email: x", "acmsync.yaml:4:1: email: no such setting; did you mean acme.email?"},
		"unknown without likeness":  {"zzz: x", "acmsync.yaml:4:1: zzz: no such setting"},
		"second document":           {"---\na: 1", "acmsync.yaml:4:1: one document only: remove the second, after ---"},
		"anchor":                    {"status: &a {branch: b}", "acmsync.yaml:4:9: status: anchors (&name) are not allowed; write the value out"},
		"tag":                       {"status: {branch: !!str b}", "acmsync.yaml:4:18: status.branch: tags (!!str) are not allowed"},
		"syntax":                    {"status: [", "acmsync.yaml:4:1: not valid YAML: no value where one must be"},
		"no value":                  {"status: {branch: }", "acmsync.yaml:4:18: status.branch: has no value: give it one or remove the line"},
		"list for a value":          {"status: {branch: [a]}", "acmsync.yaml:4:18: status.branch: must be a single value, not a list"},
		"value for a list":          {"deploy: {name: x}", "acmsync.yaml:4:9: deploy: must be a list, like [a, b], not a group of fields"},
		"bad branch":                {"status: {branch: a..b}", `acmsync.yaml:4:18: status.branch: must be the name of a branch, like main, got "a..b"`},
		"path upwards":              {"status: {path: ../x}", `acmsync.yaml:4:16: status.path: must be a folder within the repository, like . or config/acm, got "../x"`},
		"notify":                    {"notify: [{url: x}]", "acmsync.yaml:4:9: notify: is not in this release; remove it"},
		"forge":                     {"forge: {kind: github}", "acmsync.yaml:4:8: forge: is not in this release; remove it"},
		"store.git":                 {"store: {git: {branch: acm-vault}}", "acmsync.yaml:4:14: store.git: is not in this release; remove it"},
		"postgres":                  {`store: {url: "postgres://u:pw@h/db"}`, "acmsync.yaml:4:14: store.url: postgres:// is not in this release; use sqlite:///path/to/acmsync.db"},
		"identity":                  {"store: {identityFile: /no/such/file}", "acmsync.yaml:4:23: store.identityFile: /no/such/file cannot be read: no such file or directory"},
		"web page":                  {"daemon: {listen: ':8402'}", "acmsync.yaml:4:18: daemon.listen: is not in this release; remove it"},
		"dns-01":                    {"challenge: {default: dns-01}", "acmsync.yaml:4:22: challenge.default: dns-01 needs challenge.dns01.provider: rfc2136, exec or httpreq"},
		"dns provider":              {"challenge: {dns01: {provider: x}}", `acmsync.yaml:4:31: challenge.dns01.provider: must be one of rfc2136, exec, httpreq, got "x"`},
		"tls-alpn-01":               {"challenge: {default: tls-alpn-01}", "acmsync.yaml:4:22: challenge.default: tls-alpn-01 is not in this release; use http-01 or dns-01"},
		"variables, no provider":    {"challenge: {dns01: {env: {EXEC_MODE: RAW}}}", "acmsync.yaml:4:13: challenge.dns01.provider: is missing: rfc2136, exec or httpreq"},
		"variables in a list":       {"challenge: {dns01: {provider: exec, env: [a]}}", "acmsync.yaml:4:42: challenge.dns01.env: must be a group of variables, like {DNSUPDATE_NAMESERVER: ns1.example.net}"},
		"a variable's name":         {"challenge: {dns01: {provider: exec, env: {path: /x}}}", `acmsync.yaml:4:42: challenge.dns01.env: "path" is not the name of a variable, like DNSUPDATE_NAMESERVER`},
		"a variable twice":          {"challenge: {dns01: {provider: exec, env: {A: secret, A: secret}}}", "acmsync.yaml:4:42: challenge.dns01.env: A is written twice"},
		"a variable's file":         {"challenge: {dns01: {provider: exec, env: {A_FILE: /no/such/file}}}", "acmsync.yaml:4:42: challenge.dns01.env: A_FILE: /no/such/file cannot be read: no such file or directory"},
		"ownership":                 {"policy: {verifyOwnership: yes}", `acmsync.yaml:4:27: policy.verifyOwnership: must be true or false, got "yes"`},
		"another kind of target":    {"deploy: [{name: a, haproxy: {socket: x}}]", "acmsync.yaml:4:29: deploy[0].haproxy: is not in this release; remove it"},
		"target without folder":     {"deploy: [{name: a}]", "acmsync.yaml:4:10: deploy[0]: needs files: {dir: …}, the folder that gets the certificates"},
		"two targets of one name":   {"deploy: [{name: a, files: {dir: x}}, {name: a, files: {dir: y}}]", "acmsync.yaml:4:38: deploy[1].name: a is already the name of another target"},
		"two targets in one folder": {"deploy: [{name: a, files: {dir: x}}, {name: b, files: {dir: ./x}}]", "acmsync.yaml:4:38: deploy[1].files.dir: "},
		"shell hook":                {"deploy: [{name: a, files: {dir: x}, hook: nginx -s reload}]", "acmsync.yaml:4:43: deploy[0].hook: must be a list, like [a, b], not a single value"},
		"empty hook":                {"deploy: [{name: a, files: {dir: x}, hook: []}]", "acmsync.yaml:4:10: deploy[0].hook: must be a command and its arguments, like [nginx, -s, reload]"},
		"status over desired state": {"status: {branch: main, path: .}", "acmsync.yaml:4:30: status.path: . overlaps with desired state (apps.yaml and apps)"},
		"status within apps":        {"status: {branch: main, path: apps}", "acmsync.yaml:4:30: status.path: apps overlaps"},
		"webroot without folder":    {"challenge: {http01: {mode: webroot}}", "acmsync.yaml:4:13: challenge.http01.dir: is missing"},
		"webroot folder not there":  {"challenge: {http01: {mode: webroot, dir: nowhere}}", "acmsync.yaml:4:42: challenge.http01.dir: "},
		"quoted bool":               {`policy: {allowWildcards: "true"}`, `acmsync.yaml:4:26: policy.allowWildcards: must be written without quotes, got "true"`},
		"negative grace":            {"policy: {revokeAfter: -1h}", "acmsync.yaml:4:23: policy.revokeAfter: must be a duration with a unit"},
		"store without scheme":      {"store: {url: '/var/lib/x.db'}", "acmsync.yaml:4:14: store.url: must be sqlite:// and a path"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, minimal+c.add+"\n")
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestACMEAndPlatformErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, new, want string }{
		"directory misspelt":     {"{email", "{directory: letsencript, email", "; did you mean letsencrypt?"},
		"directory without TLS":  {"{email", `{directory: "http://ca.example/dir", email`, "must be an https:// URL, like https://ca.example.com/acme/directory (RFC 8555, section 6.1)"},
		"profile":                {"{email", "{profile: shortlived, email", "acme.profile: is not in this release; remove it"},
		"fallback without a CA":  {"{email", "{fallback: [{email: x@example.com}], email", "acme.fallback[0]: needs the directory of another CA"},
		"fallback to itself":     {"{email", "{fallback: [{directory: letsencrypt}], email", "acme.fallback[0].directory: https://acme-v02.api.letsencrypt.org/directory is already that of acme.directory"},
		"fallback twice":         {"{email", "{fallback: [{directory: letsencrypt-staging}, {directory: letsencrypt-staging}], email", "is already that of acme.fallback[0]"},
		"fallback with half EAB": {"{email", "{fallback: [{directory: letsencrypt-staging, eab: {kid: a}}], email", "acme.fallback[0].eab: needs both kid and hmacFile"},
		"fallback mistyped":      {"{email", "{fallback: [{directori: letsencrypt-staging}], email", "acme.fallback[0].directori: no such setting; did you mean directory?"},
		"fallback as one":        {"{email", "{fallback: letsencrypt-staging, email", "acme.fallback: "},
		"a pace without a time":  {"{email", "{limits: {requests: {newOrder: 30}}, email", "acme.limits.requests.newOrder: must be a number in a time, like 300/3h, or none"},
		"an unknown pace":        {"{email", "{limits: {requests: {revoke: 30/1s}}, email", "acme.limits.requests.revoke: no such setting"},
		"a fallback's pace":      {"{email", "{fallback: [{directory: letsencrypt-staging, limits: {requests: {other: 1/1ms}}}], email", "acme.fallback[0].limits.requests.other: the time must be at least 1s"},
		"half an EAB":            {"{email", "{eab: {kid: k}, email", "acme.eab: needs both kid and hmacFile"},
		"missing caFile":         {"{email", "{caFile: /nonexistent/ca.pem, email", "acme.caFile: /nonexistent/ca.pem cannot be read: no such file or directory"},
		"folder as caFile":       {"{email", "{caFile: /, email", "acme.caFile: must be a file, but / is a folder"},
		"terms not accepted":     {"acceptTerms: true", "acceptTerms: false", "acme.acceptTerms: is missing: add acme.acceptTerms: true, after reading the CA's terms of service"},
		"nothing to point at":    {`{target: "{domain}.dns.example.net"}`, "{probePort: 80}", "acmsync.yaml:3:1: platform.target: is missing: add platform.target:"},
		"unknown placeholder":    {"{domain}.dns", "{name}.dns", "platform.target: knows only {domain} and {app}"},
		"target is no name":      {"{domain}.dns.example.net", "https://edge", "platform.target: must be a host name"},
		"bad address":            {`{target`, "{addresses: [203.0.113.1, 203.0.113.300], target", "platform.addresses: entry 2 must be an IP address"},
		"resolver by name":       {`{target`, "{resolvers: [dns.example], target", "platform.resolvers: entry 1 must be an IP address with a port"},
		"http to the internet":   {"https://git", "http://git", "http:// would send the token in the clear"},
		"an option as URL":       {"https://git.example.com/platform/domains.git", "--upload-pack=x", "must be https://, ssh://, user@host:path or a local path"},
		"another scheme":         {"https://git", "git://git", "not git://"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(minimal, c.old, c.new, 1)
			if text == minimal {
				t.Fatal("the case changes nothing")
			}
			_, err := load(t, text)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got  %v\nwant one line with %s", err, c.want)
			}
		})
	}
}

func TestErrorsNameTheirSource(t *testing.T) {
	t.Parallel()
	_, err := settings.Load(settings.Source{
		Path: "acmsync.yaml", Bytes: []byte(minimal),
		Env:   map[string]string{"ACMSYNC_POLICY_CONCURRENCY": "many", "ACMSYNC_ACME_EMIAL": "x"},
		Flags: map[string]string{"daemon.intervall": "1h"},
	})
	want := `ACMSYNC_ACME_EMIAL: no such setting; did you mean ACMSYNC_ACME_EMAIL?
ACMSYNC_POLICY_CONCURRENCY: policy.concurrency: must be a whole number from 1 to 1000, got "many"
command line: daemon.intervall: no such setting; did you mean daemon.interval?`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
	var all settings.Errors
	if !errors.As(err, &all) || all[1].Key != "policy.concurrency" {
		t.Errorf("not typed: %#v", err)
	}
}

func TestLexicalFaults(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"\ufeff" + minimal:                     "byte order mark",
		minimal + "# \xff":                     "not UTF-8",
		minimal + strings.Repeat("#\n", 1<<19): "larger than 1 MiB",
		"- a":                                  "must be a group of fields, not a list",
	} {
		if _, err := load(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s, got %v", want, err)
		}
	}
}
