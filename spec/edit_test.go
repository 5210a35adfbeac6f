package spec_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/spec"
)

// edits are entries of a list of domains, before and after a change.
var edits = []struct {
	name          string
	domain, field string
	value         string
	before, after string
}{
	{"short form", "www.shop.example", "acm", "false", "- www.shop.example", "- {name: www.shop.example, acm: false}"},
	{"short form, quoted", "*.shop.example", "acm", "false", `- "*.shop.example"`, `- {name: "*.shop.example", acm: false}`},
	{"short form, single quotes", "www.shop.example", "refresh", "2", "- 'www.shop.example'", `- {name: 'www.shop.example', refresh: "2"}`},
	{"another spelling", "WWW.Shop.example.", "acm", "false", "- www.SHOP.example.", "- {name: www.SHOP.example., acm: false}"},
	{"an IDN by its A-label", "xn--bcher-kva.example", "acm", "false", "- Bücher.example  # Bücher", "- {name: Bücher.example, acm: false} # Bücher"},
	{"an IDN by its U-label", "bücher.example", "rekey", "a", "- xn--bcher-kva.example", `- {name: xn--bcher-kva.example, rekey: "a"}`},
	{"comment in its column", "a.example", "acm", "false", "- a.example                                # the main one", "- {name: a.example, acm: false}            # the main one"},
	{"back to the short form", "a.example", "acm", "true", "- {name: a.example, acm: false}            # the main one", "- a.example                                # the main one"},
	{"braces", "a.example", "acm", "false", "- {name: a.example, target: x.example}", "- {name: a.example, acm: false, target: x.example}"},
	{"braces with room", "a.example", "acm", "false", "- { name: a.example }   # c", "- { name: a.example, acm: false } # c"},
	{"out of braces", "a.example", "acm", "true", "- {name: a.example, acm: false, target: x.example}", "- {name: a.example, target: x.example}"},
	{"out of braces in front", "a.example", "acm", "true", "- {acm: false, name: a.example, target: x.example}", "- {name: a.example, target: x.example}"},
	{"after its place in the table", "a.example", "refresh", "2", "- {name: a.example, target: x.example, rekey: b}", `- {name: a.example, target: x.example, refresh: "2", rekey: b}`},
	{"double quotes", "a.example", "refresh", `a "b" \`, `- {name: a.example, refresh: "1"}`, `- {name: a.example, refresh: "a \"b\" \\"}`},
	{"single quotes", "a.example", "refresh", "it's", `- {name: a.example, refresh: '1'}`, `- {name: a.example, refresh: 'it''s'}`},
	{"a plain number", "a.example", "refresh", "1.10", "- {name: a.example, refresh: 1}", `- {name: a.example, refresh: "1.10"}`},
	{"JSON", "a.example", "acm", "false", `- {"name":"a.example"}`, `- {"name":"a.example", acm: false}`},
	{"a comment keeps the field", "a.example", "acm", "true", "- name: a.example\n        acm: false   # until we moved", "- name: a.example\n        acm: true    # until we moved"},
	{"a comment above, too", "a.example", "acm", "true", "- name: a.example\n        # until we moved\n        acm: false", "- name: a.example\n        # until we moved\n        acm: true"},
	{"first of a block", "a.example", "acm", "true", "- acm: false\n        name: a.example", "- acm: true\n        name: a.example"},
	{"a line goes", "a.example", "acm", "true", "- name: a.example\n        acm: false\n        rekey: a", "- name: a.example\n        rekey: a"},
	{"a line comes", "a.example", "acm", "false", "- name: a.example # main\n        rekey: a", "- name: a.example # main\n        acm: false\n        rekey: a"},
	{"a name on two lines", "a.example", "acm", "false", "- name:\n          a.example\n        rekey: a", "- name:\n          a.example\n        acm: false\n        rekey: a"},
	{"a comment across lines", "a.example", "acm", "true", "- {name: a.example, acm: FALSE, target: x.example, # y\n         rekey: b}", "- {name: a.example, target: x.example, # y\n         rekey: b}"},
}

func TestEditDomains(t *testing.T) {
	t.Parallel()
	for _, test := range edits {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := func(lines string) string {
				return header + "apps:\n  - name: shop\n    domains:\n      - before.example\n      " + lines + "\n      - b.example\n"
			}
			got := edit(t, "apps.yaml", file(test.before), spec.Change{App: "shop", Domain: test.domain, Field: test.field, Value: test.value})
			if diff := cmp.Diff(file(test.after), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// files are whole files, for what depends on more than a line.
var files = []struct {
	name, path    string
	change        spec.Change
	before, after string
}{
	{
		"an app", "apps.yaml",
		spec.Change{App: "shop", Field: "acm", Value: "false"},
		header + "apps:\n- name: shop   # ours\n  # everything\n  domains: [a.example]\n",
		header + "apps:\n- name: shop   # ours\n  acm: false\n  # everything\n  domains: [a.example]\n",
	},
	{
		"CRLF", "apps.yaml",
		spec.Change{App: "shop", Field: "refresh", Value: "2"},
		strings.ReplaceAll(header+"apps:\n  - name: shop\n    plan: x\n    domains: [a.example]\n", "\n", "\r\n"),
		strings.ReplaceAll(header+"apps:\n  - name: shop\n    plan: x\n    refresh: \"2\"\n    domains: [a.example]\n", "\n", "\r\n"),
	},
	{
		"no final newline", "apps.yaml",
		spec.Change{App: "shop", Field: "acm", Value: "false"},
		header + "apps:\n  - domains: [a.example]\n    name: shop",
		header + "apps:\n  - domains: [a.example]\n    name: shop\n    acm: false",
	},
	{
		"one app unwrapped", "apps/shop.yaml",
		spec.Change{App: "shop", Field: "rekey", Value: "2"},
		header + "name: shop\nacm: true # on\ndomains:\n- a.example\n",
		header + "name: shop\nacm: true # on\nrekey: \"2\"\ndomains:\n- a.example\n",
	},
	{
		"one app in braces", "apps/shop.yaml",
		spec.Change{App: "shop", Domain: "b.example", Field: "acm", Value: "false"},
		"{apiVersion: acmsync/v1, name: shop, domains: [a.example, b.example]}\n",
		"{apiVersion: acmsync/v1, name: shop, domains: [a.example, {name: b.example, acm: false}]}\n",
	},
	{
		"JSON", "apps.yaml",
		spec.Change{App: "shop", Domain: "a.example", Field: "acm", Value: "false"},
		"{\"apiVersion\": \"acmsync/v1\", \"apps\": [{\"name\": \"shop\", \"domains\": [\"a.example\"]}]}\n",
		"{\"apiVersion\": \"acmsync/v1\", \"apps\": [{\"name\": \"shop\", \"domains\": [{\"name\": \"a.example\", \"acm\": false}]}]}\n",
	},
	{
		"a pair without braces", "apps.yaml",
		spec.Change{App: "shop", Domain: "a.example", Field: "acm", Value: "false"},
		header + "apps:\n  - name: shop\n    domains: [name: a.example, b.example]\n",
		header + "apps:\n  - name: shop\n    domains: [{name: a.example, acm: false}, b.example]\n",
	},
	{
		"defaults say on, the app says off", "apps.yaml",
		spec.Change{App: "shop", Field: "acm", Value: "true"},
		header + "defaults: {acm: true, runtime: private}\napps:\n  - name: shop\n    acm: false\n    domains: [a.example]\n",
		header + "defaults: {acm: true, runtime: private}\napps:\n  - name: shop\n    domains: [a.example]\n",
	},
	{
		"defaults say off, the app says off", "apps.yaml",
		spec.Change{App: "shop", Field: "acm", Value: "true"},
		header + "defaults: {acm: false}\napps:\n  - name: shop\n    acm: false\n    domains: [a.example]\n",
		header + "defaults: {acm: false}\napps:\n  - name: shop\n    acm: true\n    domains: [a.example]\n",
	},
	{
		"a private app is off when nothing is said", "apps.yaml",
		spec.Change{App: "shop", Field: "acm", Value: "true"},
		header + "apps:\n  - name: shop\n    runtime: private\n    domains: [a.example]\n",
		header + "apps:\n  - name: shop\n    acm: true\n    runtime: private\n    domains: [a.example]\n",
	},
	{
		"a refresh of its own beside the defaults'", "apps.yaml",
		spec.Change{App: "shop", Field: "refresh", Value: "2"},
		header + "defaults: {refresh: \"1\"}\napps:\n  - {name: shop, domains: []}\n",
		header + "defaults: {refresh: \"1\"}\napps:\n  - {name: shop, refresh: \"2\", domains: []}\n",
	},
	{
		"the right one of two", "apps.yaml",
		spec.Change{App: "blog", Domain: "a.example", Field: "acm", Value: "false"},
		header + "apps:\n  - name: shop\n    domains:\n      - a.example\n  - name: blog\n    domains:\n      - a.example\n",
		header + "apps:\n  - name: shop\n    domains:\n      - a.example\n  - name: blog\n    domains:\n      - {name: a.example, acm: false}\n",
	},
	{
		"comments in a column", "apps.yaml",
		spec.Change{App: "shop", Field: "acm", Value: "true"},
		header + "defaults: {acm: false}\napps:\n  - name: shop # a\n    acm: false # b\n    plan: pro  # c\n    domains: []\n",
		header + "defaults: {acm: false}\napps:\n  - name: shop # a\n    acm: true  # b\n    plan: pro  # c\n    domains: []\n",
	},
}

func TestEditFiles(t *testing.T) {
	t.Parallel()
	for _, test := range files {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.after, edit(t, test.path, test.before, test.change)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestEditNothing: what holds already is left as it is written.
func TestEditNothing(t *testing.T) {
	t.Parallel()
	text := header + "apps:\n  - {name: shop, acm: TRUE, refresh: 1, domains: [a.example, {name: b.example, acm: false}]}\n"
	for _, c := range []spec.Change{
		{App: "shop", Field: "acm", Value: "true"},
		{App: "shop", Field: "refresh", Value: "1"},
		{App: "shop", Domain: "a.example", Field: "acm", Value: "true"},
		{App: "shop", Domain: "b.example", Field: "acm", Value: "false"},
	} {
		got, err := spec.Edit([]spec.File{{Path: "apps.yaml", Bytes: []byte(text)}}, c, spec.Options{})
		if err != nil || got.Changed || string(got.Bytes) != text {
			t.Errorf("%+v: changed %v, %v", c, got.Changed, err)
		}
	}
}

func TestEditRefuses(t *testing.T) {
	t.Parallel()
	good := header + "apps:\n  - name: shop\n    domains: [www.shop.example, b.example]\n"
	block := header + "apps:\n  - name: shop\n    domains:\n      - |-\n        a.example\n"
	broken := header + "apps:\n  - name: shop\n    acm: yes\n    domains: [a.example]\n"
	for _, test := range []struct {
		name, text string
		change     spec.Change
		want       string
	}{
		{"no such app", good, spec.Change{App: "shpo", Field: "acm", Value: "false"}, `there is no app "shpo": did you mean shop?`},
		{"no such domain", good, spec.Change{App: "shop", Domain: "ww.shop.example", Field: "acm", Value: "false"}, `app "shop" has no domain ww.shop.example: did you mean www.shop.example?`},
		{"not a name", good, spec.Change{App: "shop", Domain: "127.1", Field: "acm", Value: "false"}, `"127.1" reads as an IP address: write the domain name that points there`},
		{"not a switch", good, spec.Change{App: "shop", Field: "acm", Value: "yes"}, `acm must be true or false, not "yes"`},
		{"not a field", good, spec.Change{App: "shop", Field: "plan", Value: "x"}, `"plan" cannot be edited`},
		{"empty", good, spec.Change{App: "shop", Field: "refresh"}, "refresh is empty: give it one, or remove the line"},
		{"two lines", good, spec.Change{App: "shop", Field: "refresh", Value: "a\nb"}, `refresh holds characters that cannot be printed: "a\nb"`},
		{"a file with errors", broken, spec.Change{App: "shop", Field: "acm", Value: "false"}, `apps.yaml:4:10: acm must be true or false: write acm: true instead of "yes"`},
		{"a name as a block of text", block, spec.Change{App: "shop", Domain: "a.example", Field: "acm", Value: "false"}, "apps.yaml:5:9: acm cannot be changed in place in this layout: change it by hand"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := spec.Edit([]spec.File{{Path: "apps.yaml", Bytes: []byte(test.text)}}, test.change, spec.Options{})
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

// TestEditBesideABrokenFile: one owner's mistake does not keep another from
// editing, and an app that only the broken file holds is not just "not there".
func TestEditBesideABrokenFile(t *testing.T) {
	t.Parallel()
	all := []spec.File{
		{Path: "apps/blog.yaml", Bytes: []byte(header + "name: blog\ndomians: []\n")},
		{Path: "apps/shop.yaml", Bytes: []byte(header + "name: shop\ndomains: []\n")},
	}
	got, err := spec.Edit(all, spec.Change{App: "shop", Field: "acm", Value: "false"}, spec.Options{})
	if err != nil || got.Path != "apps/shop.yaml" {
		t.Errorf("%+v, %v", got, err)
	}
	var refused *spec.RefusedError
	_, err = spec.Edit(all, spec.Change{App: "blog", Field: "acm", Value: "false"}, spec.Options{})
	if !errors.As(err, &refused) || refused.Errors[0].File != "apps/blog.yaml" {
		t.Errorf("%v", err)
	}
}

// edit makes a change that must work.
func edit(t *testing.T, path, text string, c spec.Change) string {
	t.Helper()
	got, err := spec.Edit([]spec.File{{Path: path, Bytes: []byte(text)}}, c, spec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !got.Changed || got.Path != path {
		t.Errorf("changed %v in %s", got.Changed, got.Path)
	}
	return string(got.Bytes)
}
