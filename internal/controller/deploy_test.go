package controller_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/deploy"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/keypair"
	"github.com/acmsync/acmsync/internal/record"
)

// deployed is the serial of what a folder holds for a name.
func deployed(dir, name string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(dir, name, "fullchain.pem"))
	if err != nil {
		return "", err
	}
	chain, err := keypair.ParseChain(raw)
	if err != nil {
		return "", err
	}
	return keypair.Describe(chain[0]).Serial, nil
}

// TestDeployIsRetriedUntilItSucceeds: the certificate is kept, the operator is
// told, and no other is ordered.
func TestDeployIsRetriedUntilItSucceeds(t *testing.T) {
	t.Parallel()
	w := begin(t)
	if err := os.WriteFile(w.LiveDir(), []byte("in the way"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.shop("www.shop.example")
	for try := 1; try <= 3; try++ {
		w.pass()
		d, e := w.domain("www.shop.example"), w.entry("shop", "www.shop.example")
		switch {
		case d.State != record.DNSVerified || d.Certificate == nil || len(d.Deployed) != 1 || d.Deployed[0].Tries != try:
			t.Fatalf("after try %d: %s, %+v", try, d.State, d.Deployed)
		case e.Status != "DNS Verified" || e.Checks.Deployed != "fail" || e.Checks.Issued != "pass" || e.Ready:
			t.Errorf("after try %d: %+v", try, e)
		case e.Reason != string(failure.DeployFailed) || e.Attention != "operator":
			t.Errorf("after try %d: %s for %s", try, e.Reason, e.Attention)
		}
		if a, err := w.Attention(t.Context()); err != nil || a.Operator != 1 {
			t.Errorf("attention %+v, %v", a, err)
		}
		w.forward(d.Deployed[0].Next.Sub(w.clock.now()) + time.Second)
	}
	if err := os.Remove(w.LiveDir()); err != nil {
		t.Fatal(err)
	}
	w.pass()
	w.wantIssued("www.shop.example")
	if a, err := w.Attention(t.Context()); err != nil || a != (controller.Attention{}) {
		t.Errorf("attention %+v, %v", a, err)
	}
}

// TestHookFailureIsADeployFailure: the hook runs after the pair is in place,
// and until it succeeds the pair does not count as deployed.
func TestHookFailureIsADeployFailure(t *testing.T) {
	t.Parallel()
	marks := t.TempDir()
	script := `echo "$ACMSYNC_CHANGED" >> "` + marks + `/ran"; test -e "` + marks + `/healed"`
	w := begin(t)
	w.replace(func(c *controller.Config) {
		c.Targets = []controller.Target{deploy.NewFiles(deploy.FilesConfig{
			Name: "edge", Dir: w.LiveDir(), Hook: []string{"/bin/sh", "-c", script},
		})}
	})
	w.shop("www.shop.example")
	w.pass()
	d := w.domain("www.shop.example")
	if reason(d) != string(failure.DeployFailed) || d.Checks.Deployed != record.Fail {
		t.Fatalf("%s, %v", d.State, d.Findings)
	}
	if ran, err := os.ReadFile(filepath.Join(marks, "ran")); string(ran) != "www.shop.example\n" {
		t.Errorf("the hook was told %q, %v", ran, err)
	}
	if err := os.WriteFile(filepath.Join(marks, "healed"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.forward(d.Deployed[0].Next.Sub(w.clock.now()) + time.Second)
	w.pass()
	w.wantIssued("www.shop.example")
}

// TestOldPairStaysWhereTheNewOneFails: with an older pair in place the domain is
// still served, so it stays issued.
func TestOldPairStaysWhereTheNewOneFails(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example")
	w.pass()
	old := *w.domain("www.shop.example").Certificate
	w.replace(func(c *controller.Config) {
		c.Targets = []controller.Target{&balky{Target: c.Targets[0], install: func(string) error { return errBalk }}}
	})
	w.push("apiVersion: acmsync/v1\napps:\n  - {name: shop, rekey: again, domains: [www.shop.example]}\n")
	w.pass()
	d, e := w.domain("www.shop.example"), w.entry("shop", "www.shop.example")
	if d.Certificate.Serial == old.Serial || d.State != record.CertIssued {
		t.Fatalf("%s with %s, before %s", d.State, d.Certificate.Serial, old.Serial)
	}
	if e.Status != "Cert Issued" || e.Renewal == nil || e.Renewal.Reason != string(failure.DeployFailed) {
		t.Errorf("status says %+v", e)
	}
	w.wantServed("www.shop.example", old.Serial)
	w.forward(48 * time.Hour)
	w.pass()
	if _, revoked := w.CA.Revoked(old.Serial); revoked {
		t.Error("the pair in use was revoked")
	}
}
