package spec

import (
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// candidates are texts that may be the one asked for, the best first. Each is
// read again before it is believed, so a rule here need not know every corner
// of YAML: what it gets wrong is passed over.
func (s site) candidates(c Change) [][]byte {
	own, written := fieldOf(s.node, c.Field)
	var out [][]byte
	switch {
	case s.node.Kind == yaml.ScalarNode:
		out = append(out, s.wrap(s.node, "name", c))
	case written:
		if c.Field == ACM {
			out = append(out, s.collapse(own), s.drop(own))
		}
		out = append(out, s.set(own.value, c))
	case s.node.Style&yaml.FlowStyle != 0:
		out = s.intoFlow(c)
	default:
		out = s.intoBlock(c)
	}
	return slices.DeleteFunc(out, func(text []byte) bool { return text == nil })
}

// set replaces a value, in the quotes it stands in.
func (s site) set(old *yaml.Node, c Change) []byte {
	start, end, ok := s.text.span(old)
	if !ok {
		return nil
	}
	value := c.written()
	if c.Field != ACM && old.Style&yaml.SingleQuotedStyle != 0 {
		value = "'" + strings.ReplaceAll(c.Value, "'", "''") + "'"
	}
	return s.text.replace(start, end, value)
}

// written is the value as YAML. Texts are quoted: 1.10 would be a number to
// other readers of the file.
func (c Change) written() string {
	if c.Field == ACM {
		return c.Value
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(c.Value) + `"`
}

// entry is the new field as it is written in braces.
func (s site) entry(c Change) string {
	if s.json {
		return strconv.Quote(c.Field) + ": " + c.written()
	}
	return c.Field + ": " + c.written()
}

// wrap makes a mapping of a domain's short form, or of one that stands as a
// pair without braces in a list, [name: www.shop.example].
func (s site) wrap(n *yaml.Node, key string, c Change) []byte {
	start, end, ok := s.text.span(n)
	if !ok {
		return nil
	}
	if s.json {
		key = strconv.Quote(key)
	}
	return s.text.replace(start, end, "{"+key+": "+string(s.text.text[start:end])+", "+s.entry(c)+"}")
}

// intoFlow puts the field behind one of those in braces.
func (s site) intoFlow(c Change) [][]byte {
	var out [][]byte
	for _, before := range s.anchors(c.Field) {
		if _, end, ok := s.text.span(before.value); ok {
			out = append(out, s.text.replace(end, end, ", "+s.entry(c)))
		}
	}
	// The one pair without braces: it begins where its key does.
	if name, ok := fieldOf(s.node, "name"); ok {
		start, known := s.text.start(s.node)
		_, end, spanned := s.text.span(name.value)
		if known && spanned && s.text.text[start] != '{' {
			out = append(out, s.text.replace(start, end, "{"+string(s.text.text[start:end])+", "+s.entry(c)+"}"))
		}
	}
	return out
}

// intoBlock puts the field on a line of its own behind one of the others.
func (s site) intoBlock(c Change) [][]byte {
	var out [][]byte
	line := strings.Repeat(" ", max(s.node.Column-1, 0)) + c.Field + ": " + c.written()
	for _, before := range s.anchors(c.Field) {
		_, end, ok := s.text.span(before.value)
		if !ok {
			continue
		}
		at, after := s.text.lineEnd(end)
		if at == after { // the last line, without a line break
			out = append(out, slices.Concat(s.text.text, []byte(s.text.ending()+line)))
			continue
		}
		ending := string(s.text.text[at:after])
		out = append(out, slices.Concat(s.text.text[:after], []byte(line+ending), s.text.text[after:]))
	}
	return out
}

// anchors are the fields that a new one may follow, the best first: the last of
// those that come before it in the table, then any other.
func (s site) anchors(name string) []pair {
	order := func(p pair) int {
		return slices.IndexFunc(s.shape.fields, func(f field) bool { return f.name == p.key.Value })
	}
	place := slices.IndexFunc(s.shape.fields, func(f field) bool { return f.name == name })
	var before, rest []pair
	for _, p := range pairs(s.node) {
		if at := order(p); at >= 0 && at < place {
			before = append(before, p)
		} else {
			rest = append(rest, p)
		}
	}
	slices.Reverse(before)
	return append(before, rest...)
}
