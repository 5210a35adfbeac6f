package controller_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

func withCRL(o *lab.Options) { o.CRL = true }

// publicKey is that of the deployed certificate.
func (w *world) publicKey(name string) string {
	w.t.Helper()
	raw, err := os.ReadFile(filepath.Join(w.LiveDir(), name, "fullchain.pem"))
	if err != nil {
		w.t.Fatal(err)
	}
	block, _ := pem.Decode(raw)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(cert.RawSubjectPublicKeyInfo)
}

// revoke puts the certificate on the CA's list without us.
func (w *world) revoke(serial string, reason int) {
	w.t.Helper()
	if err := w.CA.CRL().Revoke(serial, reason, w.clock.now().Add(-time.Hour)); err != nil {
		w.t.Fatal(err)
	}
}

// TestRevokedByOthers: the daily look finds it, and in the same pass it has a
// certificate of another key; log, plan, status and commit say why. Nothing is
// revoked again.
func TestRevokedByOthers(t *testing.T) {
	t.Parallel()
	w, old := longLived(t, withCRL)
	key := w.publicKey("www.shop.example")
	w.revoke(old.Serial, 1)
	var log bytes.Buffer
	w.rig = w.another(func(c *controller.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	w.forward(20 * time.Minute)
	w.pass()
	w.wantIssued("www.shop.example") // nobody looks before the day is over
	w.CA.Forget()
	w.forward(25 * time.Hour)
	w.wantPlan(reconcile.Renew)
	w.pass()
	w.wantRenewed("www.shop.example", old)
	if w.publicKey("www.shop.example") == key {
		t.Error("the new certificate has the key of the one that was revoked for it")
	}
	if said := log.String(); !strings.Contains(said, "level=WARN") || !strings.Contains(said, "its CA revoked it at ") {
		t.Errorf("nobody is told why:\n%s", said)
	}
	c := w.entry("shop", "www.shop.example").Certificate
	if r := c.ReplacedRevoked; r == nil || r.Serial != old.Serial || r.Reason != "keyCompromise" || !c.ReplacedEarly || c.Revoked != nil {
		t.Errorf("the status does not say so: %+v", c)
	}
	if log, err := w.Git.Log("acm-status"); err != nil || !strings.Contains(log[0].Message, "its CA revoked the one before it (keyCompromise)") {
		t.Errorf("the commit does not say so: %v, %+v", err, log[0])
	}
	w.forward(25 * time.Hour)
	tip := w.Git.Tip("acm-status")
	w.pass()
	w.wantRenewed("www.shop.example", old)
	if n := w.CA.Count(ca.Revoke); n > 0 || w.Git.Tip("acm-status") != tip {
		t.Errorf("%d revocations, or the status moved", n)
	}
}

// TestRevokedAndNotReplacedYet: while the CA does not issue, what is in use stays
// in use, and the status says that it is revoked and not ready.
func TestRevokedAndNotReplacedYet(t *testing.T) {
	t.Parallel()
	w, old := longLived(t, withCRL)
	w.revoke(old.Serial, 4)
	heal := w.CA.Fault(ca.Of(ca.NewOrder), ca.Fault{Status: http.StatusServiceUnavailable})
	w.forward(25 * time.Hour)
	w.Pass(t.Context())
	e := w.entry("shop", "www.shop.example")
	if e.Ready || e.Certificate.Revoked == nil || e.Certificate.Revoked.Reason != "superseded" || e.Status != string(record.CertIssued) {
		t.Errorf("%+v, %+v", e, e.Certificate)
	}
	w.wantServed("www.shop.example", old.Serial)
	heal()
	w.forward(2 * time.Minute)
	w.pass()
	w.wantRenewed("www.shop.example", old)
	if e := w.entry("shop", "www.shop.example"); !e.Ready || e.Certificate.Revoked != nil {
		t.Errorf("%+v, %+v", e, e.Certificate)
	}
}

// TestListsOfNoUseChangeNothing: day after day another answer in the place of
// the list, and no pass fails, orders or commits anything. The list is asked for
// with the daily look alone.
func TestListsOfNoUseChangeNothing(t *testing.T) {
	t.Parallel()
	w, old := longLived(t, withCRL)
	w.revoke(old.Serial, 1)
	list, err := w.CA.CRL().List(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.CA.CRL().Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	w.forward(25 * time.Hour)
	w.pass()
	tip := w.Git.Tip("acm-status")
	w.CA.Forget()
	answers := map[string]func(http.ResponseWriter, *http.Request){
		"HTML":      func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
		"truncated": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(list[:len(list)/2]) },
		"forged": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(append(bytes.Clone(list[:len(list)-1]), list[len(list)-1]^1))
		},
		"cut":      func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/other.crl", http.StatusFound) },
	}
	for name, answer := range answers {
		w.CA.CRL().Answer(answer)
		before := w.CA.CRL().Asked()
		w.forward(24 * time.Hour)
		w.pass()
		w.forward(10 * time.Minute)
		w.pass()
		if n := w.CA.CRL().Asked() - before; n != 1 {
			t.Errorf("%s: asked %d times", name, n)
		}
	}
	w.wantIssued("www.shop.example")
	if n := w.CA.Count(ca.NewOrder, ca.NewAccount, ca.Revoke); n > 0 || w.Git.Tip("acm-status") != tip {
		t.Errorf("%d requests, or the status moved", n)
	}
}
