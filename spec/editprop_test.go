package spec_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/acmsync/acmsync/spec"
)

// layout draws one way of many to write the same apps.
type layout struct{ t *rapid.T }

func (l layout) one(name string, of ...string) string { return rapid.SampledFrom(of).Draw(l.t, name) }

func (l layout) often(name string) bool { return rapid.Bool().Draw(l.t, name) }

func (l layout) quoted(value string) string {
	if strings.HasPrefix(value, "*") {
		return l.one("quotes", `"`+value+`"`, `'`+value+`'`)
	}
	return l.one("quotes", value, `"`+value+`"`, `'`+value+`'`)
}

func (l layout) comment() string { return l.one("comment", "", " # c", "    # acm: false, }") }

// fields draws some of the fields, each as name: value.
func (l layout) fields(first ...string) []string {
	out := slices.Clone(first)
	for _, f := range []string{"acm", "refresh", "rekey"} {
		if !l.often("has " + f) {
			continue
		}
		value := l.one("acm", "true", "false")
		if f != "acm" {
			value = l.one("value", "1", `"a # b, }"`, "'it''s'", "2026-11-23T10:00:00Z", "a b", "1.10")
		}
		out = append(out, f+": "+value)
	}
	return rapid.Permutation(out).Draw(l.t, "order")
}

func (l layout) braces(fields []string) string {
	open, comma, shut := l.one("braces", "{", "{ "), l.one("comma", ", ", " ,  ", ","), l.one("braces", "}", " }", ", }")
	if comma == "," {
		comma = ", "
	}
	return open + strings.Join(fields, comma) + shut
}

func (l layout) domain(name, indent string) string {
	switch l.one("domain", "short", "braces", "block") {
	case "short":
		return indent + "- " + l.quoted(name) + l.comment() + "\n"
	case "braces":
		return indent + "- " + l.braces(l.fields("name: "+l.quoted(name))) + l.comment() + "\n"
	}
	return l.block(l.fields("name: "+l.quoted(name)), indent)
}

// block writes fields on lines of their own, the first behind a dash.
func (l layout) block(fields []string, indent string) string {
	var out strings.Builder
	for i, f := range fields {
		lead := indent + "  "
		if i == 0 {
			lead = indent + "- "
		} else if l.often("comment above") {
			out.WriteString(indent + "  # about the next\n")
		}
		out.WriteString(lead + strings.Replace(f, ": ", l.one("space", ": ", ":   "), 1) + l.comment() + "\n")
	}
	return out.String()
}

func (l layout) app(name string, names []string) string {
	fields := l.fields("name: " + l.quoted(name))
	if l.often("domains in brackets") {
		written := make([]string, len(names))
		for i, n := range names {
			written[i] = l.quoted(n)
			if l.often("in braces") {
				written[i] = l.braces(l.fields("name: " + l.quoted(n)))
			}
		}
		fields = slices.Insert(fields, rapid.IntRange(0, len(fields)).Draw(l.t, "at"), "domains: ["+strings.Join(written, ", ")+"]")
		if l.often("app in braces") {
			return "  - " + l.braces(fields) + l.comment() + "\n"
		}
		return l.block(fields, "  ")
	}
	text := l.block(fields, "  ") + "    domains:\n"
	indent := l.one("indent", "    ", "      ")
	for _, n := range names {
		text += l.domain(n, indent)
	}
	return text
}

// file draws a whole file.
func (l layout) file() string {
	text := "# apps\n" + header + l.one("defaults", "", "defaults: {acm: false}\n", "defaults:\n  refresh: 7\n  runtime: private\n") + "apps:\n"
	for _, name := range []string{"shop", "blog"} {
		text += l.app(name, []string{"www." + name + ".example", "*." + name + ".example"}[:rapid.IntRange(1, 2).Draw(l.t, "domains")])
	}
	if l.often("CRLF") {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if l.often("no final newline") {
		text = strings.TrimRight(text, "\r\n")
	}
	return text
}

// TestEditAnyLayout: whatever a file looks like, one line of it changes, and
// nothing of its meaning but what was asked for, and no comment is lost.
func TestEditAnyLayout(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := layout{t}
		text := l.file()
		parsed := spec.Parse([]spec.File{{Path: "apps.yaml", Bytes: []byte(text)}}, spec.Options{})
		if len(parsed[0].Errors) > 0 {
			t.Fatalf("the generator wrote %v in\n%s", parsed[0].Errors, text)
		}
		app := rapid.SampledFrom(parsed[0].Apps).Draw(t, "app")
		c := spec.Change{App: app.Name, Field: l.one("field", "acm", "refresh", "rekey"), Value: "new value"}
		if l.often("of a domain") {
			c.Domain = rapid.SampledFrom(app.Domains).Draw(t, "domain").Name
		}
		if c.Field == "acm" {
			c.Value = l.one("switch", "true", "false")
		}
		got := checkEdit(t, text, parsed[0].Apps, c)
		if lines := changedLines(text, string(got.Bytes)); lines > 1 {
			t.Errorf("%+v changed %d lines of\n%s\nto\n%s", c, lines, text, got.Bytes)
		}
		if comments(text) != comments(string(got.Bytes)) {
			t.Errorf("%+v lost a comment of\n%s\nin\n%s", c, text, got.Bytes)
		}
	})
}

// comments counts those that a layout writes; a # in quotes is none.
func comments(text string) int {
	return strings.Count(text, "# c") + strings.Count(text, "# acm") + strings.Count(text, "# about")
}

// fataler is what a check needs of *testing.T and *rapid.T.
type fataler interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// checkEdit makes a change and compares apps as they were, with the change made
// to them, with apps as they are read now.
func checkEdit(t fataler, text string, apps []spec.App, c spec.Change) spec.Edited {
	t.Helper()
	got, err := spec.Edit([]spec.File{{Path: "apps.yaml", Bytes: []byte(text)}}, c, spec.Options{})
	if err != nil {
		t.Fatalf("%+v: %v in\n%s", c, err, text)
	}
	if got.Changed == (string(got.Bytes) == text) {
		t.Errorf("changed is %v", got.Changed)
	}
	checkMeaning(t, apps, got, c)
	return got
}

func checkMeaning(t fataler, apps []spec.App, got spec.Edited, c spec.Change) {
	t.Helper()
	after := spec.Parse([]spec.File{{Path: got.Path, Bytes: got.Bytes}}, spec.Options{})[0]
	if len(after.Errors) > 0 || len(after.Apps) != len(apps) {
		t.Fatalf("%+v: %v in\n%s", c, after.Errors, got.Bytes)
	}
	for i, now := range after.Apps {
		was := apps[i]
		if now.Name == c.App {
			if !fulfilled(now, c) {
				t.Errorf("%+v did not happen in\n%s", c, got.Bytes)
			}
			was, now = cleared(was, c), cleared(now, c)
		}
		if spec.Digest(was) != spec.Digest(now) {
			t.Errorf("%+v changed something else:\n%+v\n%+v", c, was, now)
		}
	}
}

func fulfilled(a spec.App, c spec.Change) bool {
	d := spec.Domain{Refresh: a.Refresh, Rekey: a.Rekey}
	if i := slices.IndexFunc(a.Domains, func(d spec.Domain) bool { return d.Name == c.Domain }); i >= 0 {
		d = a.Domains[i]
	}
	return map[string]string{"acm": fmt.Sprint(a.Managed(d)), "refresh": d.Refresh, "rekey": d.Rekey}[c.Field] == c.Value
}

// cleared is the app with the changed field taken out.
func cleared(a spec.App, c spec.Change) spec.App {
	acm, refresh, rekey := &a.ACM, &a.Refresh, &a.Rekey
	a.Domains = slices.Clone(a.Domains)
	if i := slices.IndexFunc(a.Domains, func(d spec.Domain) bool { return d.Name == c.Domain }); i >= 0 {
		acm, refresh, rekey = &a.Domains[i].ACM, &a.Domains[i].Refresh, &a.Domains[i].Rekey
	}
	switch c.Field {
	case "acm":
		*acm = nil
	case "refresh":
		*refresh = ""
	default:
		*rekey = ""
	}
	return a
}

// changedLines is how many lines of the longer text are not in the other.
func changedLines(a, b string) int {
	// Without \r: a last line that gets a line break has not changed.
	x, y := strings.Split(strings.ReplaceAll(a, "\r", ""), "\n"), strings.Split(strings.ReplaceAll(b, "\r", ""), "\n")
	for len(x) > 0 && len(y) > 0 && x[0] == y[0] {
		x, y = x[1:], y[1:]
	}
	for len(x) > 0 && len(y) > 0 && x[len(x)-1] == y[len(y)-1] {
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	return max(len(x), len(y))
}

// TestEditThereAndBack: where nothing was written of ACM, switching off and on
// leaves the file as it was.
func TestEditThereAndBack(t *testing.T) {
	t.Parallel()
	text := header + "apps:\r\n  - name: shop # ours\r\n    domains:\r\n      - a.example   # one\r\n      - {name: b.example, rekey: a} # two\r\n" +
		"      - name: c.example\r\n        target: x.example\r\n      - 'd.example'\r\n"
	for _, domain := range []string{"", "a.example", "b.example", "c.example", "d.example"} {
		c := spec.Change{App: "shop", Domain: domain, Field: "acm", Value: "false"}
		off := edit(t, "apps.yaml", text, c)
		c.Value = "true"
		if on := edit(t, "apps.yaml", off, c); on != text && domain != "a.example" {
			t.Errorf("%q became\n%s", domain, on)
		}
	}
}

// FuzzEdit edits any file that is accepted, everywhere.
func FuzzEdit(f *testing.F) {
	for _, path := range corpus(f, "valid_*") {
		f.Add(readFile(f, path), "2")
	}
	for _, test := range files {
		f.Add([]byte(test.before), "a'\"\\")
	}
	f.Fuzz(func(t *testing.T, text []byte, value string) {
		parsed := parseOne(t, "apps/x.yaml", text)
		for _, app := range parsed.Apps {
			for _, d := range append([]spec.Domain{{}}, app.Domains...) {
				for _, c := range []spec.Change{
					{Field: "acm", Value: "true"}, {Field: "acm", Value: "false"}, {Field: "refresh", Value: value}, {Field: "rekey", Value: value},
				} {
					c.App, c.Domain = app.Name, d.Name
					fuzzedEdit(t, text, parsed.Apps, c)
				}
			}
		}
	})
}

// fuzzedEdit lets go only what the package says that it cannot do.
func fuzzedEdit(t *testing.T, text []byte, apps []spec.App, c spec.Change) {
	t.Helper()
	got, err := spec.Edit([]spec.File{{Path: "apps/x.yaml", Bytes: text}}, c, spec.Options{})
	var layout *spec.LayoutError
	switch {
	case errors.As(err, &layout):
	case err != nil && c.Field != "acm": // a value that cannot be one
	case err != nil:
		t.Errorf("%+v: %v", c, err)
	default:
		checkMeaning(t, apps, got, c)
	}
}
