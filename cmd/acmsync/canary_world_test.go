//go:build linux

package main

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/lab/owner"
)

// canaryWorld is a lab in which every secret there can be is used, and known.
type canaryWorld struct {
	lab     *lab.Lab
	second  *ca.CA
	ssh     *git.SSH
	updates *dns.Authority
	token   string
	temp    string // where temporary files go
	asked   atomic.Int32
	shown   map[string]string

	mu sync.Mutex
	// all are the canaries; kept are those that stay out of the store, too.
	all, kept canaries
	generated int
}

func newCanaryWorld(t *testing.T) *canaryWorld {
	t.Helper()
	c := &canaryWorld{all: canaries{}, kept: canaries{}, shown: map[string]string{}, temp: t.TempDir()}
	l, err := lab.New(lab.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	c.lab = l
	if c.second, err = l.Another(ca.Options{EAB: map[string]string{"kid-2": canaryMAC}}); err != nil {
		t.Fatal(err)
	}
	if c.ssh, err = git.NewSSH(git.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.ssh.Close() })
	if c.updates, err = dns.NewAuthority("shop.example", dns.AuthorityOptions{Addr: "127.0.0.1:0", Key: dns.UpdateKey, Secret: dns.UpdateSecret}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.updates.Close() })
	l.DNS.Set("shop.example", "SOA ns.shop.example. host.shop.example. 1 1 1 1 1", "NS ns.shop.example.")
	l.DNS.Set("ns.shop.example", "A 127.0.0.1")
	l.Point("www.shop.example", "api.shop.example", "paused.shop.example", "pay.shop.example", "late.shop.example")
	l.CA.Fault(ca.Naming("paused.shop.example", ca.Writes(ca.NewOrder)), ca.Refusal(ca.Problem{
		Type: "rateLimited", Status: 429, Detail: "Your account is temporarily paused for this name: visit https://ca.example/sfe/v1/unpause?jwt=" + canaryLink,
	}))
	for _, at := range []*ca.CA{l.CA, c.second} {
		at.Before(ca.NewOrder, c.collect)
		at.Before(ca.Finalize, c.collect)
	}
	l.CA.After(ca.Cert, c.suggest)
	c.secretFiles(t)
	c.settings(t)
	return c
}

// secretFiles writes the files with secrets, and makes them known.
func (c *canaryWorld) secretFiles(t *testing.T) {
	t.Helper()
	identity, recipient, err := owner.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	authority, err := owner.NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Issue(time.Now().Add(-time.Hour), time.Now().Add(90*24*time.Hour), "pay.shop.example")
	if err != nil {
		t.Fatal(err)
	}
	encrypted, err := owner.Encrypt(pair.Key, recipient)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.lab.Git.Push("main", map[string]*string{"certs/pay.pem": git.Text(string(pair.Chain)), "certs/pay.key.age": git.Text(string(encrypted))}, "brought"); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"identity": identity, "hmac": canaryMAC, "tsig": dns.UpdateSecret, "password": canaryPassword, "program-secret": canaryProgram,
		"ssh-key": string(c.ssh.ClientKey()), "known-hosts": string(c.ssh.KnownHosts()), "second.pem": string(c.second.RootPEM()),
	} {
		c.write(t, name, content+"\n", 0o600)
	}
	c.token = strings.TrimSpace(c.file("git-token"))
	for what, secret := range map[string]string{
		"the git token": c.token, "the MAC key": canaryMAC, "the TSIG secret": dns.UpdateSecret, "the password": canaryPassword,
		"the program's secret": canaryProgram, "the identity": identity[strings.Index(identity, "AGE-SECRET"):][:70],
	} {
		c.kept.text(what, secret)
	}
	c.kept.key("the account key", []byte(c.file("account.pem")))
	c.kept.key("the ssh key", c.ssh.ClientKey())
	for what, forms := range c.kept {
		c.all[what] = forms
	}
	c.all.key("the key brought along", pair.Key)
	c.all.text("the link", canaryLink)
}

func (c *canaryWorld) write(t *testing.T, name, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.lab.Dir, name), []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

func (c *canaryWorld) file(name string) string {
	content, _ := os.ReadFile(filepath.Join(c.lab.Dir, name))
	return string(content)
}

// settings writes those with rfc2136, and others for each further provider.
func (c *canaryWorld) settings(t *testing.T) {
	t.Helper()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		if password == canaryPassword {
			c.asked.Add(1)
		}
		http.Error(w, "wrong: "+password, http.StatusForbidden)
	}))
	t.Cleanup(service.Close)
	in := func(name string) string { return filepath.Join(c.lab.Dir, name) }
	c.write(t, "program", "#!/bin/sh\nenv > "+in("program-env")+"\nexit 1\n", 0o700)
	c.lab.Extra = fmt.Sprintf("  - {name: second, files: {dir: %s}, hook: [sh, -c, \"env > %s; env >&2; exit 1\"]}\n", in("live2"), in("hook-env"))
	text := strings.Replace(c.lab.Settings(), "store: {", "store: {identityFile: "+in("identity")+", ", 1)
	text = strings.Replace(text, "platform:\n", fmt.Sprintf("  fallback:\n    - {directory: %s, caFile: %s, eab: {kid: kid-2, hmacFile: %s}}\nplatform:\n", c.second.URL(), in("second.pem"), in("hmac")), 1)
	for name, env := range map[string]string{
		"acmsync": fmt.Sprintf("rfc2136, env: {DNSUPDATE_NAMESERVER: \"%s\", DNSUPDATE_TSIG_KEY: %s, DNSUPDATE_TSIG_SECRET_FILE: %s}", c.updates.Addr(), dns.UpdateKey, in("tsig")),
		"exec":    fmt.Sprintf("exec, env: {EXEC_PATH: %s, API_SECRET_FILE: %s}", in("program"), in("program-secret")),
		"httpreq": fmt.Sprintf("httpreq, env: {HTTPREQ_ENDPOINT: %s, HTTPREQ_USERNAME: user, HTTPREQ_PASSWORD_FILE: %s}", service.URL, in("password")),
	} {
		c.write(t, name+".yaml", text+"challenge: {dns01: {propagationTimeout: 1s, provider: "+env+"}}\n", 0o600)
	}
}

func (c *canaryWorld) push(t *testing.T, branch, apps string) {
	t.Helper()
	if _, err := c.lab.Git.Push(branch, map[string]*string{"apps.yaml": git.Text(apps)}, "canary"); err != nil {
		t.Fatal(err)
	}
}

// collect makes the keys known that the store holds now: one is in it before
// anything is asked with it.
func (c *canaryWorld) collect() {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(c.lab.Dir, "state", "acmsync.db")+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return
	}
	defer func() { _ = db.Close() }()
	for _, table := range []string{"certificates", "orders", "brought"} {
		rows, err := db.Query("SELECT key FROM " + table + " WHERE key IS NOT NULL")
		if err != nil {
			continue // there is no store yet
		}
		for rows.Next() {
			var key []byte
			if rows.Scan(&key) == nil {
				c.know(key)
			}
		}
		_ = rows.Close()
	}
}

func (c *canaryWorld) know(key []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	what := "the key " + string(key[len(key)/2:len(key)/2+10])
	if _, known := c.all[what]; !known {
		c.all.key(what, key)
		c.generated++
	}
}

// command is the program with nothing of our environment that it does not need.
func (c *canaryWorld) command(line ...string) *exec.Cmd {
	cmd := exec.Command("acmsync", append([]string{"--config", filepath.Join(c.lab.Dir, "acmsync.yaml")}, line...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.temp, "TMPDIR=" + c.temp, "GOTRACEBACK=all"}
	return cmd
}

func (c *canaryWorld) run(t *testing.T, name string, line ...string) {
	t.Helper()
	cmd := c.command(line...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	c.collect()
	c.shown[name], c.shown[name+" errors"] = out.String(), errs.String()
}

// crash kills the program, while it is issuing, so that it says what all of its
// goroutines do.
func (c *canaryWorld) crash(t *testing.T) {
	t.Helper()
	c.lab.Point("crash.shop.example")
	c.push(t, "main", fmt.Sprintf(canaryApps, "2")+"  - {name: crash, domains: [crash.shop.example]}\n")
	reached, done := make(chan struct{}), make(chan struct{})
	c.lab.CA.Before(ca.Finalize, func() { close(reached); <-done })
	cmd := c.command("run", "-v")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-reached:
	case <-time.After(time.Minute):
		t.Error("nothing was finalized")
	}
	if err := cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // exit status 2
	close(done)
	c.shown["crash"], c.shown["crash errors"] = out.String(), errs.String()
}
