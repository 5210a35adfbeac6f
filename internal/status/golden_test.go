package status_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/status"
	"github.com/acmsync/acmsync/reconcile"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with testdata/name.golden.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", strings.ReplaceAll(name, "/", "-")+".golden")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (go test -update writes it anew):\n%s", file, diff)
	}
}

func render(t testing.TB, r status.Report) map[string][]byte {
	t.Helper()
	files, err := status.Render(r)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestRender(t *testing.T) {
	t.Parallel()
	files := render(t, report())
	want := []string{
		"README.md", "apps/api.yaml", "apps/blog.yaml", "apps/gone.yaml", "apps/quiet.yaml", "apps/shop.yaml",
		"errors.yaml", "platform.yaml", "summary.yaml",
	}
	var got []string
	for path, content := range files {
		got = append(got, path)
		if !status.Owned(path) {
			t.Errorf("%s is written but not owned, so it would never be deleted", path)
		}
		golden(t, path, content)
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRenderNothing(t *testing.T) {
	t.Parallel()
	files := render(t, status.Report{})
	if _, there := files["errors.yaml"]; there {
		t.Error("errors.yaml without errors")
	}
	golden(t, "empty-README.md", files["README.md"])
	golden(t, "empty-summary.yaml", files["summary.yaml"])
}

func TestBytesDependOnNothingButTheReport(t *testing.T) {
	t.Parallel()
	first := render(t, report())
	shuffled := report()
	slices.Reverse(shuffled.Apps)
	slices.Reverse(shuffled.Domains)
	slices.Reverse(shuffled.Errors)
	for i := range shuffled.Domains {
		shuffled.Domains[i].Since = shuffled.Domains[i].Since.UTC()
	}
	if diff := cmp.Diff(first, render(t, shuffled)); diff != "" {
		t.Error(diff)
	}
}

func TestShards(t *testing.T) {
	t.Parallel()
	r := report()
	r.Shard = true
	files := render(t, r)
	// printf shop | sha256sum
	path := "apps/8d/shop.yaml"
	if _, there := files[path]; !there || path != status.AppPath("shop", true) || !status.Owned(path) {
		t.Errorf("no %s; AppPath says %s", path, status.AppPath("shop", true))
	}
	if !bytes.Contains(files["README.md"], []byte("(apps/8d/shop.yaml)")) {
		t.Error("the board does not link there")
	}
}

func TestParseReadsWhatRenderWrote(t *testing.T) {
	t.Parallel()
	r := report()
	files := render(t, r)
	for _, want := range status.Apps(r) {
		got, err := status.Parse(files[status.AppPath(want.App, false)])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", want.App, diff)
		}
	}
	p, err := status.ParsePlatform(files["platform.yaml"])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r.Policy.Platform, p.Policy().Platform, cmp.Comparer(func(a, b interface{ String() string }) bool { return a.String() == b.String() })); diff != "" {
		t.Error(diff)
	}
	s, err := status.ParseSummary(files["summary.yaml"])
	if err != nil || s.Observed.DesiredHash != r.DesiredHash || s.Held.Removals != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestParseRefusesWhatIsNoStatus(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "a: [", "apiVersion: acmsync/v1\nkind: Summary\n", "apiVersion: acmsync/v9\nkind: AppStatus\n", "apiVersion: acmsync/v1\nkind: AppStatus\ndomains: 5\n"} {
		if a, err := status.Parse([]byte(text)); err == nil {
			t.Errorf("%q was read as %+v", text, a)
		}
	}
}

func TestParsePlatformRefusesTargetsThatAreNoNames(t *testing.T) {
	t.Parallel()
	for target, ok := range map[string]bool{
		"": true, "edge.example.net": true, "{domain}.dns.example.net": true, "{app}-edge.example.net": true,
		"edge .example": false, "$(reboot).example": false, "{other}.example": false, ".example": false,
	} {
		if _, err := status.ParsePlatform([]byte("apiVersion: acmsync/v1\nkind: Platform\ntarget: \"" + target + "\"\n")); (err == nil) != ok {
			t.Errorf("%q: %v", target, err)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	text, err := json.MarshalIndent(status.Apps(report()), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "status.json", text)
}

func TestTable(t *testing.T) {
	t.Parallel()
	apps := status.Apps(report())
	for name, c := range map[string]struct {
		color bool
		width int
	}{"table": {false, 120}, "table-color": {true, 120}, "table-narrow": {false, 70}, "lines": {false, 0}} {
		var b bytes.Buffer
		if err := status.Table(&b, apps, t0.Add(5*time.Minute), c.color, c.width); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.Bytes())
	}
	var b bytes.Buffer
	if err := status.Table(&b, nil, t0, false, 80); err != nil || b.String() != "No domains.\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
}

func TestCerts(t *testing.T) {
	t.Parallel()
	certs := status.Inventory(status.Apps(report()), func(sum string) bool { return sum == "0a1b00112233" })
	for name, width := range map[string]int{"certs": 100, "certs-lines": 0} {
		var b bytes.Buffer
		if err := status.Certs(&b, certs, t0, false, width); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.Bytes())
	}
}

func TestPlanText(t *testing.T) {
	t.Parallel()
	plan := status.NewPlan(reconcile.Plan{
		Hash: "ab12cd34ab12cd34", Held: true,
		Actions: []reconcile.Action{
			{Kind: reconcile.Issue, App: "shop", Domain: "www.shop.example", Why: "no certificate"},
			{Kind: reconcile.Replace, App: "shop", Domain: "a.example", Why: "a new key was asked for"},
			{Kind: reconcile.Deploy, App: "shop", Domain: "a.example", Target: "edge", Why: "edge does not have it yet"},
			{Kind: reconcile.Revoke, App: "blog", Domain: "old.example", Serial: "0a1b", Reason: 5, Why: "the grace of 24h is over"},
			{Kind: reconcile.Forget, App: "blog", Domain: "old.example", Why: "its certificate is revoked"},
			{Kind: reconcile.Renew, App: "blog", Domain: "b.example", Why: "expires in 20 days"},
		},
		Outcomes: []reconcile.Outcome{
			{Kind: reconcile.Keep, App: "shop", Domain: "kept.example", Why: "valid"},
			{Kind: reconcile.Wait, App: "shop", Domain: "slow.example", Why: "rate limited", Until: t0},
			{Kind: reconcile.Hold, App: "blog", Domain: "held.example", Why: "its removal is held: no app is left"},
			{Kind: reconcile.Fail, App: "blog", Domain: "wrong.example", Why: "points \x1b[2Jelsewhere", Until: t0},
		},
	})
	for name, color := range map[string]bool{"plan": false, "plan-color": true} {
		var b bytes.Buffer
		if err := status.PlanText(&b, plan, color); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.Bytes())
	}
	text, err := json.MarshalIndent(plan, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "plan.json", text)
	if text, _ := json.Marshal(status.NewPlan(reconcile.Plan{})); !bytes.Contains(text, []byte(`"actions":[],"outcomes":[]`)) {
		t.Errorf("lists that programs range over must not be null: %s", text)
	}
}

// outcomes are so many of each kind.
func outcomes(keep, fail, wait, hold int) []reconcile.Outcome {
	var out []reconcile.Outcome
	for kind, n := range map[reconcile.OutcomeKind]int{
		reconcile.Keep: keep, reconcile.Fail: fail, reconcile.Wait: wait, reconcile.Hold: hold,
	} {
		for range n {
			out = append(out, reconcile.Outcome{Kind: kind, App: "shop", Domain: "a.example", Why: "so it is"})
		}
	}
	return out
}

func TestPlanTextCountsEverythingInOneLine(t *testing.T) {
	t.Parallel()
	issue := []reconcile.Action{{Kind: reconcile.Issue, App: "shop", Domain: "b.example", Why: "no certificate"}}
	for want, plan := range map[string]reconcile.Plan{
		"Nothing to do: no domain is asked for.":                        {},
		"Nothing to do: 1 domain as wanted.":                            {Outcomes: outcomes(1, 0, 0, 0)},
		"Nothing to do: 2 domains as wanted.":                           {Outcomes: outcomes(2, 0, 0, 0)},
		"Nothing to do now: 1 failing.":                                 {Outcomes: outcomes(0, 1, 0, 0)},
		"Nothing to do now: 1 as wanted, 2 failing, 1 waiting, 3 held.": {Outcomes: outcomes(1, 2, 1, 3)},
		"Plan: 1 to issue.":                                             {Actions: issue},
		"Plan: 1 to issue; 1 as wanted, 2 failing, 1 waiting, 3 held.":  {Actions: issue, Outcomes: outcomes(1, 2, 1, 3)},
	} {
		var b bytes.Buffer
		if err := status.PlanText(&b, status.NewPlan(plan), true); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(b.String(), "\n")
		counted := func(line string) bool {
			return strings.HasPrefix(line, "Plan: ") || strings.HasPrefix(line, "Nothing to do")
		}
		if at := slices.IndexFunc(lines, counted); at < 0 || lines[at] != want {
			t.Errorf("it says %q, want the line %q", b.String(), want)
		}
	}
}

func TestTimesAreSecondsInUTC(t *testing.T) {
	t.Parallel()
	for path, content := range render(t, report()) {
		if bytes.Contains(content, []byte(".123456")) || bytes.Contains(content, []byte("+02:00")) {
			t.Errorf("%s:\n%s", path, content)
		}
	}
	if since := status.Apps(report())[0].Domains[0].Since; since != time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) {
		t.Errorf("since %s", since)
	}
}
