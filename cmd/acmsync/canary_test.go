//go:build linux

package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/git"
)

// The secrets that are words.
const (
	canaryPassword = "canary-httpreq-password"
	canaryProgram  = "canary-of-the-dns-program"
	canaryLink     = "canaryOfAPausedAccount"
	canaryMAC      = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
)

const canaryApps = `apiVersion: acmsync/v1
apps:
  - {name: shop, rekey: "%s", domains: [www.shop.example, api.shop.example]}
  - {name: slow, domains: [paused.shop.example]}
  - {name: wild, domains: [{name: "*.w.shop.example", challenge: dns-01}]}
  - {name: pay, certificate: {chain: certs/pay.pem, key: certs/pay.key.age}, domains: [pay.shop.example]}
`

// TestCanary: every secret that the program comes to know is known to this test,
// in every form it may take, and none is in anything that is printed, logged,
// committed, sent, dumped or left behind, but for the places that are made for
// it.
func TestCanary(t *testing.T) {
	t.Parallel()
	c := newCanaryWorld(t)
	c.push(t, "main", fmt.Sprintf(canaryApps, "1"))
	c.run(t, "first", "sync", "-v")
	c.push(t, "main", fmt.Sprintf(canaryApps, "2"))
	c.run(t, "new keys", "sync", "-v")
	c.renew(t)
	c.run(t, "renewed", "sync", "-v")
	c.otherWays(t)
	for _, line := range [][]string{
		{"status", "-v", "-o", "json"},
		{"status", "-v", "-o", "yaml"},
		{"status", "shop", "--log"},
		{"certs", "-v"},
		{"plan", "-v", "-o", "json"},
		{"doctor", "-v"},
		{"domains", "shop"},
		{"verify", "-v", "www.shop.example", "*.w.shop.example"},
		{"validate", "-v", c.lab.Dir},
	} {
		c.run(t, strings.Join(line, " "), line...)
	}
	c.crash(t)
	c.used(t)
	c.look(t)
}

// suggest has the CA ask for a renewal of what it issued (RFC 9773).
func (c *canaryWorld) suggest() {
	for _, one := range c.lab.CA.CertificatesFor("api.shop.example") {
		c.lab.CA.Suggest(one.Serial, ca.Window{Start: time.Now().Add(-2 * time.Hour), End: time.Now().Add(-time.Hour)})
	}
}

// renew lets a day pass, after which the CA is asked what it suggests.
func (c *canaryWorld) renew(t *testing.T) {
	t.Helper()
	if err := (&world{lab: c.lab}).elapse(nil, []string{"30h"}); err != nil {
		t.Fatal(err)
	}
}

// otherWays are those that need settings of their own: another CA, other DNS
// providers, a repository behind SSH.
func (c *canaryWorld) otherWays(t *testing.T) {
	t.Helper()
	lift := c.lab.CA.Fault(nil, ca.Fault{Drop: true})
	c.push(t, "main", fmt.Sprintf(canaryApps, "2")+"  - {name: late, domains: [late.shop.example]}\n")
	c.run(t, "at the other CA", "sync", "-v")
	lift()
	for _, provider := range []string{"exec", "httpreq"} {
		c.push(t, "main", fmt.Sprintf(strings.ReplaceAll(canaryApps, "*.w.", "*."+provider+"."), "2"))
		c.run(t, provider, "sync", "-v", "--config", filepath.Join(c.lab.Dir, provider+".yaml"))
	}
	if _, err := c.ssh.Push("main", map[string]*string{"apps.yaml": git.Text(fmt.Sprintf(canaryApps, "2"))}, "canary"); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(c.lab.Dir, name) }
	c.run(t, "ssh", "plan", "-v", "--set", "repository.url="+c.ssh.URL(), "--set", "repository.auth.username=git",
		"--set", "repository.auth.sshKeyFile="+in("ssh-key"), "--set", "repository.auth.knownHostsFile="+in("known-hosts"))
	c.lab.Git.Fail(git.Fault{Status: http.StatusForbidden, Body: "denied: " + c.token})
	c.run(t, "refused", "sync", "-v")
	c.lab.Git.Heal()
}

// used keeps the test from passing because a secret was never needed.
func (c *canaryWorld) used(t *testing.T) {
	t.Helper()
	if n := len(c.lab.CA.CertificatesFor("api.shop.example")); n < 3 {
		t.Errorf("%d certificates for api.shop.example, want that of the beginning, one with a new key and a renewal", n)
	}
	if len(c.second.CertificatesFor("late.shop.example")) == 0 {
		t.Error("the external account was not used")
	}
	if c.updates.Updates() == 0 {
		t.Error("the TSIG key was not used")
	}
	for what, where := range map[string]string{"the program's variable": "program-env", "a hook": "hook-env"} {
		if content := c.file(where); content == "" {
			t.Errorf("%s was not used", what)
		}
	}
	if c.asked.Load() == 0 {
		t.Error("the password was not used")
	}
	if !strings.Contains(c.shown["ssh"], "www.shop.example") {
		t.Errorf("the ssh key was not used: %s", c.shown["ssh errors"])
	}
	if !strings.Contains(c.shown["status -v -o json"], "pay.shop.example") || c.generated < 6 {
		t.Errorf("%d keys were made", c.generated)
	}
	if !strings.Contains(c.shown["crash errors"], "goroutine ") || !strings.Contains(c.shown["crash errors"], "issue.(*CA)") {
		t.Errorf("no dump of a process that is issuing: %.2000s", c.shown["crash errors"])
	}
}
