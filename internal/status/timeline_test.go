package status_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/status"
)

func appWith(domains ...status.DomainStatus) *status.AppStatus {
	return &status.AppStatus{App: "shop", Domains: domains}
}

func domainIn(name, state, title string) status.DomainStatus {
	return status.DomainStatus{Name: name, Status: state, Trouble: status.Trouble{Title: title}}
}

func TestTimeline(t *testing.T) {
	t.Parallel()
	renewing := domainIn("a.example", "Cert Issued", "")
	renewing.Renewal = &status.RenewalStatus{Reason: "dns-timeout"}
	past := []status.Past{
		{At: t0, App: appWith(domainIn("a.example", "In Progress", ""))},
		{At: t0.Add(time.Minute), App: appWith(domainIn("a.example", "Failing", "Incorrect CNAME target\x1b[2J"), domainIn("b.example", "Waiting", ""))},
		{At: t0.Add(2 * time.Minute), App: appWith(domainIn("a.example", "Failing", "Incorrect CNAME target\x1b[2J"), domainIn("b.example", "Waiting", ""))},
		{At: t0.Add(3 * time.Minute), App: appWith(domainIn("a.example", "Cert Issued", ""))},
		{At: t0.Add(4 * time.Minute), App: appWith(renewing)},
		{At: t0.Add(5 * time.Minute)},
	}
	var b strings.Builder
	if err := status.WriteTimeline(&b, status.Timeline(past), false); err != nil {
		t.Fatal(err)
	}
	want := `2026-11-23 10:00  a.example  In Progress
2026-11-23 10:01  a.example  In Progress → Failing: Incorrect CNAME target
2026-11-23 10:01  b.example  Waiting
2026-11-23 10:03  a.example  Failing → Cert Issued
2026-11-23 10:03  b.example  left
2026-11-23 10:04  a.example  Cert Issued: renewal failing: dns-timeout
2026-11-23 10:05  a.example  left
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSettled(t *testing.T) {
	t.Parallel()
	waiting := domainIn("a.example", "Waiting", "")
	failing := domainIn("a.example", "Failing", "Incorrect CNAME target")
	needy := failing
	needy.Attention = "owner"
	for name, c := range map[string]struct {
		domain status.DomainStatus
		want   bool
	}{
		"issued": {domainIn("a.example", "Cert Issued", ""), true}, "waits": {waiting, false}, "retried": {failing, false},
		"needs its owner": {needy, true}, "being made": {domainIn("a.example", "DNS Verified", ""), false}, "off": {domainIn("a.example", "Disabled", ""), true},
	} {
		if got := status.Settled([]status.AppStatus{*appWith(c.domain)}); got != c.want {
			t.Errorf("%s: settled %v, want %v", name, got, c.want)
		}
	}
}

// Ages are said in words, in their largest unit.
func TestAgesInTheTable(t *testing.T) {
	t.Parallel()
	d := domainIn("a.example", "Failing", "Incorrect CNAME target")
	d.Attention, d.Message, d.Remedy, d.FirstFailed, d.Attempts = "owner", "It is wrong.", "Mend it.", t0, 7
	for _, c := range []struct {
		now, next time.Duration
		want      string
	}{
		{30 * time.Second, time.Minute, "First seen less than a minute ago, 7 attempts. Next try in less than a minute, at 2026-11-23T10:01:00Z."},
		{time.Hour, 3 * time.Hour, "First seen 1 hour ago, 7 attempts. Next try in 2 hours, at 2026-11-23T13:00:00Z."},
		{75 * time.Hour, 75 * time.Hour, "First seen 3 days ago, 7 attempts. The next try is due."},
	} {
		d.NextAttempt = t0.Add(c.next)
		var b strings.Builder
		if err := status.Table(&b, []status.AppStatus{*appWith(d)}, t0.Add(c.now), false, 120); err != nil || !strings.Contains(b.String(), c.want) {
			t.Errorf("%v: %v\n%s, want\n%s", c.now, err, b.String(), c.want)
		}
	}
}

// How long a certificate is good is said in words, and in red when it is not long.
func TestAgesOfCertificates(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]string{
		-time.Hour: "\x1b[31mexpired\x1b[0m", 5 * time.Hour: "\x1b[31m5 hours\x1b[0m", 8 * 24 * time.Hour: "  8 days ",
	} {
		var b strings.Builder
		certs := []status.Cert{{Names: []string{"a.example"}, App: "shop", Expiry: t0.Add(left)}}
		if err := status.Certs(&b, certs, t0, true, 100); err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("%v: %v\n%s, want %q", left, err, b.String(), want)
		}
	}
}
