package spec_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/acmsync/acmsync/spec"
)

const header = "apiVersion: acmsync/v1\n"

// one is a file of one app with domains, wrapped.
func one(app string, domains ...string) string {
	return header + "apps:\n  - name: " + app + "\n    domains: [" + strings.Join(domains, ", ") + "]\n"
}

// parse reads files given as path, text, path, text, …
func parse(t testing.TB, pathsAndTexts ...string) []spec.Parsed {
	t.Helper()
	var files []spec.File
	for i := 0; i < len(pathsAndTexts); i += 2 {
		files = append(files, spec.File{Path: pathsAndTexts[i], Bytes: []byte(pathsAndTexts[i+1])})
	}
	return spec.Parse(files, spec.Options{})
}

// messages are all errors of all files as one text.
func messages(parsed []spec.Parsed) []string {
	var out []string
	for _, p := range parsed {
		for _, err := range p.Errors {
			out = append(out, err.Error())
		}
	}
	return out
}

func TestParseAcrossFiles(t *testing.T) {
	t.Parallel()
	shop, blog := one("shop", "www.shop.example"), one("blog", "blog.example")
	for _, test := range []struct {
		name  string
		files []string
		want  []string // errors; nil: none
	}{
		{"two apps in two files", []string{"apps/shop.yaml", shop, "apps/blog.yaml", blog}, nil},
		{"one app in two files", []string{"apps/a.yaml", shop, "apps/b.yaml", shop}, []string{
			`apps/a.yaml:3:11: app "shop" is also in apps/b.yaml:3: keep one of them`,
			`apps/b.yaml:3:11: app "shop" is also in apps/a.yaml:3: keep one of them`,
		}},
		{"one app in three files", []string{"apps/c.yaml", shop, "apps/a.yaml", shop, "apps/b.yaml", shop}, []string{
			`apps/a.yaml:3:11: app "shop" is also in apps/b.yaml:3: keep one of them`,
			`apps/b.yaml:3:11: app "shop" is also in apps/a.yaml:3: keep one of them`,
			`apps/c.yaml:3:11: app "shop" is also in apps/a.yaml:3: keep one of them`,
		}},
		{"an app wrapped and unwrapped", []string{"apps/a.yaml", shop, "apps/b.yaml", header + "name: shop\ndomains: []\n"}, []string{
			`apps/a.yaml:3:11: app "shop" is also in apps/b.yaml:2: keep one of them`,
			`apps/b.yaml:2:7: app "shop" is also in apps/a.yaml:3: keep one of them`,
		}},
		{"a namesake in a file that is refused anyway", []string{"apps/a.yaml", shop, "apps/b.yaml", shop + "zzzzz: 1\n"}, []string{
			`apps/a.yaml:3:11: app "shop" is also in apps/b.yaml:3: keep one of them`,
			`apps/b.yaml:3:11: app "shop" is also in apps/a.yaml:3: keep one of them`,
			`apps/b.yaml:5:1: unknown field "zzzzz" in a file of apps, which has apiVersion, defaults, apps`,
		}},
		{"both layouts", []string{"apps.yaml", shop, "apps/blog.yaml", blog}, []string{
			`apps.yaml:1:1: apps.yaml stands beside files in apps/: keep one of the two`,
			`apps/blog.yaml:1:1: this file stands beside apps.yaml: keep one of apps.yaml and apps/*.yaml`,
		}},
		{"one bad file", []string{"apps/a.yaml", "{", "apps/shop.yaml", shop}, []string{
			`apps/a.yaml:1:1: not valid YAML: no value where one must be: look for a "[", a "{" or a comma too many`,
		}},
		{"one domain in two files is a claim, not a fault", []string{"apps/a.yaml", one("a", "x.example"), "apps/b.yaml", one("b", "x.example")}, nil},
		{"an unwrapped app in apps.yaml", []string{"apps.yaml", header + "name: shop\ndomains: []\n"}, []string{
			`apps.yaml:1:1: apps is missing: list the apps, or write "apps: []" for none`,
			`apps.yaml:2:1: unknown field "name" in a file of apps: it belongs in an app`,
			`apps.yaml:3:1: unknown field "domains" in a file of apps: it belongs in an app`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			parsed := parse(t, test.files...)
			if diff := cmp.Diff(test.want, messages(parsed)); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			for _, p := range parsed {
				if (len(p.Apps) == 0) != (len(p.Errors) > 0) {
					t.Errorf("%s: %d apps beside %d errors", p.Path, len(p.Apps), len(p.Errors))
				}
			}
		})
	}
}

func TestParseNeedsNoOrder(t *testing.T) {
	t.Parallel()
	files := []spec.File{
		{Path: "apps/a.yaml", Bytes: []byte(one("shop", "a.example"))},
		{Path: "apps/b.yaml", Bytes: []byte(one("shop", "b.example"))},
		{Path: "apps/b.yaml", Bytes: []byte(one("blog", "b.example"))},
		{Path: "apps/c.yaml", Bytes: []byte(one("docs", "127.1", "com"))},
		{Path: "apps/d.yaml", Bytes: []byte(one("promo", "d.example"))},
	}
	want := spec.Parse(files, spec.Options{})
	slices.Reverse(files)
	before := slices.Clone(files)
	if diff := cmp.Diff(want, spec.Parse(files, spec.Options{})); diff != "" {
		t.Errorf("reversed input (-forward +reversed):\n%s", diff)
	}
	if diff := cmp.Diff(before, files); diff != "" {
		t.Errorf("Parse reordered the caller's files:\n%s", diff)
	}
	if !slices.IsSortedFunc(want, func(x, y spec.Parsed) int { return strings.Compare(x.Path, y.Path) }) {
		t.Error("the result is not sorted by path")
	}
}

func TestParseSize(t *testing.T) {
	t.Parallel()
	text := one("shop", "www.shop.example")
	const limit = 1 << 20
	full := text + "#" + strings.Repeat("x", limit-len(text)-1)
	if got := messages(parse(t, "apps.yaml", full)); got != nil {
		t.Errorf("1 MiB: %v", got)
	}
	want := []string{"apps.yaml:1:1: the file is larger than 1048576 bytes, and no more are read: split it into apps/*.yaml"}
	if diff := cmp.Diff(want, messages(parse(t, "apps.yaml", full+"x"))); diff != "" {
		t.Errorf("1 MiB and a byte (-want +got):\n%s", diff)
	}
	small := spec.Parse([]spec.File{{Path: "apps.yaml", Bytes: []byte(text)}}, spec.Options{MaxBytes: 10})
	if got := messages(small); len(got) != 1 {
		t.Errorf("a limit of 10 bytes: %v", got)
	}
}

// TestParseLarge feeds what costs others quadratic or exponential effort.
func TestParseLarge(t *testing.T) {
	t.Parallel()
	const n = 50_000
	numbered := func(format string) string {
		var out strings.Builder
		for i := range n {
			fmt.Fprintf(&out, format, i)
		}
		return out.String()
	}
	for _, test := range []struct{ name, text, want string }{
		{"domains", header + "apps: [{name: shop, domains: [" + numbered("d%d.aq,") + "]}]\n", ""},
		{"keys", header + "apps: []\n" + numbered("key%d: 1\n"), `unknown field "key0"`},
		{"the same key", header + "apps: []\n" + strings.Repeat("a: 1\n", n), `"a" stands here twice`},
		{"the same domain", header + "apps: [{name: shop, domains: [" + strings.Repeat("d.example,", n) + "]}]\n", "stands twice"},
		{"directives", numbered("%%TAG !%d! x\n") + "--- a\n", "directives"},
		{"nesting", strings.Repeat("[", n), "not valid YAML"},
		{"block nesting", strings.Repeat("- ", n), "not valid YAML"},
		{"closed nesting", "a: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000), "nested more than"},
		{"aliases", "a: &a [x]\n" + strings.Repeat("b: [*a,*a,*a,*a]\n", n), "aliases are not allowed"},
		{"billion laughs", "a: &a [x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n", "aliases are not allowed"},
		{"an alias of itself", "a: &a [*a]\n", "aliases are not allowed"},
		{"a name", one("shop", strings.Repeat("ü", 4*n)), "longer than the 253 bytes"},
		{"an unknown field", header + strings.Repeat("x", 1000) + ": 1\n", "unknown field"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(messages(parse(t, "apps.yaml", test.text)), "\n")
			if test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("want %q, got %.2000s", test.want, got)
			}
			for line := range strings.Lines(got) {
				if len(line) > 500 {
					t.Fatalf("an error of %d bytes: %.200s…", len(line), line)
				}
			}
		})
	}
}

func TestErrorsAreBounded(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 600 {
		fmt.Fprintf(&text, "field%d: 1\n", i)
	}
	errs := parse(t, "apps.yaml", header+"apps: []\n"+text.String())[0].Errors
	if len(errs) != 501 {
		t.Fatalf("%d errors listed", len(errs))
	}
	want := spec.Error{File: "apps.yaml", Line: 503, Column: 1, Message: "and 100 more errors from here on"}
	if diff := cmp.Diff(want, errs[500]); diff != "" {
		t.Errorf("the last (-want +got):\n%s", diff)
	}
}

func TestErrorsAreInOrder(t *testing.T) {
	t.Parallel()
	errs := parseOne(t, "apps/x.yaml", readFile(t, "testdata/busted_many.yaml")).Errors
	if len(errs) < 5 {
		t.Fatalf("only %d errors", len(errs))
	}
	for i, err := range errs[1:] {
		before := errs[i]
		if before.Line > err.Line || before.Line == err.Line && before.Column > err.Column {
			t.Errorf("%v stands before %v", before, err)
		}
	}
}

func TestDefaultsFillOnlyWhatIsAbsent(t *testing.T) {
	t.Parallel()
	text := header + `defaults: {acm: true, plan: hobby, runtime: private, web: 3, trustedIPs: true, refresh: 1, rekey: 2, challenge: http-01}
apps:
  - {name: plain, domains: []}
  - {name: own, acm: false, plan: pro, runtime: common, web: 0, trustedIPs: false, refresh: 8, rekey: 9, domains: []}
`
	on, off, three, zero := true, false, 3, 0
	want := []spec.App{
		{Name: "plain", ACM: &on, Plan: "hobby", Runtime: spec.Private, Web: &three, TrustedIPs: true, Refresh: "1", Rekey: "2", Challenge: "http-01"},
		{Name: "own", ACM: &off, Plan: "pro", Runtime: spec.Common, Web: &zero, Refresh: "8", Rekey: "9", Challenge: "http-01"},
	}
	got := parseOne(t, "apps.yaml", []byte(text))
	if diff := cmp.Diff(want, got.Apps, cmpopts.IgnoreFields(spec.App{}, "File", "Line", "Domains")); diff != "" {
		t.Errorf("(-want +got):\n%s\n%v", diff, got.Errors)
	}
}

func TestIsDesired(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"apps.yaml": true, "apps/shop.yaml": true, "apps/apps.yaml": true, "apps/a b.yaml": true,
		"apps.yml": false, "apps/shop.yml": false, "apps/team/shop.yaml": false, "apps/.yaml": false, "apps/.shop.yaml": false,
		"apps/": false, "apps": false, "/apps.yaml": false, "./apps.yaml": false, "x/apps.yaml": false, "x/apps/shop.yaml": false,
		"apps/README.md": false, "status/apps/shop.yaml": false, "Apps.yaml": false, "": false,
	} {
		if got := spec.IsDesired(path); got != want {
			t.Errorf("IsDesired(%q) = %v", path, got)
		}
	}
}

// TestExample holds the example to what its comments and the demo promise.
func TestExample(t *testing.T) {
	t.Parallel()
	text := readFile(t, "../examples/apps.yaml")
	got := parseOne(t, "apps.yaml", text)
	if len(got.Errors) > 0 {
		t.Fatal(got.Errors)
	}
	want := map[string][]string{
		"shop":  {"www.shop.example", "shop.example", "*.shop.example"},
		"blog":  {"blog.example", "old.blog.example", "nowhere.blog.example"},
		"docs":  {"docs.example", "caa.docs.example"},
		"promo": {"www.promo.example", "go.promo.example"},
	}
	names := map[string][]string{}
	for _, app := range got.Apps {
		for _, d := range app.Domains {
			names[app.Name] = append(names[app.Name], d.Name)
		}
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.Contains(string(text), "$schema="+spec.SchemaURL) {
		t.Error("the example does not name the published schema")
	}
}
