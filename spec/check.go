package spec

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// object is a YAML mapping that was held against its shape. It holds only
// fields that are known and of the right kind; whatever was not has been
// recorded as an error.
type object struct {
	at       *yaml.Node
	values   map[string]*yaml.Node
	lists    map[string][]object
	mappings map[string]object
}

// object holds a node against a shape.
func (r *reading) object(n *yaml.Node, s *shape) object {
	o := object{n, map[string]*yaml.Node{}, map[string][]object{}, map[string]object{}}
	switch {
	case n.Kind == yaml.AliasNode: // refused by plain
		return o
	case n.Kind == yaml.ScalarNode && s.short != "":
		r.value(n, s.field(s.short), s, &o)
		return o
	case n.Kind != yaml.MappingNode && s.short != "":
		r.fail(n, "%s must be a %s, or a mapping with one", s.name, s.short)
		return o
	case n.Kind != yaml.MappingNode:
		r.fail(n, "%s must be a mapping, one \"field: value\" a line", s.name)
		return o
	}
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" || seen[key.Value] {
			continue // refused by keys
		}
		seen[key.Value] = true
		r.entry(key, value, s, &o)
	}
	for _, f := range s.fields {
		if f.required && !seen[f.name] {
			r.fail(n, "%s is missing: %s", f.name, f.hint)
		}
	}
	return o
}

// entry holds one field of a mapping against its row.
func (r *reading) entry(key, value *yaml.Node, s *shape, o *object) {
	f := s.field(key.Value)
	switch {
	case f == nil:
		r.fail(key, "unknown field %s in %s%s", quote(key.Value), s.name, suggest(key.Value, s))
	case f.unreleased:
		r.fail(key, "%s is not in this release: remove it", f.name)
	default:
		r.value(value, f, s, o)
	}
}

// value holds a value against its row and, when it fits, puts it into o.
func (r *reading) value(n *yaml.Node, f *field, s *shape, o *object) {
	switch {
	case n.Kind == yaml.AliasNode || n.Style&yaml.TaggedStyle != 0: // refused by plain
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		r.fail(n, "%s has no value: %s", f.name, f.instead())
	case f.kind == list:
		r.list(n, f, o)
	case f.kind == mapping:
		o.mappings[f.name] = r.object(n, f.of)
	case n.Kind != yaml.ScalarNode:
		r.fail(n, "%s in %s must be a single value, not a list or mapping", f.name, s.name)
	default:
		if fault := f.fault(n); fault != "" {
			r.fail(n, "%s", fault)
			return
		}
		o.values[f.name] = n
	}
}

func (r *reading) list(n *yaml.Node, f *field, o *object) {
	if n.Kind != yaml.SequenceNode {
		r.fail(n, `%s must be a list, each entry on a line that begins with "- "`, f.name)
		return
	}
	entries := make([]object, 0, len(n.Content))
	for _, entry := range n.Content {
		entries = append(entries, r.object(entry, f.of))
	}
	o.lists[f.name] = entries
}

// instead says what to do about a field without a value.
func (f *field) instead() string {
	if f.hint != "" {
		return f.hint
	}
	return "give it one, or remove the line"
}

// fault says what is wrong with a scalar, or "".
func (f *field) fault(n *yaml.Node) string {
	switch {
	case f.kind == flag:
		return f.flagFault(n)
	case f.kind == count:
		return f.countFault(n)
	case f.values != nil:
		return f.choiceFault(n)
	case f.kind == text && n.Tag != "!!str" && n.Tag != "!!timestamp":
		if f.looks != "" && endsInNumber(n.Value) {
			return addressFault(n.Value)
		}
		return f.name + " must be text: write it in quotes, " + strconv.Quote(cut(n.Value, 40))
	}
	return f.textFault(n.Value)
}

func (f *field) textFault(value string) string {
	switch {
	case value == "":
		return f.name + " is empty: " + f.instead()
	case f.match != nil && !f.match.MatchString(value):
		return f.name + " " + quote(value) + " must be " + f.plain + lowerHint(f, value)
	case f.max > 0 && utf8.RuneCountInString(value) > f.max:
		return f.name + " is longer than " + strconv.Itoa(f.max) + " characters: shorten it"
	case strings.ContainsFunc(value, func(c rune) bool { return !unicode.IsPrint(c) }) && f.looks == "":
		return f.name + " holds characters that cannot be printed: " + quote(value)
	}
	return ""
}

// lowerHint offers the lower-case spelling where that is all that was wrong.
func lowerHint(f *field, value string) string {
	fixed := strings.Trim(strings.NewReplacer("_", "-", " ", "-", ".", "-").Replace(strings.ToLower(value)), "-")
	if !f.match.MatchString(fixed) {
		return ""
	}
	return ": did you mean " + quote(fixed) + "?"
}

func (f *field) choiceFault(n *yaml.Node) string {
	switch {
	case n.Tag == "!!str" && slices.Contains(f.values, n.Value):
		return ""
	case slices.Contains(f.later, n.Value):
		return f.name + " " + n.Value + " is not in this release: write " + strings.Join(f.values, " or ") + ", or remove the line"
	}
	near := ""
	if v := nearest(n.Value, f.values); v != "" && len(f.values) > 1 {
		near = ": did you mean " + v + "?"
	}
	return f.name + " must be " + strings.Join(f.values, " or ") + ", not " + quote(n.Value) + near
}

func (f *field) flagFault(n *yaml.Node) string {
	if n.Tag == "!!bool" {
		return ""
	}
	rule := f.name + " must be true or false"
	switch strings.ToLower(n.Value) {
	case "true", "false":
		return rule + ", without quotes"
	case "yes", "on", "y":
		return rule + ": write " + f.name + ": true instead of " + quote(n.Value)
	case "no", "off", "n":
		return rule + ": write " + f.name + ": false instead of " + quote(n.Value)
	}
	return rule + ", not " + quote(n.Value)
}

// countFault takes plain decimals only: YAML reads 010 as eight.
func (f *field) countFault(n *yaml.Node) string {
	number, err := strconv.Atoi(n.Value)
	switch {
	case err == nil && n.Tag == "!!str":
		return f.name + " must be a whole number, without quotes"
	case n.Tag != "!!int" || err != nil || strconv.Itoa(number) != n.Value || number < 0:
		return f.name + " must be a whole number, 0 or more, not " + quote(n.Value)
	case number > f.max:
		return f.name + " must be at most " + strconv.Itoa(f.max)
	}
	return ""
}
