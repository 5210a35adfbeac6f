package spec_test

import (
	"fmt"
	"testing"

	"github.com/acmsync/acmsync/spec"
)

// appOf parses a file of one app.
func appOf(t *testing.T, text string) spec.App {
	t.Helper()
	parsed := parseOne(t, "apps.yaml", []byte(header+text))
	if len(parsed.Errors) > 0 || len(parsed.Apps) != 1 {
		t.Fatalf("%d apps, errors %v", len(parsed.Apps), parsed.Errors)
	}
	return parsed.Apps[0]
}

func TestDigest(t *testing.T) {
	t.Parallel()
	base := "apps: [{name: shop, plan: pro, domains: [b.example, {name: a.example, refresh: 1}]}]\n"
	same := []string{
		"# moved down\n\n" + base,
		"defaults: {plan: pro}\napps: [{name: shop, domains: [{name: A.example., refresh: '1'}, b.example]}]\n",
		"apps: [{name: shop, runtime: common, plan: pro, domains: [b.example, {name: a.example, refresh: 1}]}]\n",
	}
	different := []string{
		"apps: [{name: shop2, plan: pro, domains: [b.example, {name: a.example, refresh: 1}]}]\n",
		"apps: [{name: shop, plan: free, domains: [b.example, {name: a.example, refresh: 1}]}]\n",
		"apps: [{name: shop, acm: false, plan: pro, domains: [b.example, {name: a.example, refresh: 1}]}]\n",
		"apps: [{name: shop, web: 0, plan: pro, domains: [b.example, {name: a.example, refresh: 1}]}]\n",
		"apps: [{name: shop, plan: pro, rekey: 1, domains: [b.example, {name: a.example, refresh: 1}]}]\n",
		"apps: [{name: shop, plan: pro, domains: [b.example, {name: a.example, refresh: 2}]}]\n",
		"apps: [{name: shop, plan: pro, domains: [b.example, {name: a.example, refresh: 1, acm: false}]}]\n",
		"apps: [{name: shop, plan: pro, domains: [b.example, {name: a.example, refresh: 1, target: x.example}]}]\n",
		"apps: [{name: shop, plan: pro, domains: [b.example]}]\n",
		"apps: [{name: shop, plan: pro, domains: []}]\n",
	}
	want := spec.Digest(appOf(t, base))
	for _, text := range same {
		if got := spec.Digest(appOf(t, text)); got != want {
			t.Errorf("another digest, but the same meaning: %s", text)
		}
	}
	seen := map[string]string{want: base}
	for _, text := range different {
		digest := spec.Digest(appOf(t, text))
		if before, ok := seen[digest]; ok {
			t.Errorf("one digest for\n%sand\n%s", before, text)
		}
		seen[digest] = text
	}
}

func TestDigestLeavesTheAppAlone(t *testing.T) {
	t.Parallel()
	app := appOf(t, "apps: [{name: shop, domains: [b.example, a.example]}]\n")
	spec.Digest(app)
	if app.Domains[0].Name != "b.example" || app.Domains[0].Line != 2 {
		t.Errorf("Digest changed its argument: %+v", app.Domains)
	}
}

func TestManaged(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		runtime, app, domain string
		want                 bool
	}{
		{"common", "", "", true},
		{"private", "", "", false},
		{"private", "acm: true, ", "", true},
		{"common", "acm: false, ", "", false},
		{"common", "acm: false, ", ", acm: true", true},
		{"common", "acm: true, ", ", acm: false", false},
		{"private", "", ", acm: true", true},
	} {
		text := fmt.Sprintf("apps: [{name: shop, runtime: %s, %sdomains: [{name: a.example%s}]}]\n", test.runtime, test.app, test.domain)
		app := appOf(t, text)
		if got := app.Managed(app.Domains[0]); got != test.want {
			t.Errorf("%s: Managed = %v", text, got)
		}
	}
}

func TestWildcard(t *testing.T) {
	t.Parallel()
	app := appOf(t, "apps: [{name: shop, domains: ['*.a.example', a.example]}]\n")
	if !app.Domains[0].Wildcard() || app.Domains[1].Wildcard() {
		t.Errorf("Wildcard: %v, %v", app.Domains[0].Wildcard(), app.Domains[1].Wildcard())
	}
}
