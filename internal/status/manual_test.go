package status_test

import (
	"bytes"
	"testing"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/status"
)

// TestManual: certificates that owners bring along, as the files and the
// inventory tell of them: in use, about to expire, unusable, migrated from.
func TestManual(t *testing.T) {
	t.Parallel()
	used := row("pay", "a.pay.example", record.Manual)
	used.Mode, used.Certificate = record.ByHand, certificate("a.pay.example", "4a")
	used.Certificate.Origin, used.Certificate.Directory = record.OriginBrought, ""
	used.Deployed = []record.Deployment{{Target: "edge", SHA256: used.Certificate.SHA256}}
	used.Checks = record.Checks{DNS: record.Pass, CAA: record.Skipped, Challenge: record.Skipped, Issued: record.Pass, Deployed: record.Pass, Served: record.Pass}

	ending := used
	ending.Key, ending.Names = "b.pay.example", []string{"b.pay.example"}
	note := finding(failure.ManualInvalid, "The certificate brought along for b.pay.example expires at 2027-02-21T10:00:00Z.", "Commit its successor as pay.pem, with its key.")
	note.Warning, note.Actor = true, failure.Owner
	ending.Findings = []record.Finding{note}

	unusable := used
	unusable.Key, unusable.Names, unusable.State = "c.pay.example", []string{"c.pay.example"}, record.Failing
	unusable.Findings = []record.Finding{finding(failure.ManualInvalid, "The certificate brought along for c.pay.example cannot be used: pay.age is not the private key of pay.pem.", "Commit a certificate and key that match each other and c.pay.example, and are in date.")}

	migrated := row("pay", "d.pay.example", record.CertIssued)
	migrated.Certificate = certificate("d.pay.example", "4d")
	migrated.Deployed = []record.Deployment{{Target: "edge", SHA256: migrated.Certificate.SHA256}}
	migrated.Checks = used.Checks
	note.Message, note.Remedy, note.Actor = "The automatic certificate of d.pay.example is deployed.", "Remove certificate from d.pay.example.", ""
	migrated.Findings = []record.Finding{note}

	r := report()
	r.Apps, r.Errors, r.HeldHash = []record.App{{Name: "pay", File: "apps.yaml", ACM: "manual", Revision: revision}}, nil, ""
	r.Domains = []record.Domain{used, ending, unusable, migrated}
	files := render(t, r)
	golden(t, "manual-pay.yaml", files["apps/pay.yaml"])
	golden(t, "manual-README.md", files["README.md"])
	var table, certs bytes.Buffer
	if err := status.Table(&table, status.Apps(r), t0, false, 120); err != nil {
		t.Fatal(err)
	}
	golden(t, "manual-table", table.Bytes())
	if err := status.Certs(&certs, status.Inventory(status.Apps(r), func(string) bool { return true }), t0, false, 100); err != nil {
		t.Fatal(err)
	}
	golden(t, "manual-certs", certs.Bytes())
}
