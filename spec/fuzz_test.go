package spec_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/acmsync/acmsync/spec"
)

// FuzzParse feeds any bytes as a file. Nothing may panic; errors must be fit to
// print; what is accepted must be canonical and accepted by the schema as well.
func FuzzParse(f *testing.F) {
	for _, path := range corpus(f, "*") {
		f.Add(readFile(f, path))
	}
	schema := compiled(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		parsed := parseOne(t, "apps/x.yaml", text)
		if diff := cmp.Diff(parsed, parseOne(t, "apps/x.yaml", text)); diff != "" {
			t.Fatalf("read twice, understood twice:\n%s", diff)
		}
		for _, err := range parsed.Errors {
			checkError(t, err, text)
		}
		if len(parsed.Errors) > 0 {
			return
		}
		if ok, comparable := accepts(t, schema, text); comparable && !ok {
			t.Errorf("accepted here, refused by the schema: %s", text)
		}
		for _, app := range parsed.Apps {
			checkNames(t, app)
		}
		checkConvergence(t, schema, parsed.Apps)
	})
}

// checkError wants one printable line about a place that exists.
func checkError(t *testing.T, err spec.Error, text []byte) {
	t.Helper()
	lines := strings.Count(strings.ReplaceAll(string(text), "\r", "\n"), "\n") + 1
	if err.Line < 1 || err.Line > lines+1 || err.Column < 1 {
		t.Errorf("%v is outside a file of %d lines", err, lines)
	}
	if err.Message == "" || strings.ContainsFunc(err.Message, func(c rune) bool { return !unicode.IsPrint(c) }) {
		t.Errorf("not printable: %q", err.Message)
	}
}

// checkNames wants names that canonicalise to themselves, from both spellings.
func checkNames(t *testing.T, app spec.App) {
	t.Helper()
	seen := map[string]bool{}
	for _, d := range app.Domains {
		for _, spelling := range []string{d.Name, d.Unicode, strings.ToUpper(d.Name) + "."} {
			if spelling == "" {
				continue
			}
			name, _, err := spec.CanonicalName(spelling)
			if err != nil || name != d.Name {
				t.Errorf("%q became %q, %v; want %q", spelling, name, err, d.Name)
			}
		}
		if seen[d.Name] {
			t.Errorf("%q twice", d.Name)
		}
		seen[d.Name] = true
	}
}

// checkConvergence writes what was read as a file again and wants the same
// digests back.
func checkConvergence(t *testing.T, schema *jsonschema.Schema, apps []spec.App) {
	t.Helper()
	text := []byte(rendered(apps))
	again := parseOne(t, "apps/x.yaml", text)
	if len(again.Apps) != len(apps) {
		t.Fatalf("%d apps became %d: %v\n%s", len(apps), len(again.Apps), again.Errors, text)
	}
	if ok, _ := accepts(t, schema, text); !ok {
		t.Errorf("the schema refuses %s", text)
	}
	for i, app := range apps {
		if spec.Digest(app) != spec.Digest(again.Apps[i]) {
			t.Errorf("%+v became %+v", app, again.Apps[i])
		}
	}
}

// rendered writes apps as a file, every string quoted.
func rendered(apps []spec.App) string {
	var out strings.Builder
	out.WriteString(header + "apps:\n")
	if len(apps) == 0 {
		return header + "apps: []\n"
	}
	put := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&out, ", %s: %q", name, value)
		}
	}
	flag := func(name string, value *bool) {
		if value != nil {
			fmt.Fprintf(&out, ", %s: %v", name, *value)
		}
	}
	bring := func(c *spec.Certificate) {
		if c != nil {
			fmt.Fprintf(&out, ", certificate: {chain: %q, key: %q}", c.Chain, c.Key)
		}
	}
	for _, app := range apps {
		fmt.Fprintf(&out, "  - {name: %q, trustedIPs: %v", app.Name, app.TrustedIPs)
		flag("acm", app.ACM)
		put("plan", app.Plan)
		put("runtime", app.Runtime)
		put("refresh", app.Refresh)
		put("rekey", app.Rekey)
		put("challenge", app.Challenge)
		bring(app.Certificate)
		if app.Web != nil {
			fmt.Fprintf(&out, ", web: %d", *app.Web)
		}
		out.WriteString(", domains: [")
		for _, d := range app.Domains {
			fmt.Fprintf(&out, "{name: %q", d.Name)
			flag("acm", d.ACM)
			put("challenge", d.Challenge)
			put("target", d.Target)
			put("refresh", d.Refresh)
			put("rekey", d.Rekey)
			bring(d.Certificate)
			out.WriteString("}, ")
		}
		out.WriteString("]}\n")
	}
	return out.String()
}

// FuzzCanonicalName feeds any bytes as a name.
func FuzzCanonicalName(f *testing.F) {
	for _, seed := range []string{
		"www.shop.example", "*.shop.example", "bücher.example", "XN--BCHER-KVA.example.", "ｗｗｗ。例え。jp", "127.1", "0x7f.1", "１２７.0.0.1",
		"https://a.example/b", "a.example:80", "[::1]:80", "co.uk", "xn--a.example", "אבג.example", "ab--c.example", "a\u200cb.example", "＊.a.example",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, written string) {
		name, shown, err := spec.CanonicalName(written)
		if err != nil {
			if msg := err.Error(); strings.ContainsFunc(msg, func(c rune) bool { return !unicode.IsPrint(c) }) {
				t.Errorf("not printable: %q", msg)
			}
			return
		}
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-.*") != "" || len(name) > 253 || strings.HasSuffix(name, ".") {
			t.Errorf("%q became %q", written, name)
		}
		for _, spelling := range []string{name, shown} {
			if spelling == "" {
				continue
			}
			if again, _, err := spec.CanonicalName(spelling); err != nil || again != name {
				t.Errorf("%q became %q, which became %q, %v", written, spelling, again, err)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for name, make := range map[string]func(n int) string{
		"domains": func(n int) string {
			var out strings.Builder
			for i := range n {
				fmt.Fprintf(&out, "d%d.aq,", i)
			}
			return one("shop", out.String())
		},
		"duplicate keys": func(n int) string { return header + strings.Repeat("a: 1\n", n) },
	} {
		for _, n := range []int{5_000, 50_000} {
			text := []byte(make(n))
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					parseOne(b, "apps.yaml", text)
				}
			})
		}
	}
}
