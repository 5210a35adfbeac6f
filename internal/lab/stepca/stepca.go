// Package stepca runs smallstep's step-ca, an ACME server that shares no code with
// Pebble or Boulder, as an external program on loopback.
//
// `make tools` builds it, from a module of its own (tools/stepca), into bin/.
package stepca

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// Options shape a CA.
type Options struct {
	// Dir is an empty folder for its keys, settings and database.
	Dir string
	// Resolver is the host:port of the DNS server that validation asks.
	Resolver string
	// HTTPPort is where validation connects to. 0: 80.
	HTTPPort int
	// Deny are names that its policy refuses.
	Deny []string
	// RequireEAB: accounts need an external one, and there are none.
	RequireEAB bool
	// Lifetime of certificates. 0: its own, 24 hours.
	Lifetime time.Duration
}

// CA is a running step-ca.
type CA struct {
	url     string
	keys    keys
	command *exec.Cmd
	ended   chan struct{}
	failure error // once ended
}

// ErrMissing says that the program has not been built.
var ErrMissing = errors.New("bin/step-ca is missing: run make tools")

// New starts a CA and waits until it answers.
func New(o Options) (*CA, error) {
	program, err := find()
	if err != nil {
		return nil, err
	}
	made, err := makeKeys(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("making the keys of step-ca: %w", err)
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	settings, err := o.write(address)
	if err != nil {
		return nil, fmt.Errorf("writing the settings of step-ca: %w", err)
	}
	c := &CA{url: "https://" + address + "/acme/acme/directory", keys: made, ended: make(chan struct{})}
	if err := c.start(program, o, settings); err != nil {
		return nil, err
	}
	if err := c.await("https://" + address + "/health"); err != nil {
		said, _ := os.ReadFile(filepath.Join(o.Dir, "log"))
		return nil, errors.Join(fmt.Errorf("step-ca does not answer: %w\n%s", err, said), c.Close())
	}
	return c, nil
}

// find is the program that make tools builds.
func find() (string, error) {
	_, self, _, _ := runtime.Caller(0)
	program := filepath.Join(filepath.Dir(self), "..", "..", "..", "bin", "step-ca")
	if _, err := os.Stat(program); err != nil {
		return "", ErrMissing
	}
	return program, nil
}

func freeAddress() (string, error) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// write writes its settings (https://smallstep.com/docs/step-ca/configuration/).
func (o Options) write(address string) (string, error) {
	type object = map[string]any
	provisioner := object{"type": "ACME", "name": "acme", "requireEAB": o.RequireEAB, "challenges": []string{"http-01", "dns-01"}}
	if o.Lifetime != 0 {
		provisioner["claims"] = object{
			"minTLSCertDuration": "1m", "maxTLSCertDuration": o.Lifetime.String(), "defaultTLSCertDuration": o.Lifetime.String(),
		}
	}
	authority := object{"provisioners": []object{provisioner}}
	if len(o.Deny) > 0 {
		authority["policy"] = object{"x509": object{"deny": object{"dns": o.Deny}}}
	}
	text, err := json.Marshal(object{
		"root": filepath.Join(o.Dir, rootFile), "crt": filepath.Join(o.Dir, certFile), "key": filepath.Join(o.Dir, keyFile),
		"address": address, "dnsNames": []string{"127.0.0.1"}, "logger": object{"format": "text"},
		"db":        object{"type": "bbolt", "dataSource": filepath.Join(o.Dir, "db")},
		"authority": authority,
	})
	if err != nil {
		return "", err
	}
	path := filepath.Join(o.Dir, "ca.json")
	return path, os.WriteFile(path, text, 0o600)
}

func (c *CA) start(program string, o Options, settings string) error {
	log, err := os.Create(filepath.Join(o.Dir, "log"))
	if err != nil {
		return err
	}
	arguments := []string{settings, "--insecure"}
	if o.Resolver != "" {
		arguments = append(arguments, "--resolver", o.Resolver)
	}
	if o.HTTPPort != 0 {
		arguments = append(arguments, "--acme-http-port", strconv.Itoa(o.HTTPPort))
	}
	c.command = exec.Command(program, arguments...)
	c.command.Env = []string{"STEPPATH=" + o.Dir, "HOME=" + o.Dir}
	c.command.Stdout, c.command.Stderr = log, log
	if err := c.command.Start(); err != nil {
		return errors.Join(fmt.Errorf("starting step-ca: %w", err), log.Close())
	}
	go func() {
		defer close(c.ended)
		c.failure = errors.Join(c.command.Wait(), log.Close())
	}()
	return nil
}

// await asks for its health until it has some.
func (c *CA) await(health string) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(c.RootPEM())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: time.Second}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for {
		answer, err := client.Get(health)
		if err == nil {
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
			return nil
		}
		select {
		case <-tick.C:
		case <-c.ended:
			return cmp.Or(c.failure, err)
		case <-late:
			return err
		}
	}
}

// URL is the directory's.
func (c *CA) URL() string { return c.url }

// RootPEM is the root of what it issues, and of its own HTTPS (acme.caFile).
func (c *CA) RootPEM() []byte { return c.keys.root }

// Close ends it.
func (c *CA) Close() error {
	if err := c.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-c.ended:
	case <-time.After(5 * time.Second):
		_ = c.command.Process.Kill()
		<-c.ended
	}
	return nil
}
