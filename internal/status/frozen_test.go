package status_test

import (
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/status"
)

// frozenDomain is how a domain of a refused file is told.
func frozenDomain(t *testing.T, change func(*record.Domain, *record.App)) status.DomainStatus {
	t.Helper()
	d := record.Domain{
		Want:  record.Want{Key: "www.api.example", Names: []string{"www.api.example"}, App: "api", Mode: record.Auto, Frozen: true},
		State: record.Waiting,
	}
	a := record.App{Name: "api", Error: &record.FileError{File: "apps/api.yaml", Line: 3, Column: 5, Message: "plna: no such field"}}
	change(&d, &a)
	r := status.Report{Apps: []record.App{a}, Domains: []record.Domain{d}, Errors: []record.FileError{{File: "apps/new.yaml", Line: 1, Column: 2}}}
	return domainOf(t, status.Apps(r), "www.api.example")
}

// Nothing is tried for a domain without a certificate whose file is refused, so
// no remedy and no time from before may say otherwise.
func TestARefusedFileComesFirst(t *testing.T) {
	t.Parallel()
	const first = "Mend apps/api.yaml:3:5 first; nothing is tried for www.api.example until then."
	for what, c := range map[string]struct {
		change func(*record.Domain, *record.App)
		want   string
	}{
		"never tried": {func(*record.Domain, *record.App) {}, first},
		"failed before": {func(d *record.Domain, _ *record.App) {
			d.State, d.Findings = record.Failing, []record.Finding{finding(failure.IncorrectDNS, "It points elsewhere.", "Set A www.api.example to 203.0.113.10")}
		}, first + " Then: Set A www.api.example to 203.0.113.10"},
		"waited for the CA": {func(d *record.Domain, _ *record.App) {
			d.Findings = []record.Finding{finding(failure.CAUnavailable, "It cannot be reached.", "Nothing to change: acmsync tries again at 2026-11-23T10:00:00Z.")}
		}, first},
		"in no file that can be read": {
			func(_ *record.Domain, a *record.App) { a.Error = nil },
			strings.Replace(first, "apps/api.yaml:3:5", "apps/new.yaml:1:2", 1),
		},
	} {
		got := frozenDomain(t, func(d *record.Domain, a *record.App) {
			d.Attempt = record.Attempt{Count: 2, FirstFailed: t0, Last: t0, Next: t0.Add(time.Minute)}
			c.change(d, a)
		})
		if got.Remedy != c.want || got.Message == "" || got.Attention != "owner" || !got.NextAttempt.IsZero() {
			t.Errorf("%s: %q %q, attention %q, next %s; want %q", what, got.Message, got.Remedy, got.Attention, got.NextAttempt, c.want)
		}
	}
}

// Where there is a certificate, its renewal goes on and is told as ever.
func TestARefusedFileHidesNoRenewal(t *testing.T) {
	t.Parallel()
	got := frozenDomain(t, func(d *record.Domain, _ *record.App) {
		d.State, d.Certificate, d.Attempt.Next = record.CertIssued, &record.Certificate{NotAfter: t0.Add(48 * time.Hour)}, t0.Add(time.Hour)
		d.Findings = []record.Finding{finding(failure.CAAForbids, "CAA forbids it.", "Set CAA.")}
	})
	if got.Renewal == nil || got.Renewal.Remedy != "Set CAA." || got.Renewal.NextAttempt.IsZero() || got.Remedy != "" {
		t.Errorf("%+v; %+v", got.Renewal, got.Trouble)
	}
}
