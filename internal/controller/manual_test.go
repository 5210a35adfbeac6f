package controller_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/keypair"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/lab/owner"
	"github.com/acmsync/acmsync/internal/status"
)

const www = "www.shop.example"

// hand is a world whose owners bring certificates along.
type hand struct {
	*world
	ca        *owner.CA
	recipient string
}

func byHand(t *testing.T, change ...any) *hand {
	t.Helper()
	file, recipient, err := owner.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	id, err := keypair.ParseIdentity([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	ca, err := owner.NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	identify := func(c *controller.Config) { c.Identity = id }
	h := &hand{begin(t, append([]any{identify}, change...)...), ca, recipient}
	h.Point(www)
	return h
}

// pair is a certificate for the names, from yesterday on.
func (h *hand) pair(until time.Duration, names ...string) owner.Pair {
	h.t.Helper()
	p, err := h.ca.Issue(h.clock.now().Add(-24*time.Hour), h.clock.now().Add(until), names...)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

func (h *hand) encrypted(key []byte, to string) string {
	h.t.Helper()
	text, err := owner.Encrypt(key, to)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(text)
}

// entry commits the app's entry with the files of its certificate; "" deletes.
func (h *hand) commit(entry, chain, key string) {
	h.t.Helper()
	files := map[string]*string{"apps.yaml": git.Text(apps("  - {name: shop, domains: [" + www + "]" + entry + "}\n"))}
	for path, content := range map[string]string{"certs/shop.pem": chain, "certs/shop.key": key} {
		if content != "" {
			files[path] = git.Text(content)
		}
	}
	if _, err := h.Git.Push("main", files, "edit"); err != nil {
		h.t.Fatal(err)
	}
}

const named = ", certificate: {chain: certs/shop.pem, key: certs/shop.key}"

// bring commits a good certificate, its key encrypted, and returns its serial.
func (h *hand) bring(entry string, p owner.Pair) string {
	h.t.Helper()
	h.commit(entry, string(p.Chain), h.encrypted(p.Key, h.recipient))
	return p.Serial
}

// shown is the serial that the edge presents, verified as a visitor does who
// trusts both CAs.
func (h *hand) shown() (string, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(h.CA.Issuers())
	roots.AppendCertsFromPEM(h.ca.RootPEM())
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp",
		net.JoinHostPort("127.0.0.1", strconv.Itoa(h.Edge.TLSPort())), &tls.Config{ServerName: www, RootCAs: roots, Time: h.clock.now})
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(conn.ConnectionState().PeerCertificates[0].SerialNumber.Bytes()), conn.Close()
}

func (h *hand) wantShown(serial string) {
	h.t.Helper()
	if got, err := h.shown(); err != nil || got != serial {
		h.t.Errorf("the edge shows %q, %v; want %q", got, err, serial)
	}
}

func (h *hand) www() status.DomainStatus {
	h.t.Helper()
	return h.entry("shop", www)
}

// TestFromAutomaticToManualAndBack: Auto, Manual, migrating, Auto again, while
// visitors come all the time and always meet a valid pair.
func TestFromAutomaticToManualAndBack(t *testing.T) {
	t.Parallel()
	h := byHand(t)
	h.commit("", "", "")
	h.pass()
	h.wantIssued(www)
	first := h.domain(www).Certificate.Serial
	stop := h.visit()
	defer stop()

	manual := h.bring(named, h.pair(200*24*time.Hour, www))
	h.pass()
	h.wantShown(manual)
	e := h.www()
	if e.Status != "Manual" || !e.Ready || e.Reason != "" || e.Attention != "" || !e.Certificate.RenewAt.IsZero() || e.Checks.Served != "pass" || e.Checks.CAA != "skipped" {
		t.Errorf("manual: %+v", e)
	}
	if acm := h.committed("shop").ACM; acm != "manual" {
		t.Errorf("acm is %s", acm)
	}
	h.CA.Forget()
	h.forward(20 * time.Hour) // the CA of the lab forgets its orders after a day
	if r := h.pass(); r.Committed != "" || h.CA.Count() > 0 {
		t.Errorf("twenty hours later %q was committed and the CA was asked %d times", r.Committed, h.CA.Count())
	}
	if _, revoked := h.CA.Revoked(first); revoked {
		t.Error("the automatic certificate was revoked, not left to expire")
	}

	h.commit(", acm: true"+named, "", "")
	h.pass()
	second := h.domain(www).Certificate.Serial
	if h.wantShown(second); second == manual || second == first {
		t.Fatalf("after migrating it is %s: %+v", second, h.domain(www))
	}
	if e := h.www(); e.Status != "Cert Issued" || h.committed("shop").ACM != "migrating" || len(e.Notes) != 1 || !strings.Contains(e.Notes[0], "Remove certificate") {
		t.Errorf("migrated: %+v", e)
	}
	h.commit("", "", "")
	h.pass()
	if e := h.www(); e.Status != "Cert Issued" || len(e.Notes) > 0 || h.committed("shop").ACM != "enabled" {
		t.Errorf("automatic again: %+v", e)
	}
	h.wantShown(second)
}

// visit shakes hands until it is told to stop; every time there must be a valid
// pair. The lab's edge reads two files, and may meet a swap between them, so it
// gets a second chance.
func (h *hand) visit() (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for n := 0; ; n++ {
			if _, err := h.shown(); err != nil {
				if _, err = h.shown(); err != nil {
					h.t.Errorf("visit %d met no valid pair: %v", n, err)
				}
			}
			select {
			case <-done:
				return
			default:
			}
		}
	}()
	return func() { close(done); <-ended }
}

// TestMigratingWaitsForTheAutomaticOne: while there is none, the manual
// certificate is served, and why is said as of a renewal.
func TestMigratingWaitsForTheAutomaticOne(t *testing.T) {
	t.Parallel()
	h := byHand(t)
	h.CA.Judge(www, ca.Verdict{Problem: &ca.Problem{Type: "connection", Detail: "no route to host"}})
	manual := h.bring(", acm: true"+named, h.pair(200*24*time.Hour, www))
	h.pass()
	h.wantShown(manual)
	e := h.www()
	if e.Status != "Manual" || !e.Ready || e.Renewal == nil || e.Attention != "owner" {
		t.Errorf("%+v, renewal %+v", e, e.Renewal)
	}
	h.CA.Acquit(www)
	h.forward(h.domain(www).Attempt.Next.Sub(h.clock.now()) + time.Second)
	h.pass()
	if e := h.www(); e.Status != "Cert Issued" || e.Renewal != nil {
		t.Errorf("%+v, renewal %+v", e, e.Renewal)
	}
	h.wantShown(h.CA.CertificatesFor(www)[0].Serial)
}

// TestManualRenewal: the owner is told in time, a successor is taken up, and an
// expired one is said to be.
func TestManualRenewal(t *testing.T) {
	t.Parallel()
	h := byHand(t)
	h.bring(named, h.pair(40*24*time.Hour, "*.shop.example", "shop.example"))
	h.pass()
	if e := h.www(); e.Status != "Manual" || len(e.Notes) > 0 {
		t.Fatalf("%+v", e)
	}
	h.forward(h.domain(www).Certificate.NotAfter.Add(-10 * 24 * time.Hour).Sub(h.clock.now()))
	h.pass()
	if e := h.www(); e.Status != "Manual" || e.Attention != "owner" || e.Title != "Manual certificate expires soon" || !strings.Contains(e.Message, "expires at") {
		t.Errorf("ten days before: %+v", e)
	}
	h.forward(11 * 24 * time.Hour)
	h.pass()
	e := h.www()
	if e.Status != "Failing" || e.Reason != "manual-certificate-invalid" || e.Attention != "owner" || !strings.Contains(e.Message, "certs/shop.pem expired at") {
		t.Errorf("expired: %+v", e)
	}
	next := h.bring(named, h.pair(200*24*time.Hour, www))
	h.pass()
	if h.wantShown(next); h.www().Status != "Manual" || h.www().Attention != "" {
		t.Errorf("renewed: %+v", h.www())
	}
}
