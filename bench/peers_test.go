//go:build unix && peers

package bench

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/lab/edge"
)

// BenchmarkPeers is one certificate from exec to exit, with an account of its
// own, by other programs and by ours. All have a CA of their own of the same
// kind, answer http-01, and use EC P-256. The others write challenges into a
// webroot and the certificate into a folder. Ours also reads desired state from
// git, looks at DNS and CAA, probes, deploys, looks at what is served and
// commits the status. A program that is not installed is skipped.
func BenchmarkPeers(b *testing.B) {
	b.Run("acmsync", peerOfPeers)
	for _, p := range peers {
		b.Run(p.program, p.benchmark)
	}
}

// peerOfPeers is our program, set up as its users do.
func peerOfPeers(b *testing.B) {
	program := build(b)
	b.StopTimer()
	requests := 0
	for range b.N {
		r := newRig(b)
		must(b, r.store.Close())
		r.Point("www.shop.example")
		r.push(b, appsFiles([]string{"www.shop.example"}))
		timed(b, exec.CommandContext(b.Context(), program, "sync", "--config", r.SettingsPath()))
		r.wantIssued(b, 1)
		requests += r.CA.Count()
		must(b, r.Lab.Close())
	}
	b.ReportMetric(float64(requests)/float64(b.N), "requests/cert")
}

// peer is another program, and how it is told to obtain one certificate.
type peer struct {
	program string
	args    func(job) []string
}

var peers = []peer{
	{"certbot", func(j job) []string {
		return []string{
			"certonly", "--non-interactive", "--agree-tos", "--email", "ops@platform.example", "--server", j.directory,
			"--key-type", "ecdsa", "--elliptic-curve", "secp256r1",
			"--webroot", "-w", j.webroot, "-d", j.name, "--config-dir", j.dir, "--work-dir", j.dir, "--logs-dir", j.dir,
		}
	}},
	{"dehydrated", func(j job) []string {
		return []string{
			"--cron", "--accept-terms", "--ca", j.directory, "--algo", "prime256v1",
			"--domain", j.name, "--config", j.config, "--out", j.dir,
		}
	}},
	{"lego", func(j job) []string {
		return []string{
			"--accept-tos", "--email", "ops@platform.example", "--server", j.directory, "--path", j.dir, "--key-type", "ec256",
			"--domains", j.name, "--http", "--http.webroot", j.webroot, "run",
		}
	}},
}

// job is one certificate to obtain; dir is the program's own folder.
type job struct{ name, directory, webroot, root, dir, config string }

func (p peer) benchmark(b *testing.B) {
	path, err := exec.LookPath(p.program)
	if err != nil {
		b.Skipf("%s is not installed", p.program)
	}
	b.StopTimer()
	authority, common := peerLab(b)
	for i := range b.N {
		j := common
		j.name, j.dir = fmt.Sprintf("d%d.shop.example", i), b.TempDir()
		j.config = filepath.Join(j.dir, "config")
		must(b, os.WriteFile(j.config, []byte("WELLKNOWN="+j.webroot+"/.well-known/acme-challenge\nBASEDIR="+j.dir+"\n"), 0o600))
		cmd := exec.CommandContext(b.Context(), path, p.args(j)...)
		cmd.Env = append(os.Environ(), "LEGO_CA_CERTIFICATES="+j.root, "REQUESTS_CA_BUNDLE="+j.root, "CURL_CA_BUNDLE="+j.root)
		timed(b, cmd)
	}
	if got := len(authority.Certificates()); got != b.N {
		b.Fatalf("%d certificates, want %d", got, b.N)
	}
	b.ReportMetric(float64(authority.Count())/float64(b.N), "requests/cert")
}

// timed runs the program with the clock on, and shows the end of what it said
// if it fails.
func timed(b *testing.B, cmd *exec.Cmd) {
	b.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	b.StartTimer()
	err := cmd.Run()
	b.StopTimer()
	if err != nil {
		b.Fatalf("%v\n%s", err, out.Bytes()[max(out.Len()-2000, 0):])
	}
}

// peerLab is a CA whose validation reads a webroot.
func peerLab(b *testing.B) (*ca.CA, job) {
	b.Helper()
	j := job{webroot: b.TempDir(), root: filepath.Join(b.TempDir(), "root.pem")}
	must(b, os.MkdirAll(filepath.Join(j.webroot, ".well-known", "acme-challenge"), 0o755))
	names, err := dns.New()
	must(b, err)
	b.Cleanup(func() { _ = names.Close() })
	names.Set("*.shop.example", "A "+net.IPv4(127, 0, 0, 1).String())
	front, err := edge.New(edge.Options{Webroot: j.webroot})
	must(b, err)
	b.Cleanup(func() { _ = front.Close() })
	authority, err := ca.New(ca.Options{Resolver: names.Addr(), HTTPPort: front.HTTPPort(), TLSPort: front.TLSPort()})
	must(b, err)
	b.Cleanup(func() { _ = authority.Close() })
	j.directory = authority.URL()
	must(b, os.WriteFile(j.root, authority.RootPEM(), 0o600))
	return authority, j
}
