package operate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/internal/status"
	"github.com/acmsync/acmsync/spec"
)

// changed is what a change of a file comes to, without any repository.
func changed(t *testing.T, text string, c spec.Change) operate.Done {
	t.Helper()
	c.App = "shop"
	file := spec.File{Path: "apps/shop.yaml", Bytes: []byte("apiVersion: acmsync/v1\nname: shop\n" + text)}
	edited, err := spec.Edit([]spec.File{file}, c, spec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return operate.Done{Edited: edited}
}

func TestSwitched(t *testing.T) {
	t.Parallel()
	const domains = "domains: [a.example, {name: b.example, acm: true}, {name: c.example, acm: false}]\n"
	off := spec.Change{Field: spec.ACM, Value: "false"}
	for _, test := range []struct {
		name  string
		terms operate.Terms
		want  []string
	}{
		{"at Let's Encrypt", operate.Terms{Grace: "24h", Limits: budget.LetsEncrypt()}, []string{
			"What certificate there is stays in use for 24h for a.example. Then it is revoked and its files go.",
			"Nothing is revoked that is wanted again by then: enabling within that time keeps the certificate.",
			"Do not switch to and fro: after that time each domain costs a new certificate, and the CA issues at most 50 in 7 days for each registered domain, and 5 in 7 days for the same name.",
			"Still on, because acm: true stands at the domain itself: b.example.",
		}},
		{"nothing is known", operate.Terms{}, []string{
			"What certificate there is stays in use for the time that the operator has set (policy.revokeAfter) for a.example. Then it is revoked and its files go.",
			"Nothing is revoked that is wanted again by then: enabling within that time keeps the certificate.",
			"Do not switch to and fro: after that time each domain costs a new certificate.",
			"Still on, because acm: true stands at the domain itself: b.example.",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, operate.Switched(changed(t, domains, off), test.terms)); diff != "" {
				t.Error(diff)
			}
		})
	}
	for grace, want := range map[string]string{"never": "does not revoke it", "0s": "until the next pass"} {
		got := strings.Join(operate.Switched(changed(t, domains, off), operate.Terms{Grace: grace}), "\n")
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s", grace, got)
		}
	}
	on := operate.Switched(changed(t, "acm: false\n"+domains, spec.Change{Field: spec.ACM, Value: "true"}), operate.Terms{})
	want := []string{
		"A certificate is ordered, or kept if one is still there, as soon as DNS is right, for a.example. acmsync domains shop lists the records.",
		"Still off, because acm: false stands at the domain itself: c.example.",
	}
	if diff := cmp.Diff(want, on); diff != "" {
		t.Error(diff)
	}
}

// TestRefreshedDuringALimit: a refresh never shortens a wait that the CA set.
func TestRefreshedDuringALimit(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	report := operate.Report{App: &status.AppStatus{App: "shop", Domains: []status.DomainStatus{
		{Name: "a.example", RateLimitedUntil: now.Add(time.Hour)},
		{Name: "b.example", RateLimitedUntil: now.Add(-time.Hour)},
		{Name: "c.example", RateLimitedUntil: now.Add(2 * time.Hour)},
	}}}
	const domains = "domains: [a.example, b.example, {name: c.example, acm: false}]\n"
	all := operate.Refreshed(changed(t, domains, spec.Change{Field: spec.Refresh, Value: "1"}), report, now)
	want := []string{
		"Nothing is tried while automatic certificates are off: c.example.",
		"a.example waits for a limit of the CA until 2026-11-23T11:00:00Z. That wait stands: a refresh does not shorten it.",
		"c.example waits for a limit of the CA until 2026-11-23T12:00:00Z. That wait stands: a refresh does not shorten it.",
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Error(diff)
	}
	one := changed(t, domains, spec.Change{Domain: "b.example", Field: spec.Refresh, Value: "1"})
	if got := operate.Refreshed(one, report, now); len(got) != 0 {
		t.Errorf("%q", got)
	}
	if got := operate.Refreshed(one, operate.Report{}, now); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

// TestSwitchedBesideACertificate: one that is brought along takes over, or gives
// way.
func TestSwitchedBesideACertificate(t *testing.T) {
	t.Parallel()
	const text = "certificate: {chain: c.pem, key: c.age}\ndomains: [a.example, b.example]\n"
	off := operate.Switched(changed(t, "acm: true\n"+text, spec.Change{Field: spec.ACM, Value: "false"}), operate.Terms{Grace: "24h"})
	if diff := cmp.Diff([]string{
		"The certificate that is brought along (c.pem) is used from now on for a.example, b.example. An automatic one that it replaces is not revoked, and expires.",
		"Nothing renews it: acmsync status asks for its successor before it expires.",
	}, off); diff != "" {
		t.Error(diff)
	}
	on := operate.Switched(changed(t, text, spec.Change{Domain: "a.example", Field: spec.ACM, Value: "true"}), operate.Terms{})
	if diff := cmp.Diff([]string{
		"The certificate that is brought along (c.pem) is used until an automatic one is deployed, for a.example. Then acmsync status says that its line may go.",
	}, on); diff != "" {
		t.Error(diff)
	}
	rotated := operate.Rotated(changed(t, text, spec.Change{Field: spec.Rekey, Value: "1"}), false, operate.Terms{})
	want := "Where automatic certificates are off, nothing happens. To replace a certificate that is brought along, commit its successor: a.example, b.example."
	if got := rotated[len(rotated)-1]; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
