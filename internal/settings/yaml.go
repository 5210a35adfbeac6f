package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// parse walks the nodes of the file instead of decoding it: yaml.v3 would
// take a quoted "yes" for true, drop a second document and lose the place of
// every error but its own.
func (l *loader) parse(content []byte) {
	top := place{file: l.src.Path, line: 1, column: 1}
	switch {
	case bytes.HasPrefix(content, []byte("\ufeff")):
		l.fail(top, "", "the file starts with a byte order mark; save it as UTF-8 without one")
		return
	case !utf8.Valid(content):
		l.fail(top, "", "the file is not UTF-8: save it as UTF-8")
		return
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var doc, second yaml.Node
	err := decoder.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return
	}
	if err == nil {
		if more := decoder.Decode(&second); more == nil {
			l.fail(at(l.src.Path, &second), "", "one document only: remove the second, after ---")
			return
		} else if !errors.Is(more, io.EOF) {
			err = more
		}
	}
	if err != nil {
		l.fail(syntax(l.src.Path, err))
		return
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return
	}
	l.root(root)
}

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): `)

// advice says in our words what yaml.v3 means, where its own need knowledge of
// its insides.
var advice = map[string]string{
	"found unexpected end of stream":                  "a quote that opens in this line, or after it, is never closed",
	"found character that cannot start any token":     "a tab, or a character that no value may begin with: indent with spaces, put the value in quotes",
	"found a tab character that violates indentation": "indent with spaces, not tabs",
	"mapping values are not allowed in this context":  `a ": " where none fits: look at the indentation, or put the value in quotes`,
	"did not find expected key":                       "no field name where one must be: look at the indentation",
	"did not find expected '-' indicator":             `no "- " where a list goes on: look at the indentation`,
	"did not find expected ',' or ']'":                `a list that opens with "[" goes on without a comma, or never closes with "]"`,
	"did not find expected ',' or '}'":                `what opens with "{" goes on without a comma, or never closes with "}"`,
	"did not find expected node content":              `no value where one must be: look for a "[", a "{" or a comma too many`,
	"could not find expected ':'":                     `no ": " where one must be`,
	"found unknown escape character":                  "a backslash in double quotes that means nothing: use single quotes",
}

// syntax turns yaml.v3's error, which knows a line at most, into ours.
func syntax(file string, err error) (place, string, string) {
	p := place{file: file, line: 1, column: 1}
	message := err.Error()
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		p.line, _ = strconv.Atoi(m[1])
		message = message[len(m[0]):]
	}
	message = strings.TrimPrefix(message, "yaml: ")
	if plain := advice[message]; plain != "" {
		message = plain
	}
	return p, "", "not valid YAML: " + message
}

func (l *loader) root(n *yaml.Node) {
	table := l.out.fields()
	table = append(table, field{key: "deploy", set: l.deploys, nested: true}, field{key: "acme.fallback", set: l.fallbacks, nested: true})
	l.group(n, "", "", table)
}

// group reads a mapping. Its keys, with inner before them, are looked up in
// the table; outer only names them in messages.
func (l *loader) group(n *yaml.Node, outer, inner string, table []field) {
	if n.Kind != yaml.MappingNode {
		if !l.lexical(n, outer+inner) {
			l.fail(at(l.src.Path, n), strings.TrimSuffix(outer+inner, "."), "must be a group of fields, not "+kindOf(n))
		}
		return
	}
	if l.lexical(n, outer+inner) {
		return
	}
	written := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, val := n.Content[i], n.Content[i+1]
		if l.lexical(name, outer+inner) {
			continue
		}
		if line, twice := written[name.Value]; twice {
			l.fail(at(l.src.Path, name), outer+inner+name.Value, fmt.Sprintf("is already written on line %d: keep one of the two", line))
			continue
		}
		written[name.Value] = name.Line
		l.entry(name, val, outer, inner, table)
	}
}

// entry reads one key of a group: a setting, a group of its own, or neither.
func (l *loader) entry(name, val *yaml.Node, outer, inner string, table []field) {
	key := inner + name.Value
	for _, f := range table {
		switch {
		case f.key == key:
			if !l.lexical(val, outer+key) {
				l.set(f, outer, value{place: at(l.src.Path, val), node: val, base: l.base()})
			}
			return
		case strings.HasPrefix(f.key, key+"."):
			l.seen[outer+key] = at(l.src.Path, name)
			if val.Tag != "!!null" {
				l.group(val, outer, key+".", table)
			}
			return
		}
	}
	l.fail(at(l.src.Path, name), outer+key, noSuch(suggest(name.Value, inner, table)))
}

// noSuch is about a setting that there is not; near may be meant.
func noSuch(near string) string {
	if near == "" {
		return "no such setting; docs/settings.md lists them all"
	}
	return "no such setting" + didYouMean(near)
}

// suggest looks among the neighbours first, then for the same name elsewhere.
func suggest(name, inner string, table []field) string {
	var siblings []string
	elsewhere := ""
	for _, f := range table {
		if rest, ok := strings.CutPrefix(f.key, inner); ok {
			word, _, _ := strings.Cut(rest, ".")
			siblings = append(siblings, word)
		}
		if strings.HasSuffix(f.key, "."+name) && (elsewhere == "" || len(f.key) < len(elsewhere)) {
			elsewhere = f.key
		}
	}
	if near := nearest(name, siblings); near != "" {
		return inner + near
	}
	return elsewhere
}

// lexical refuses the parts of YAML that make one file mean two things, in a
// node and everything below it. It reports whether there were any.
func (l *loader) lexical(n *yaml.Node, key string) bool {
	bad := ""
	switch {
	case n.Kind == yaml.AliasNode:
		bad = "aliases (*name) are not allowed; write the value out"
	case n.Anchor != "":
		bad = "anchors (&name) are not allowed; write the value out"
	case n.Tag == "!!merge":
		bad = "merges (<<) are not allowed; write the fields out"
	case n.Style&yaml.TaggedStyle != 0:
		bad = "tags (" + n.Tag + ") are not allowed; remove it"
	}
	if bad != "" {
		l.fail(at(l.src.Path, n), strings.TrimSuffix(key, "."), bad)
		return true
	}
	found := false
	if n.Kind == yaml.SequenceNode {
		for _, c := range n.Content {
			found = l.lexical(c, key) || found
		}
	}
	return found
}

// deploys reads the list of targets; each has a table of its own.
func (l *loader) deploys(v value) error {
	items, err := v.items()
	if err != nil {
		return err
	}
	l.out.Deploy = make([]Deploy, len(items))
	for i, item := range items {
		d := &l.out.Deploy[i]
		d.HookTimeout = 30 * time.Second
		key := fmt.Sprintf("deploy[%d]", i)
		l.seen[key] = item.place
		l.group(item.node, key+".", "", d.fields())
	}
	return nil
}
