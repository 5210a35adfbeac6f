package controller_test

import (
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab/ca"
)

func verifying(c *controller.Config) { c.Policy.Platform.VerifyOwnership = true }

// TestOwnershipIsProvedOnce: an owner adds a name, reads which record is
// missing, adds it, and has the certificate within two minutes; until then the
// CA is asked nothing. Afterwards the record is not needed any more.
func TestOwnershipIsProvedOnce(t *testing.T) {
	t.Parallel()
	const name = "www.shop.example"
	w := begin(t, verifying)
	w.shop(name)
	w.pass()
	proof := w.wantProofAsked("shop", name)
	for _, later := range []time.Duration{time.Minute, 6 * time.Minute, 30 * time.Minute, 2 * time.Hour} {
		w.forward(later)
		w.pass()
	}
	if n := w.CA.Count(ca.NewOrder); n != 0 {
		t.Fatalf("%d orders before the proof", n)
	}
	w.DNS.Set(proof.Name, `TXT "`+proof.Value+`"`)
	w.forward(6 * time.Minute) // a thirtieth of the failure's age
	w.pass()
	w.wantIssued(name)
	if got := w.domain(name).Proven; got.App != "shop" || got.At.IsZero() || got.Record != proof.Name {
		t.Errorf("remembered as %+v", got)
	}

	w.DNS.Remove(proof.Name, 0)
	first := w.domain(name).Certificate.Serial
	w.forward(61 * 24 * time.Hour)
	w.pass()
	d := w.domain(name)
	if d.Certificate.Serial == first {
		t.Errorf("it was not renewed: %v", d.Findings)
	}
	w.wantServed(name, d.Certificate.Serial)
}

// TestOwnershipOfAMovedName: an app that is renamed, or takes over a name that
// another left, keeps the certificate in use, and no order is made for it until
// its own proof is there. Its owner is told at once, not when it is due.
func TestOwnershipOfAMovedName(t *testing.T) {
	t.Parallel()
	const name = "www.shop.example"
	w := begin(t, verifying)
	w.prove(name, "shop")
	w.shop(name)
	w.pass()
	w.wantIssued(name)
	serial := w.domain(name).Certificate.Serial

	w.push(apps(app("store", name)))
	w.pass()
	e := w.entry("store", name)
	if e.Status != "Cert Issued" || !e.Ready || e.Renewal == nil || e.Renewal.Reason != string(failure.OwnershipUnproven) || e.Attention != "owner" {
		t.Fatalf("%+v", e)
	}
	w.forward(80 * 24 * time.Hour) // long due
	w.pass()
	w.wantServed(name, serial)
	if n := len(w.CA.CertificatesFor(name)); n != 1 {
		t.Errorf("%d certificates without a proof for store", n)
	}
	w.prove(name, "shop", "store")
	w.forward(2 * time.Minute)
	w.pass()
	d := w.domain(name)
	if d.Certificate.Serial == serial || len(d.Findings) > 0 {
		t.Errorf("proved, and not renewed: %v", d.Findings)
	}
	w.wantServed(name, d.Certificate.Serial)
}

// TestOwnershipAskedForLater: names that have a certificate when proof is first
// asked for need none; new ones do.
func TestOwnershipAskedForLater(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example")
	w.pass()
	w.replace(verifying)
	w.shop("www.shop.example", "new.shop.example")
	w.pass()
	w.wantIssued("www.shop.example")
	w.wantProofAsked("shop", "new.shop.example")
	w.forward(61 * 24 * time.Hour)
	w.pass()
	if n := len(w.CA.CertificatesFor("www.shop.example")); n < 2 {
		t.Errorf("%d certificates, want a renewal", n)
	}
}
