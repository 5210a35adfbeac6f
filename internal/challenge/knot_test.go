package challenge_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/challenge"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/verify"
)

const knotConfig = `server:
    listen: [127.0.0.4@%d, 127.0.0.5@%d]
    rundir: %q
database:
    storage: %q
log:
  - target: stderr
    any: warning
key:
  - id: %s
    algorithm: hmac-sha256
    secret: %s
acl:
  - id: update
    key: %s
    action: update
zone:
  - domain: shop.example
    storage: %q
    file: zone
    acl: update
`

const knotZone = `$ORIGIN shop.example.
$TTL 60
@ SOA ns1 host 1 3600 600 86400 60
@ NS ns1
@ NS ns2
ns1 A 127.0.0.4
ns2 A 127.0.0.5
`

// knot starts Knot DNS as the primary of shop.example, on two addresses.
func knot(t *testing.T) (port int) {
	t.Helper()
	path, err := exec.LookPath("knotd")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/knotd")
	}
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatal("knotd is not installed: run make tools")
	case err != nil:
		t.Skip("knotd is not installed: make tools installs it")
	}
	dir := t.TempDir()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", "127.0.0.4:0")
	if err != nil {
		t.Skipf("there is no 127.0.0.4: %v", err)
	}
	port = l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	config := fmt.Sprintf(knotConfig, port, port, dir, dir, dns.UpdateKey, dns.UpdateSecret, dns.UpdateKey, dir)
	for name, content := range map[string]string{"knot.conf": config, "zone": knotZone} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(path, "-c", filepath.Join(dir, "knot.conf"))
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	awaitZone(t, fmt.Sprintf("127.0.0.4:%d", port))
	return port
}

func awaitZone(t *testing.T, server string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	client := &mdns.Client{Timeout: 200 * time.Millisecond}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		reply, _, err := client.ExchangeContext(ctx, new(mdns.Msg).SetQuestion("shop.example.", mdns.TypeSOA), server)
		if err == nil && len(reply.Answer) == 1 {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("knotd does not serve the zone: %v, %v", reply, err)
		}
	}
}

// TestKnot: a real name server takes our signed updates, keeps two values apart,
// and refuses a wrong secret.
func TestKnot(t *testing.T) {
	t.Parallel()
	port := knot(t)
	server := fmt.Sprintf("127.0.0.4:%d", port)
	zones := verify.New(verify.Config{
		Resolvers: []string{server}, AuthorityPort: port, Timeout: 5 * time.Second,
		ProbeAllow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	variables := map[string]string{
		"DNSUPDATE_NAMESERVER": server, "DNSUPDATE_TSIG_KEY": dns.UpdateKey, "DNSUPDATE_TSIG_SECRET": dns.UpdateSecret,
	}
	d := newDNS(t, zones, "rfc2136", variables)
	missing := func(token string) int {
		phrases, err := d.Missing(t.Context(), "shop.example", token, token+".thumbprint")
		if err != nil {
			t.Fatal(err)
		}
		return len(phrases)
	}
	put(t, d, "shop.example", "apex")
	put(t, d, "*.shop.example", "wild")
	if a, w := missing("apex"), missing("wild"); a+w != 0 {
		t.Errorf("%d and %d servers lack the values", a, w)
	}
	take(t, d, "shop.example", "apex")
	if a, w := missing("apex"), missing("wild"); a != 2 || w != 0 {
		t.Errorf("after one is taken away, %d servers lack it and %d the other", a, w)
	}
	take(t, d, "*.shop.example", "wild")
	take(t, d, "*.shop.example", "wild")
	if w := missing("wild"); w != 2 {
		t.Errorf("%d servers lack what was taken away", w)
	}
	variables["DNSUPDATE_TSIG_SECRET"] = "b3RoZXI="
	wrong, err := challenge.NewProvider("rfc2136", variables)
	if err != nil {
		t.Fatal(err)
	}
	if err := wrong.Add(t.Context(), challenge.TXT{Zone: "shop.example", Name: "_acme-challenge.shop.example", Value: "x"}); err == nil {
		t.Error("an update signed with another secret was taken")
	}
}
