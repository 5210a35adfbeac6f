package status_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/status"
)

// of makes the documents of an app "shop" with these rows.
func of(rows ...record.Domain) []status.AppStatus {
	r := report()
	r.Apps, r.Domains, r.HeldHash = []record.App{{Name: "shop", ACM: "enabled"}}, rows, ""
	return status.Apps(r)
}

func TestMessageOfTheFirstReport(t *testing.T) {
	t.Parallel()
	golden(t, "message", []byte(status.Message(nil, status.Apps(report()), status.Commit{Revision: "3f2a", SkipCI: true})))
}

func TestMessageTellsSteps(t *testing.T) {
	t.Parallel()
	issued := shop()[0]
	name := issued.Key
	renewed := issued
	renewed.Certificate = certificate(name, "77")
	failingRenewal := issued
	failingRenewal.Findings = []record.Finding{finding(failure.CAAForbids, "It is wrong.", "Mend it.")}
	progress, waiting := row("shop", name, record.InProgress), row("shop", name, record.Waiting)
	failing := row("shop", name, record.Failing)
	failing.Findings = []record.Finding{finding(failure.DomainNotFound, "It is wrong.", "Mend it.")}
	otherwise := failing
	otherwise.Findings = []record.Finding{finding(failure.DNSTimeout, "It is wrong.", "Mend it.")}
	retried := failing
	retried.Attempt = record.Attempt{Count: 7, Next: t0.Add(time.Hour)}
	failed := failing
	failed.State = record.Failed
	leaving := issued
	leaving.State, leaving.Mode, leaving.LeftAt = record.Disabled, record.Removed, t0
	revoked := leaving
	revoked.Certificate, revoked.Superseded = nil, []record.Superseded{{RevokedAt: t0}}
	held := issued
	held.State, held.Mode, held.Held = record.Held, record.Removed, true

	for _, c := range []struct {
		before, after []record.Domain
		want          string
	}{
		{nil, []record.Domain{waiting}, "1 waiting\n\nshop www.shop.example: Waiting"},
		{[]record.Domain{waiting}, []record.Domain{progress}, "1 in progress\n\nshop www.shop.example: In Progress"},
		{[]record.Domain{progress}, []record.Domain{issued}, "1 issued\n\nshop www.shop.example: Cert Issued, valid until 2027-02-21"},
		{[]record.Domain{issued}, []record.Domain{renewed}, "1 renewed\n\nshop www.shop.example: Cert Issued, valid until 2027-02-21"},
		{[]record.Domain{issued}, []record.Domain{failingRenewal}, "1 renewal failing\n\nshop www.shop.example: renewal failing, caa-forbids"},
		{[]record.Domain{failingRenewal}, []record.Domain{issued}, "1 recovered\n\nshop www.shop.example: Cert Issued"},
		{[]record.Domain{progress}, []record.Domain{failing}, "1 failing\n\nshop www.shop.example: Failing, Domain record does not exist"},
		{[]record.Domain{failing}, []record.Domain{otherwise}, "1 failing\n\nshop www.shop.example: Failing, DNS provider timed out"},
		{[]record.Domain{failing}, []record.Domain{failed}, "1 failed\n\nshop www.shop.example: Failed, Domain record does not exist"},
		{[]record.Domain{failing}, []record.Domain{retried}, "status updated"},
		{[]record.Domain{issued}, []record.Domain{leaving}, "1 removed\n\nshop www.shop.example: Removed"},
		{[]record.Domain{leaving}, []record.Domain{revoked}, "1 revoked\n\nshop www.shop.example: certificate revoked"},
		{[]record.Domain{revoked}, nil, "status updated"},
		{[]record.Domain{failing}, nil, "1 removed\n\nshop www.shop.example: removed"},
		{[]record.Domain{issued}, []record.Domain{held}, "1 held\n\nshop www.shop.example: Held"},
	} {
		got := status.Message(of(c.before...), of(c.after...), status.Commit{Revision: "3f2a"})
		want := "acmsync: " + c.want + "\n\nConfig-Revision: 3f2a\n"
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestMessageIsCut(t *testing.T) {
	t.Parallel()
	var rows []record.Domain
	for i := range 60 {
		rows = append(rows, row("shop", fmt.Sprintf("d%02d.example", i), record.Waiting))
	}
	lines := strings.Split(status.Message(nil, of(rows...), status.Commit{}), "\n")
	if lines[0] != "acmsync: 60 waiting" || !slices.Contains(lines, "and 10 more") || len(lines) != 54 {
		t.Errorf("%d lines:\n%s", len(lines), strings.Join(lines, "\n"))
	}
}
