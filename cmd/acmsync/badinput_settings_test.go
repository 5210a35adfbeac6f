package main

import (
	"strings"
	"testing"
)

// least is the least that settings must say.
const least = `repository: {url: "https://git.example.com/platform/domains.git"}
acme: {email: ops@example.com, acceptTerms: true, accountKeyFile: account.pem}
platform: {target: "{domain}.dns.example.net"}
store: {url: "sqlite://state/acmsync.db"}
`

// TestBadSettings: what operators write, as every command tells it before it
// asks anybody anything.
func TestBadSettings(t *testing.T) {
	t.Parallel()
	var rows []badInput
	for _, c := range settingsWithMore {
		rows = append(rows, withSettings(c.name, least+c.add+"\n", nil))
	}
	for _, c := range settingsWithOther {
		if !strings.Contains(least, c.old) {
			t.Fatalf("%s: it changes nothing", c.name)
		}
		rows = append(rows, withSettings(c.name, strings.Replace(least, c.old, c.new, 1), nil))
	}
	rows = append(rows, wholeSettings()...)
	for _, c := range settingsWithFiles {
		rows = append(rows, withSettings(c.name, strings.Replace(least, c.old, c.new, 1)+c.add, c.files))
	}
	checkMet(t, "settings", 60, meetAll(t, rows))
}

// withSettings is a command that looks at the settings and the store only, and
// at no network.
func withSettings(name, content string, more map[string]string) badInput {
	files := map[string]string{"acmsync.yaml": content}
	for path, text := range more {
		files[path] = text
	}
	return badInput{name: name, files: files, args: []string{"status", "--config", "DIR/acmsync.yaml"}}
}

// settingsWithMore are settings with something added.
var settingsWithMore = []struct{ name, add string }{
	{"a setting mistyped", "polices: {renewAt: 2/3}"},
	{"a setting in the wrong place", "email: ops@example.com"},
	{"a setting like no other", "zzz: 1"},
	{"twice", "store: {url: \"sqlite://other.db\"}"},
	{"a second document", "---\na: 1"},
	{"an anchor", "status: &a {branch: b}"},
	{"a tag", "status: {branch: !!str b}"},
	{"a list that does not end", "status: ["},
	{"a quote that does not end", "status: {branch: \"b"},
	{"a tab", "status:\n\tbranch: b"},
	{"no value", "status: {branch: }"},
	{"a list for a value", "status: {branch: [a]}"},
	{"a value for a group", "status: acm-status"},
	{"a group for a list", "deploy: {name: x}"},
	{"a branch that can be none", "status: {branch: a..b}"},
	{"a path that leaves the repository", "status: {path: ../x}"},
	{"status within desired state", "status: {branch: main, path: apps}"},
	{"no boolean", "policy: {allowWildcards: yes}"},
	{"a boolean in quotes", "policy: {allowWildcards: \"true\"}"},
	{"no number", "policy: {concurrency: many}"},
	{"a number out of range", "policy: {concurrency: 0}"},
	{"a duration without a unit", "policy: {failAfter: 60}"},
	{"a duration out of range", "policy: {failAfter: 9999d}"},
	{"no fraction", "policy: {renewAt: 3/2}"},
	{"no percentage", "policy: {maxRemovals: 10}"},
	{"no port", "challenge: {http01: {mode: listen, listen: \"80\"}}"},
	{"a webroot without folder", "challenge: {http01: {mode: webroot}}"},
	{"a webroot that is not there", "challenge: {http01: {mode: webroot, dir: nowhere}}"},
	{"a method of a later release", "challenge: {default: tls-alpn-01}"},
	{"dns-01 without provider", "challenge: {default: dns-01}"},
	{"a provider of DNS that is none", "challenge: {dns01: {provider: cloudflare}}"},
	{"a variable of a provider mistyped", "challenge: {dns01: {provider: rfc2136, env: {DNSUPDATE_NAMESERVR: ns1.example.net}}}"},
	{"a secret of TSIG that is none", "challenge: {dns01: {provider: rfc2136, env: {DNSUPDATE_NAMESERVER: ns1.example.net, DNSUPDATE_TSIG_KEY: k, DNSUPDATE_TSIG_SECRET: \"%%%\"}}}"},
	{"an algorithm of TSIG that is none", "challenge: {dns01: {provider: rfc2136, env: {DNSUPDATE_NAMESERVER: ns1.example.net, DNSUPDATE_TSIG_ALGORITHM: md5}}}"},
	{"a provider's URL in the clear", "challenge: {dns01: {provider: httpreq, env: {HTTPREQ_ENDPOINT: \"http://dns.example.net\", HTTPREQ_USERNAME: u}}}"},
	{"a provider's program that is not there", "challenge: {dns01: {provider: exec, env: {EXEC_PATH: ./nowhere}}}"},
	{"a provider's number", "challenge: {dns01: {provider: rfc2136, env: {DNSUPDATE_NAMESERVER: ns1.example.net, DNSUPDATE_TTL: long}}}"},
	{"a target without folder", "deploy: [{name: edge}]"},
	{"a target of a later release", "deploy: [{name: edge, kubernetes: {namespace: tls}}]"},
	{"two targets of one name", "deploy: [{name: edge, files: {dir: a}}, {name: edge, files: {dir: b}}]"},
	{"a hook as for a shell", "deploy: [{name: edge, files: {dir: a}, hook: nginx -s reload}]"},
	{"messages, in a later release", "notify: [{url: \"slack://x\"}]"},
	{"an interval of the daemon", "daemon: {interval: 0s}"},
}

// settingsWithOther are settings with something else in a place.
var settingsWithOther = []struct{ name, old, new string }{
	{"a password in the URL", "https://git", "https://bot:secret@git"},
	{"a token sent in the clear", "https://git", "http://git"},
	{"another protocol", "https://git", "ftp://git"},
	{"an option for git", "https://git.example.com/platform/domains.git", "--upload-pack=x"},
	{"no URL", "https://git.example.com/platform/domains.git", "https://"},
	{"no mail address", "ops@example.com", "ops"},
	{"terms not accepted", "acceptTerms: true", "acceptTerms: false"},
	{"a CA mistyped", "acme: {", "acme: {directory: letsencript, "},
	{"a CA in the clear", "acme: {", "acme: {directory: \"http://ca.example/directory\", "},
	{"a key type that is none", "acme: {", "acme: {keyType: rsa1024, "},
	{"half an external account", "acme: {", "acme: {eab: {kid: k}, "},
	{"a fallback to the same CA", "acme: {", "acme: {fallback: [{directory: letsencrypt}], "},
	{"a limit that is none", "acme: {", "acme: {limits: {newOrders: 300}, "},
	{"a placeholder that is none", "{domain}.dns", "{name}.dns"},
	{"a target that is a URL", "{domain}.dns.example.net", "https://edge.example.net/"},
	{"an address that is none", "platform: {", "platform: {addresses: [203.0.113.300], "},
	{"a resolver by its name", "platform: {", "platform: {resolvers: [dns.google], "},
	{"a range that is none", "platform: {", "platform: {probeAllow: [10.0.0.0], "},
	{"a store that is none", "sqlite://state/acmsync.db", "/var/lib/acmsync.db"},
	{"a store of a later release", "sqlite://state/acmsync.db", "postgres://db/acmsync"},
}

// wholeSettings are files that are no settings at all.
func wholeSettings() []badInput {
	missing := withSettings("no file", "", nil)
	missing.files = nil
	folder := withSettings("a folder", "", nil)
	folder.files = map[string]string{"acmsync.yaml/x": ""}
	return []badInput{
		missing, folder,
		withSettings("empty", "", nil),
		withSettings("a list", "- a\n", nil),
		withSettings("a byte order mark", "\ufeff"+least, nil),
		withSettings("not UTF-8", least+"# \xff\n", nil),
		withSettings("too large", least+strings.Repeat("# more\n", 200_000), nil),
		withSettings("several mistakes at once", "repository: {url: x, brunch: y}\nacme: {email: z}\npolicy: {renewAt: 2}\n", nil),
	}
}

// settingsWithFiles are settings that name files which are not what they should
// be.
var settingsWithFiles = []struct {
	name, old, new, add string
	files               map[string]string
}{
	{name: "a token that is not there", old: "domains.git\"", new: "domains.git\", auth: {username: u, tokenFile: token}"},
	{name: "a token that is empty", old: "domains.git\"", new: "domains.git\", auth: {username: u, tokenFile: token}", files: map[string]string{"token": ""}},
	{name: "a username without token", old: "domains.git\"", new: "domains.git\", auth: {username: u}"},
	{name: "a root of the CA that is none", old: "acme: {", new: "acme: {caFile: root, ", files: map[string]string{"root": "hello\n"}},
	{name: "an account key that is none", files: map[string]string{"account.pem": "hello\n"}},
	{name: "an account key cut off", files: map[string]string{"account.pem": "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n"}},
	{name: "an account key damaged", files: map[string]string{"account.pem": "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n"}},
	{name: "an account key that is a certificate", files: map[string]string{"account.pem": "-----BEGIN CERTIFICATE-----\nMIGH\n-----END CERTIFICATE-----\n"}},
	{name: "an identity that is none", old: "acmsync.db\"", new: "acmsync.db\", identityFile: identity", files: map[string]string{"identity": "hello\n"}},
	{name: "a recipient for an identity", old: "acmsync.db\"", new: "acmsync.db\", identityFile: identity", files: map[string]string{"identity": "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\n"}},
	{name: "a provider's secret that is not there", add: "challenge: {dns01: {provider: rfc2136, env: {DNSUPDATE_NAMESERVER: ns1.example.net, DNSUPDATE_TSIG_SECRET_FILE: nowhere}}}\n"},
}
