package main

import (
	"strings"
	"testing"
)

// TestBadFlags: command lines that say nothing that can be done.
func TestBadFlags(t *testing.T) {
	t.Parallel()
	var rows []badInput
	for _, c := range commandLines {
		rows = append(rows, badInput{
			name: c.name, files: map[string]string{"acmsync.yaml": least},
			args: append([]string{"--config", "DIR/acmsync.yaml"}, c.args...),
		})
	}
	rows = append(rows, badInput{name: "settings that are not there", args: []string{"sync", "--config", "DIR/nowhere.yaml"}})
	all := meetAll(t, rows)
	for i := range all { // the settings are the same in each, and all right
		all[i].text = afterSettings(all[i].text)
	}
	checkMet(t, "flags", 25, all)
}

var commandLines = []struct {
	name string
	args []string
}{
	{"no such command", []string{"snyc"}},
	{"no such command, and none like it", []string{"frobnicate"}},
	{"no such flag", []string{"sync", "--frobnicate"}},
	{"no such letter", []string{"sync", "-x"}},
	{"a flag without its value", []string{"status", "-o"}},
	{"no duration", []string{"sync", "--timeout", "soon"}},
	{"a duration without a unit", []string{"sync", "--timeout", "60"}},
	{"no time at all", []string{"sync", "--timeout", "0s"}},
	{"no boolean", []string{"sync", "--wait=perhaps"}},
	{"no such condition", []string{"sync", "--fail-on", "warnings"}},
	{"no such format", []string{"status", "-o", "xml"}},
	{"a format of a later release", []string{"plan", "-o", "markdown"}},
	{"a flag of a later release", []string{"sync", "--changed"}},
	{"a command of a later release", []string{"export"}},
	{"too many words", []string{"sync", "shop"}},
	{"too few words", []string{"verify"}},
	{"no app", []string{"refresh"}},
	{"no setting", []string{"status", "--set", "platform.probePort"}},
	{"a setting mistyped", []string{"status", "--set", "platform.probeport=80"}},
	{"a setting that is none", []string{"status", "--set", "platform.probePort=99999"}},
	{"a setting that is only for the file", []string{"status", "--set", "deploy=edge"}},
	{"a group of settings", []string{"status", "--set", "platform=x"}},
	{"a domain without --log", []string{"status", "shop", "www.shop.example"}},
	{"no such reason", []string{"explain", "incorrect-cname"}},
	{"an approval of nothing", []string{"approve", "0123456789abcdef"}},
	{"a name that is none", []string{"verify", "www..shop.example"}},
	{"an address for a name", []string{"verify", "203.0.113.10"}},
	{"a resolver that is none", []string{"verify", "--resolver", "dns.google", "www.shop.example"}},
	{"an address that is none", []string{"verify", "--address", "edge", "www.shop.example"}},
	{"a target that is none", []string{"verify", "--target", "{name}.example.net", "www.shop.example"}},
	{"a thumbprint that is none", []string{"verify", "--thumbprint", "abc", "www.shop.example"}},
	{"a folder that is not there", []string{"plan", "nowhere"}},
	{"looks too often", []string{"verify", "--watch", "--every", "1ms", "www.shop.example"}},
}

// TestBadEnvironment: variables that say nothing that can be done. They are the
// process's, so nothing else runs meanwhile.
func TestBadEnvironment(t *testing.T) {
	var all []met
	for _, c := range variables {
		row := badInput{
			name: c.name, files: map[string]string{"acmsync.yaml": least}, env: map[string]string{c.variable: c.value},
			args: []string{"status", "--config", "DIR/acmsync.yaml"},
		}
		if c.variable == "ACMSYNC_CONFIG" {
			row.args = row.args[:1]
		}
		t.Run(c.name, func(t *testing.T) {
			one := row.meet(t)
			one.text = afterSettings(one.text)
			all = append(all, one)
		})
	}
	checkMet(t, "environment", 15, all)
}

var variables = []struct{ name, variable, value string }{
	{"a variable mistyped", "ACMSYNC_ACME_EMIAL", "ops@example.com"},
	{"no number", "ACMSYNC_POLICY_CONCURRENCY", "many"},
	{"no fraction", "ACMSYNC_POLICY_RENEW_AT", "2"},
	{"no duration", "ACMSYNC_POLICY_FAIL_AFTER", "soon"},
	{"no percentage", "ACMSYNC_POLICY_MAX_REMOVALS", "ten"},
	{"no boolean", "ACMSYNC_ACME_ACCEPT_TERMS", "1"},
	{"no mail address", "ACMSYNC_ACME_EMAIL", "ops"},
	{"no URL of a repository", "ACMSYNC_REPOSITORY_URL", "gopher://git.example.com/x"},
	{"no directory", "ACMSYNC_ACME_DIRECTORY", "letsencript"},
	{"a port out of range", "ACMSYNC_PLATFORM_PROBE_PORT", "0"},
	{"a list with something else in it", "ACMSYNC_PLATFORM_ADDRESSES", "203.0.113.10, edge"},
	{"no branch", "ACMSYNC_STATUS_BRANCH", "-x"},
	{"a token that is not there", "ACMSYNC_REPOSITORY_AUTH_TOKEN_FILE", "DIR/nowhere"},
	{"a folder for a file", "ACMSYNC_ACME_CA_FILE", "DIR"},
	{"a store that is none", "ACMSYNC_STORE_URL", "mysql://db/acmsync"},
	{"a setting of a later release", "ACMSYNC_DAEMON_LISTEN", ":8402"},
	{"settings that are not there", "ACMSYNC_CONFIG", "DIR/nowhere.yaml"},
}

// afterSettings leaves out the file that is the same in every row.
func afterSettings(text string) string {
	return strings.TrimPrefix(text, "acmsync.yaml:\n"+quoted(least))
}
