package spec_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/acmsync/acmsync/spec"
)

// TestSchemaGolden shows a changed format in the diff of one file.
func TestSchemaGolden(t *testing.T) {
	t.Parallel()
	golden(t, "testdata/schema.golden.json", spec.Schema())
}

// compiled is the published schema, itself checked against its dialect.
func compiled(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(spec.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource(spec.SchemaURL, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(spec.SchemaURL)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// accepts reports whether the schema accepts a document as an editor sees it:
// YAML read as JSON. comparable is false for what JSON cannot say (.nan).
func accepts(t testing.TB, schema *jsonschema.Schema, text []byte) (ok, comparable bool) {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return false, false
	}
	timeless(&document)
	var value any
	if err := document.Decode(&value); err != nil {
		return false, false
	}
	asJSON, err := json.Marshal(value)
	if err != nil {
		return false, false
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(instance) == nil, true
}

// timeless has dates be text, as they are to editors: the core schema of YAML
// 1.2 (section 10.3.2) knows no other.
func timeless(n *yaml.Node) {
	if n.Tag == "!!timestamp" {
		n.Tag = "!!str"
	}
	for _, child := range n.Content {
		timeless(child)
	}
}

// TestSchemaAcceptsWhatTheParserAccepts also keeps the example right in
// people's editors.
func TestSchemaAcceptsWhatTheParserAccepts(t *testing.T) {
	t.Parallel()
	schema := compiled(t)
	for _, path := range append(corpus(t, "valid_*"), "../examples/apps.yaml") {
		if ok, _ := accepts(t, schema, readFile(t, path)); !ok {
			t.Errorf("the schema refuses %s", path)
		}
	}
}

const wholeFile = `
apiVersion: acmsync/v1
defaults: {acm: true, plan: hobby, runtime: common, web: 1, trustedIPs: false, refresh: "1", rekey: "1", challenge: http-01, grouping: domain}
apps:
  - name: shop
    acm: true
    plan: hobby
    runtime: private
    web: 1
    trustedIPs: true
    refresh: "1"
    rekey: "1"
    challenge: http-01
    grouping: domain
    domains:
      - www.shop.example
      - {name: a.shop.example, acm: true, challenge: http-01, target: x.example, refresh: "1", rekey: "1"}
  - {name: blog, domains: []}
`

const singleFile = `
apiVersion: acmsync/v1
name: shop
acm: true
domains: [www.shop.example, {name: a.shop.example}]
`

// TestSchemaAgreesWithTheParser puts every structural fault there can be at
// every place of a file (a value of another type, a field missing, a field too
// many, a value outside a closed list) and wants both to say the same.
func TestSchemaAgreesWithTheParser(t *testing.T) {
	t.Parallel()
	schema := compiled(t)
	for name, base := range map[string]string{"file": wholeFile, "single": singleFile} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var root any
			if err := yaml.Unmarshal([]byte(base), &root); err != nil {
				t.Fatal(err)
			}
			verdicts := map[bool]int{}
			mutate("", root, func(what string, mutant any) {
				text, err := yaml.Marshal(mutant)
				if err != nil {
					t.Fatal(err)
				}
				errs := parseOne(t, "apps/x.yaml", text).Errors
				ok, _ := accepts(t, schema, text)
				if ok != (len(errs) == 0) {
					t.Errorf("%s: the schema accepts: %v, the parser says %v", what, ok, errs)
				}
				verdicts[ok]++
			})
			if verdicts[true] < 10 || verdicts[false] < 100 {
				t.Errorf("too few cases: %v", verdicts)
			}
		})
	}
}

// mutate calls use with the tree as it is and with every variant of it that
// differs in one place.
func mutate(path string, node any, use func(what string, mutant any)) {
	use(path+" unchanged", node)
	for _, other := range []any{
		nil, true, 3, -1, 1.5, 2_000_000, "text", "", "true", "common", "dns-01", "app", "ACM", "a_b", strings.Repeat("x", 300),
		[]any{},
		[]any{"text"},
		[]any{nil},
		map[string]any{},
		map[string]any{"name": "text"},
		map[string]any{"zzz": 1},
	} {
		use(fmt.Sprintf("%s = %v", path, other), other)
	}
	switch node := node.(type) {
	case map[string]any:
		mutateMap(path, node, use)
	case []any:
		for i, entry := range node {
			mutate(fmt.Sprintf("%s[%d]", path, i), entry, func(what string, mutant any) {
				changed := slices.Clone(node)
				changed[i] = mutant
				use(what, changed)
			})
		}
	}
}

func mutateMap(path string, node map[string]any, use func(what string, mutant any)) {
	for _, extra := range []string{"zzz", "certificate", "apps", "name", "Domains"} {
		if _, ok := node[extra]; !ok {
			changed := maps.Clone(node)
			changed[extra] = "x"
			use(path+" with "+extra, changed)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(node)) {
		without := maps.Clone(node)
		delete(without, key)
		use(path+" without "+key, without)
		mutate(path+"."+key, node[key], func(what string, mutant any) {
			changed := maps.Clone(node)
			changed[key] = mutant
			use(what, changed)
		})
	}
}
