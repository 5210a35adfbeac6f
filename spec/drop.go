package spec

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// drop takes a field out. It is nil where a comment stands at the field, which
// would be lost or come to stand at another, or where more than the field
// would have to move.
func (s site) drop(p pair) []byte {
	start, ok := s.text.start(p.key)
	_, end, spanned := s.text.span(p.value)
	if !ok || !spanned {
		return nil
	}
	if s.node.Style&yaml.FlowStyle != 0 {
		return s.dropFlow(start, end)
	}
	return s.dropLine(start, end)
}

// dropLine takes out a line that holds the field and nothing else.
func (s site) dropLine(start, end int) []byte {
	text := s.text.text
	from := s.text.lineStart(start)
	stop, after := s.text.lineEnd(start)
	alone := strings.Trim(string(text[from:start]), " ") == "" && end <= stop && strings.Trim(string(text[end:stop]), " \t") == ""
	if !alone || s.commentAbove(from) {
		return nil
	}
	return slices.Concat(text[:from], text[after:])
}

// commentAbove reports whether the line above is a comment.
func (s site) commentAbove(from int) bool {
	if from == 0 {
		return false
	}
	above := from - 1
	if above > 0 && s.text.text[above] == '\n' && s.text.text[above-1] == '\r' {
		above--
	}
	line := string(s.text.text[s.text.lineStart(above):above])
	return strings.HasPrefix(strings.TrimLeft(line, " \t"), "#")
}

// dropFlow takes a field out of braces, with the comma in front of it, or, for
// the first, behind it.
func (s site) dropFlow(start, end int) []byte {
	text := s.text.text
	comma := start
	for comma > 0 && (text[comma-1] == ' ' || text[comma-1] == '\t') {
		comma--
	}
	if comma > 0 && text[comma-1] == ',' {
		return s.text.replace(comma-1, end, "")
	}
	next := s.text.skip(end, " \t")
	if next == len(text) || text[next] != ',' {
		return nil
	}
	return s.text.replace(start, s.text.skip(next+1, " \t"), "")
}

// collapse makes the short form of a domain that has nothing left but its name.
func (s site) collapse(p pair) []byte {
	name, ok := fieldOf(s.node, "name")
	if !ok || s.shape != domainShape || s.node.Style&yaml.FlowStyle == 0 || len(s.node.Content) != 4 {
		return nil
	}
	start, known := s.text.start(s.node)
	from, to, named := s.text.span(name.value)
	_, end, spanned := s.text.span(p.value)
	if !known || !named || !spanned || s.text.text[start] != '{' {
		return nil
	}
	stop := s.text.skip(max(to, end), " \t,")
	if stop == len(s.text.text) || s.text.text[stop] != '}' || strings.ContainsAny(string(s.text.text[start:stop]), "\r\n#") {
		return nil
	}
	return s.text.replace(start, stop+1, string(s.text.text[from:to]))
}
