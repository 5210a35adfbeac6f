package status_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/net/idna"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/status"
)

func domainOf(t *testing.T, apps []status.AppStatus, name string) status.DomainStatus {
	t.Helper()
	for _, a := range apps {
		for _, d := range a.Domains {
			if d.Name == name {
				return d
			}
		}
	}
	t.Fatalf("no %s", name)
	return status.DomainStatus{}
}

func TestAFailingRenewalNeverHidesAValidCertificate(t *testing.T) {
	t.Parallel()
	d := domainOf(t, status.Apps(report()), "xn--bcher-kva.example")
	if d.Status != "Cert Issued" || !d.Ready || d.Reason != "" || d.Renewal == nil || d.Renewal.Reason != "caa-forbids" || d.Attention != "owner" {
		t.Errorf("%+v", d)
	}
}

func TestCouldNotAskIsNotFailed(t *testing.T) {
	t.Parallel()
	d := domainOf(t, status.Apps(report()), "new.shop.example")
	if d.Checks != (status.ChecksStatus{DNS: "unknown", CAA: "unknown", Challenge: "unknown", Issued: "unknown", Deployed: "unknown", Served: "unknown"}) {
		t.Errorf("%+v", d.Checks)
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		change func(*record.Domain)
		want   bool
	}{
		"all is well":         {func(*record.Domain) {}, true},
		"an older one serves": {func(d *record.Domain) { d.Deployed[0].SHA256 = "older" }, true},
		"held":                {func(d *record.Domain) { d.Held, d.State = true, record.Held }, true},
		"not deployed":        {func(d *record.Domain) { d.Deployed = nil }, false},
		"another is served":   {func(d *record.Domain) { d.Checks.Served = record.Fail }, false},
		"not issued":          {func(d *record.Domain) { d.State = record.Failing }, false},
		"no certificate":      {func(d *record.Domain) { d.Certificate = nil }, false},
	} {
		d := shop()[0]
		c.change(&d)
		if got := domainOf(t, of(d), d.Key).Ready; got != c.want {
			t.Errorf("%s: ready %v", what, got)
		}
	}
}

func TestNoSinkTakesStrangersTextForMarkup(t *testing.T) {
	t.Parallel()
	r := report()
	apps := status.Apps(r)
	sinks := render(t, r)
	for name, width := range map[string]int{"table": 100, "lines": 0} {
		var b bytes.Buffer
		if err := status.Table(&b, apps, t0, false, width); err != nil {
			t.Fatal(err)
		}
		sinks[name] = b.Bytes()
	}
	sinks["message"] = []byte(status.Message(nil, apps, status.Commit{}))
	for sink, content := range sinks {
		for _, bad := range []string{"\x1b", "\u202e", "token=secret"} {
			if bytes.Contains(content, []byte(bad)) {
				t.Errorf("%s holds %q", sink, bad)
			}
		}
		if i := bytes.IndexFunc(content, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }); i >= 0 {
			t.Errorf("%s holds a control character at %d", sink, i)
		}
	}
	board := string(sinks["README.md"])
	if strings.Contains(board, "<b>") || !strings.Contains(board, `&lt;b&gt;this&lt;/b&gt; \| or \*that\*`) {
		t.Errorf("the board takes a CA's words for markup:\n%s", board)
	}
	if strings.Contains(string(sinks["message"]), "see") {
		t.Error("the commit message quotes a CA")
	}
}

func TestTheLinkOfAPausedAccountIsWithheld(t *testing.T) {
	t.Parallel()
	d := row("shop", "a.example", record.Failing)
	d.Findings = []record.Finding{finding(failure.AccountPaused, "It is wrong.", "Mend it.")}
	d.Problem = &record.Problem{
		Type: "urn:ietf:params:acme:error:rateLimited", Status: 429,
		Detail: "Your account is temporarily paused. Please visit https://portal.example/sfe/v1/unpause/abc123?jwt=ey to unpause. " + strings.Repeat("long ", 200),
	}
	got := domainOf(t, of(d), "a.example").Problem.Detail
	if strings.Contains(got, "abc123") || !strings.Contains(got, "[link withheld]") || len([]rune(got)) > 300 {
		t.Errorf("%q", got)
	}
}

func TestAttentionAndStatusAreTheWorst(t *testing.T) {
	t.Parallel()
	got := map[string][2]string{}
	for _, a := range status.Apps(report()) {
		got[a.App] = [2]string{a.Status, a.Attention}
	}
	for app, want := range map[string][2]string{
		"shop": {"Failing", "operator"}, "blog": {"Failed", "operator"}, "api": {"Waiting", "owner"},
		"quiet": {"Disabled", "none"}, "gone": {"Held", "operator"},
	} {
		if got[app] != want {
			t.Errorf("%s: %v, want %v", app, got[app], want)
		}
	}
	if _, there := got["forgotten"]; there {
		t.Error("an app of which nothing is left is still listed")
	}
}

func TestRevocationIsAnnouncedAsPolicyHasIt(t *testing.T) {
	t.Parallel()
	r := report()
	find := func() status.RemovedStatus {
		apps := status.Apps(r)
		return apps[slices.IndexFunc(apps, func(a status.AppStatus) bool { return a.App == "shop" })].Removed[0]
	}
	if got := find(); !got.RevokeAt.Equal(t0.Add(24 * time.Hour).Truncate(time.Second)) {
		t.Errorf("%+v", got)
	}
	r.Policy.NeverRevoke = true
	if got := find(); !got.RevokeAt.IsZero() {
		t.Errorf("never, but %+v", got)
	}
}

func FuzzUnicodeNames(f *testing.F) {
	for _, name := range []string{"xn--bcher-kva.example", "www.xn--fiqs8s", "xn--", "xn--a", "xn--99999999999", "*.xn--mnchen-3ya.example", "xn--zca"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := domainOf(t, of(row("shop", name, record.Waiting)), name).Unicode
		if got == "" {
			return
		}
		// Decoding is judged by an encoder that is not ours.
		back, err := idna.Punycode.ToASCII(got)
		if err == nil && !strings.EqualFold(back, name) && strings.ToLower(name) == name {
			t.Errorf("%q is shown as %q, which is %q", name, got, back)
		}
	})
}

func TestUnicodeNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"xn--bcher-kva.example": "bücher.example", "*.xn--mnchen-3ya.example": "*.münchen.example", "xn--fiqs8s": "中国",
		"xn--ihqwcrb4cv8a8dqg056pqjye.example": "他们为什么不说中文.example", // RFC 3492, section 7.1 (B)
		"www.example":                          "", "xn--.example": "", "xn--a-.example": "", "xn--!.example": "",
	} {
		if got := domainOf(t, of(row("shop", name, record.Waiting)), name).Unicode; got != want {
			t.Errorf("%s is shown as %q, want %q", name, got, want)
		}
	}
}
