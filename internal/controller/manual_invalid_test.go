package controller_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/lab/owner"
	"github.com/acmsync/acmsync/internal/record"
)

// year is long for a certificate.
const year = 365 * 24 * time.Hour

// unusable is a commit of files that cannot be used.
type unusable struct {
	files   func(h *hand, good owner.Pair) (chain, key string)
	says    string
	actor   string
	remedy  string
	changes []any
}

func unusables() map[string]unusable {
	return map[string]unusable{
		"key of another": {func(h *hand, good owner.Pair) (string, string) {
			return string(good.Chain), h.encrypted(h.pair(year, www).Key, h.recipient)
		}, "certs/shop.key is not the private key of certs/shop.pem", "owner", "Commit a certificate and key", nil},
		"another name": {func(h *hand, _ owner.Pair) (string, string) {
			p := h.pair(year, "blog.example")
			return string(p.Chain), h.encrypted(p.Key, h.recipient)
		}, "certs/shop.pem is not for www.shop.example, but for blog.example", "owner", "Commit a certificate and key", nil},
		"expired": {func(h *hand, _ owner.Pair) (string, string) {
			p := h.pair(-time.Hour, www)
			return string(p.Chain), h.encrypted(p.Key, h.recipient)
		}, "certs/shop.pem expired at", "owner", "Commit a certificate and key", nil},
		"wrong order": {func(h *hand, good owner.Pair) (string, string) {
			root := string(h.ca.RootPEM())
			return root + strings.TrimSuffix(string(good.Chain), root), h.encrypted(good.Key, h.recipient)
		}, "certs/shop.pem is in the wrong order: certificate 2", "owner", "Commit a certificate and key", nil},
		"no PEM": {func(h *hand, good owner.Pair) (string, string) {
			return "hello\n", h.encrypted(good.Key, h.recipient)
		}, "certs/shop.pem: the chain holds no certificate in PEM", "owner", "Commit a certificate and key", nil},
		"too large": {func(h *hand, good owner.Pair) (string, string) {
			return strings.Repeat("# padding\n", 30<<10) + string(good.Chain), h.encrypted(good.Key, h.recipient)
		}, "certs/shop.pem: ", "owner", "Commit a certificate and key", nil},
		"another's identity": {func(h *hand, good owner.Pair) (string, string) {
			_, other, err := owner.NewIdentity()
			if err != nil {
				h.t.Fatal(err)
			}
			return string(good.Chain), h.encrypted(good.Key, other)
		}, "certs/shop.key is not encrypted to the identity of this installation", "operator", "Encrypt the key to age1", nil},
		"no identity": {func(h *hand, good owner.Pair) (string, string) {
			return string(good.Chain), h.encrypted(good.Key, h.recipient)
		}, "this installation has no identity", "operator", "Set store.identityFile", []any{func(c *controller.Config) { c.Identity = nil }}},
		"damaged": {func(h *hand, good owner.Pair) (string, string) {
			lines := strings.SplitAfter(h.encrypted(good.Key, h.recipient), "\n")
			return string(good.Chain), strings.Join(slices.Delete(lines, len(lines)-4, len(lines)-3), "")
		}, "certs/shop.key: it is damaged", "owner", "Commit a certificate and key", nil},
	}
}

// TestUnusableCertificates: each names the file that is wrong and who acts, an
// earlier pair stays in use, the CA is not asked, and no key is shown anywhere.
func TestUnusableCertificates(t *testing.T) {
	t.Parallel()
	for name, c := range unusables() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := byHand(t)
			before := h.bring(named, h.pair(year, www))
			h.pass()
			h.wantShown(before)
			h.replace(append(c.changes, func(config *controller.Config) {
				if len(c.changes) == 0 {
					config.Identity = h.config.Identity
				}
			})...)
			good := h.pair(year, www)
			chain, key := c.files(h, good)
			h.commit(named, chain, key)
			h.pass()
			e := h.www()
			if e.Status != "Failing" || e.Reason != "manual-certificate-invalid" || e.Attention != c.actor {
				t.Errorf("%s, %s for %s", e.Status, e.Reason, e.Attention)
			}
			if !strings.Contains(e.Message, c.says) || !strings.HasPrefix(e.Remedy, c.remedy) {
				t.Errorf("it says %q, %q", e.Message, e.Remedy)
			}
			h.wantShown(before)
			if n := len(h.world.CA.CertificatesFor(www)); n != 0 {
				t.Errorf("%d certificates were issued", n)
			}
			h.wantNoKey()
		})
	}
}

// wantNoKey looks for private keys in all that was committed as status.
func (h *hand) wantNoKey() {
	h.t.Helper()
	for _, path := range []string{"apps/shop.yaml", "README.md", "summary.yaml", "platform.yaml"} {
		if raw, err := h.Git.Read("acm-status", path); err != nil || strings.Contains(string(raw), "PRIVATE KEY") || strings.Contains(string(raw), "AGE-SECRET") {
			h.t.Errorf("%s: %v\n%s", path, err, raw)
		}
	}
}

// TestAFirstCertificateThatCannotBeUsed leaves the name without one, until its
// files are mended: that alone begins a pass.
func TestAFirstCertificateThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	h := byHand(t)
	h.commit(named, "", "")
	h.pass()
	e := h.www()
	if e.Status != "Failing" || !strings.Contains(e.Message, "certs/shop.pem is not in the repository") || e.Certificate != nil {
		t.Errorf("%+v", e)
	}
	p := h.pair(90*24*time.Hour, www)
	files := map[string]*string{"certs/shop.pem": git.Text(string(p.Chain)), "certs/shop.key": git.Text(string(p.Key))}
	if _, err := h.Git.Push("main", files, "the files alone"); err != nil {
		t.Fatal(err)
	}
	h.pass()
	e = h.www()
	if h.wantShown(p.Serial); e.Status != "Manual" || e.Attention != "" || len(e.Notes) != 1 || !strings.Contains(e.Notes[0], "unencrypted") {
		t.Errorf("with a plain key: %+v", e)
	}
}

// TestOneCertificateForSeveralApps, by a wildcard; removal takes the files away
// after the grace, asks no CA, and leaves the other's in place.
func TestOneCertificateForSeveralApps(t *testing.T) {
	t.Parallel()
	h := byHand(t)
	p := h.pair(200*24*time.Hour, "*.shop.example")
	const shared = ", certificate: {chain: all.pem, key: all.age}}\n"
	blog, shop := "  - {name: blog, domains: [blog.shop.example]"+shared, "  - {name: shop, domains: ["+www+"]"+shared
	h.Point("blog.shop.example")
	files := map[string]*string{
		"apps.yaml": git.Text(apps(blog, shop)), "all.pem": git.Text(string(p.Chain)), "all.age": git.Text(h.encrypted(p.Key, h.recipient)),
	}
	if _, err := h.Git.Push("main", files, "edit"); err != nil {
		t.Fatal(err)
	}
	h.pass()
	h.wantShown(p.Serial)
	h.push(apps(shop))
	h.pass()
	if d := h.domain("blog.shop.example"); d.Mode != record.Removed || d.Certificate == nil {
		t.Fatalf("within the grace: %+v", d)
	}
	h.forward(25 * time.Hour)
	h.CA.Forget()
	h.pass()
	if _, err := deployed(h.LiveDir(), "blog.shop.example"); err == nil {
		t.Error("the files are still there")
	}
	if n := h.CA.Count(ca.Revoke); n > 0 {
		t.Errorf("%d revocations", n)
	}
	if serial, err := deployed(h.LiveDir(), www); err != nil || serial != p.Serial {
		t.Errorf("the other has %s, %v", serial, err)
	}
	if d := h.domain(www); d.State != record.Manual {
		t.Errorf("the other is %s", d.State)
	}
}
